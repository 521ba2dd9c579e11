/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-request.h"

G_BEGIN_DECLS

/* What a caller may do: a bit each, because no order holds between them (an operator does not approve). */
typedef enum {
  RH_ROLE_VIEWER = 1 << 0,
  RH_ROLE_APPROVER = 1 << 1,
  RH_ROLE_OPERATOR = 1 << 2,
  RH_ROLE_DEVELOPER = 1 << 3,
  RH_ROLE_ADMIN = 1 << 4,
  RH_ROLE_ANY = (1 << 5) - 1,
} RhRoles;

/* 0 for an unknown name. */
RhRoles rh_role_from_name (const char *name);
/* The name of one role; NULL for anything else. */
const char *rh_role_name (RhRoles role);
/* Of several roles, the one that the gate is told: admin, which answers whatever anyone may answer, else the first of
 * approver, operator, developer, viewer. NULL without one. */
const char *rh_role_acting (RhRoles roles);

/* Of names between spaces; those that are unknown count for nothing. */
RhRoles rh_roles_from_names (const char *names);

#define RH_TOKEN_PREFIX "rt_"
#define RH_SESSION_PREFIX "rs_"
#define RH_TOKEN_LENGTH 46 /* the prefix and 32 bytes in base64url */

/* (transfer full): a new secret. */
char *rh_token_make (void) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full): its SHA-256 as PostgreSQL writes a bytea; all of a token that is ever kept. NULL when @token is
 * none. */
char *rh_token_hash (const char *token) G_GNUC_WARN_UNUSED_RESULT;

/* The same for the secret of a session, which no token can be. */
char *rh_session_make (void) G_GNUC_WARN_UNUSED_RESULT;
char *rh_session_hash (const char *secret) G_GNUC_WARN_UNUSED_RESULT;

/* Tells who asks: by the token in `Authorization: Bearer` or in the subprotocol `royal.token.<token>`, else by the
 * cookie of a session, else by the kernel's word about the peer of a Unix socket. */
typedef struct _RhAuth RhAuth;

/* @uid: the host's own user, whose processes are trusted as root's are. */
RhAuth *rh_auth_new (uid_t uid) G_GNUC_WARN_UNUSED_RESULT;
void rh_auth_free (RhAuth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhAuth, rh_auth_free)

/**
 * rh_auth_identify:
 *
 * Sets the request's caller and calls @then, perhaps before it returns; a caller that cannot be told is refused (401;
 * 429 after too many unknown tokens from one peer, unless the token was good lately), and so is a token of another
 * workspace than the request names (403). In a session, what changes something or opens a feed has to come from a page
 * of this host (403 `csrf`), and until a first password is changed little is allowed. No answer is cached: a revoked
 * token is refused from the next request on.
 */
void rh_auth_identify (RhAuth *self, RhRequest *request, void (*then) (RhRequest *request));

G_END_DECLS
