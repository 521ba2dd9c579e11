/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-clients.h"
#include "rh-problem.h"
#include "rh-server.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* One request, from its headers to its answer. It outlives a client that disappears: an answer then goes nowhere. Of the
 * answers below the first counts; a second is a bug. */
typedef struct _RhRequest RhRequest;
typedef struct _RhRoute RhRoute;

/**
 * RhCaller:
 * @roles: RhRoles; 0 = not authenticated
 * @name: who, for audit: `unix:0`, the token's or the user's name
 * @via: `unix:0`, `token:<uid>`, `user:<uid>`
 * @token: (nullable): the token's or the session's uid
 * @user: (nullable): of a session: the user's uid
 * @csrf: (nullable): of a session: what a request that changes something has to send as `X-CSRF-Token`
 * @me: (nullable): of a session: what its user is told of himself, JSON
 *
 * Who asks, as authenticated; never by what the request says of itself.
 */
typedef struct {
  guint roles;
  gint64 workspace;
  char *workspace_name;
  char *name;
  char *via;
  char *token;
  char *user;
  char *csrf;
  char *me;
} RhCaller;

void rh_caller_clear (RhCaller *self);

/* The context, shared by the server and the requests in hand, which may outlive it. */
RhServerContext *rh_server_context_share (const RhServerContext *context) G_GNUC_WARN_UNUSED_RESULT;
void rh_server_context_unshare (RhServerContext *context);

/* @context is a shared one; what @client holds is taken. */
RhRequest *rh_request_new (RhServerContext *context,
                           SoupServerMessage *message,
                           RhConnection *connection,
                           RhClient *client,
                           GHashTable *query) G_GNUC_WARN_UNUSED_RESULT;
RhRequest *rh_request_ref (RhRequest *self);
void rh_request_unref (RhRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhRequest, rh_request_unref)
/* (transfer none) (nullable): the request that was made for @message. */
RhRequest *rh_request_of_message (SoupServerMessage *message);

/* What the server knows of it. */
const RhServerContext *rh_request_context (RhRequest *self);
RhConnection *rh_request_connection (RhRequest *self);
const RhClient *rh_request_client (RhRequest *self);
/* (transfer none): its client's address, for logs and limits. */
const char *rh_request_peer (RhRequest *self);
/* Whose tries are counted: the peer, or of IPv6 all of its /64, which a client has for itself. */
const char *rh_request_network (RhRequest *self);
SoupServerMessage *rh_request_message (RhRequest *self);
const char *rh_request_id (RhRequest *self);
RhCaller *rh_request_caller (RhRequest *self);
/* (transfer none): the caller as the gate wants it. */
const RhActor *rh_request_actor (RhRequest *self);
gint64 rh_request_workspace (RhRequest *self);
const RhRoute *rh_request_route (RhRequest *self);
void rh_request_set_route (RhRequest *self, const RhRoute *route, GStrv parameters);
gboolean rh_request_is_answered (RhRequest *self);
/* The client is gone, or the request was answered: nothing is to be done for it any more. */
gboolean rh_request_is_over (RhRequest *self);

/* What the client sent. */
const char *rh_request_parameter (RhRequest *self);            /* the path's first parameter */
const char *rh_request_parameter_at (RhRequest *self, guint n); /* the path's n-th parameter, from 0 */
const char *rh_request_query (RhRequest *self, const char *name); /* (nullable) */
GHashTable *rh_request_query_table (RhRequest *self);          /* (nullable) */
const char *rh_request_header (RhRequest *self, const char *name); /* (nullable) */
JsonObject *rh_request_body (RhRequest *self);                 /* (nullable) */
void rh_request_set_body (RhRequest *self, JsonNode *body);    /* (transfer full) */
/* Keeps @chunk of a large body in a file; FALSE when that failed, which was answered. */
gboolean rh_request_spool (RhRequest *self, GBytes *chunk, goffset *ret_length) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full): the body, once. */
GBytes *rh_request_take_bytes (RhRequest *self) G_GNUC_WARN_UNUSED_RESULT;
/* A whole number of the query within [@least, @most]; @otherwise when absent. FALSE when it was refused. */
gboolean rh_request_number (RhRequest *self, const char *name, gint64 least, gint64 most, gint64 otherwise,
                            gint64 *ret_value);

/* `Idempotency-Key`, or the body's own @member (nullable), which is then to be the same; NULL when there is none. FALSE when it was
 * refused. */
gboolean rh_request_key (RhRequest *self, const char *member, const char **ret_key) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full) (nullable): the caller's `Idempotency-Key` for one @kind of thing, as 64 hexadecimal digits: a key is whoever's it
 * is. FALSE when it was refused. */
gboolean rh_request_own_key (RhRequest *self, const char *kind, char **ret_key) G_GNUC_WARN_UNUSED_RESULT;

/* Suspends and resumes reading and writing, whatever became of the client meanwhile. */
void rh_request_pause (RhRequest *self);
void rh_request_resume (RhRequest *self);
/* The body is being read from now on; the body was read. */
void rh_request_set_reading (RhRequest *self, gboolean reading);

/* Answers. */
void rh_request_reply (RhRequest *self, guint status, JsonNode *body); /* (transfer full) */
/* @text is (transfer full). */
void rh_request_reply_text (RhRequest *self, guint status, const char *type, char *text);
/* @bytes (nullable): NULL for an answer without a body; @cache is the `Cache-Control`. */
void rh_request_reply_bytes (RhRequest *self, guint status, const char *type, GBytes *bytes, const char *cache);
void rh_request_refuse (RhRequest *self, RhProblem problem, const char *pointer, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
/* A limit (429), with @seconds as `Retry-After`. */
void rh_request_refuse_until (RhRequest *self, const char *seconds, const char *format, ...) G_GNUC_PRINTF (3, 4);
/* Logs what a client may not see. */
void rh_request_fail (RhRequest *self, const GError *error);
void rh_request_set_header (RhRequest *self, const char *name, const char *value);

/* A page of a streamed answer: sent when it is called, then @more is called when the client has taken it; a NULL @text
 * (transfer full) ends the answer. */
typedef void (*RhRequestMore) (RhRequest *self, gpointer data);
void rh_request_stream (RhRequest *self, const char *type, RhRequestMore more, gpointer data, GDestroyNotify free_data);
void rh_request_stream_page (RhRequest *self, char *text);
/* (transfer none): what rh_request_stream() was given. */
gpointer rh_request_stream_data (RhRequest *self);

/* Runs one statement in the caller's workspace; @then is called with its rows unless it failed, which was answered. */
typedef void (*RhRequestRows) (RhRequest *self, RhRows *rows);
void rh_request_call (RhRequest *self, const RhStatement *statement, const char *const *params, RhRequestRows then);
/* Answers with @column of the one row. */
void rh_request_reply_row (RhRequest *self, guint status, RhRows *rows, const char *column);

G_END_DECLS
