/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-test.h"

#include <libsoup/soup.h>
#include <rh-server.h>
#include <rh-shopify.h>

G_BEGIN_DECLS

/* A real server over a real database, without workers: the gate and the queue answer from SQL alone, and can be told
 * to wait. */
typedef struct {
  RhServer *server;
  RhStore *store;
  RhGate *gate;
  RhSecrets *secrets;
  RhShopify *shopify; /* NULL but for web_host_new_shops() */
  guint16 port;
  char *socket;
  SoupSession *unix_session; /* a peer that is trusted by the kernel's word */
  SoupSession *tcp_session;
  char *owner; /* conninfo of the owner */
  gboolean ready;
  gboolean reload_fails;
} WebHost;

WebHost *web_host_new (void);
/* With the shops of a file (docs/schema/shopify-shops.schema.json), in the workspace `default`. */
WebHost *web_host_new_shops (const char *file);
void web_host_free (WebHost *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WebHost, web_host_free)

/* Answers of the gate wait until web_gate_release(); how many wait. */
void web_gate_hold (RhGate *gate);
void web_gate_release (RhGate *gate);
guint web_gate_waiting (RhGate *gate);

/* (transfer full): a token's secret. */
char *web_token (WebHost *self, const char *role);
/* (transfer full): the cookie of a session of a new user, and what goes with it as the CSRF token. @first: the first
 * password is yet to be changed. */
char *web_session (WebHost *self, const char *workspace, const char *role, gboolean first, char **ret_csrf);
/* (transfer full): the id of a pending proposal whose digest is 64 times `a`. */
char *web_proposal (WebHost *self);
/* Puts @n events of about @bytes each into the default workspace's journal, as the journal would. */
void web_events (WebHost *self, guint n, guint bytes);

/**
 * WebAnswer: what came back.
 */
typedef struct {
  guint status;
  char *type;
  char *id;
  char *text;
  char *cookie; /* `Set-Cookie`; NULL without one */
  char *etag;   /* `ETag`; NULL without one */
  gboolean nosniff; /* `X-Content-Type-Options: nosniff` */
  JsonNode *json; /* NULL when it is none */
} WebAnswer;

void web_answer_free (WebAnswer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WebAnswer, web_answer_free)

/* One request; @token NULL = over the Unix socket, "" = over TCP without one. @headers: name, value, …, NULL. */
WebAnswer *web_call (WebHost *self, const char *token, const char *method, const char *path, const char *body,
                     const char *const *headers);
/* The same, and it must end with @status. */
WebAnswer *web_expect (WebHost *self, guint status, const char *token, const char *method, const char *path,
                       const char *body);

/* Sends @bytes over a socket of its own, and returns what comes back until the other end closes or @ms have passed. */
char *web_raw (WebHost *self, const char *bytes, gsize length, guint ms);
/* (transfer full): a connected, non-blocking socket to the host's TCP port. */
GSocket *web_socket (WebHost *self);

G_END_DECLS
