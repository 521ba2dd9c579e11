/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-checkpoints.h"
#include "rh-jobs.h"
#include "rh-shopify-installer.h"
#include "rh-workflows.h"
#include "rh-triggers.h"

G_BEGIN_DECLS

/* The HTTP API: it translates between requests and the layers below, and decides nothing. The routes stand in one
 * table, rh-routes.c; docs/openapi.json describes them and holds the schemas by which bodies are checked. */
#define RH_TYPE_SERVER (rh_server_get_type ())
G_DECLARE_FINAL_TYPE (RhServer, rh_server, RH, SERVER, GObject)

/**
 * RhServerContext:
 * @store, @registry, @workers, @jobs, @workflows, @triggers, @secrets, @gate: what the API speaks for; a reference is taken of
 *   each
 * @installer: (nullable): installs apps in the shops; likewise
 * @reload: reads manifests and policy again; on failure the old ones go on serving and the error names every fault
 * @readiness: (transfer full): named checks, { "database": { "ok": true }, "sandbox": { "ok": false, "detail": … } }
 * @alerts: (nullable): (transfer full): the alerts that fire: [{ "name", "severity", "summary", "since" }]
 * @data: passed to each
 *
 * What app/ composes. Copied by rh_server_new().
 */
typedef struct {
  RhStore *store;
  RhRegistry *registry;
  RhWorkers *workers;
  RhJobs *jobs;
  RhWorkflows *workflows;
  RhTriggers *triggers;
  RhSecrets *secrets;
  RhGate *gate;
  RhCheckpoints *checkpoints;
  RhShopifyInstaller *installer;
  const char *link_key; /* (nullable): the name of the secret that links to proposals are signed with */
  gboolean (*reload) (gpointer data, GError **error);
  JsonObject *(*readiness) (gpointer data);
  JsonNode *(*alerts) (gpointer data);
  gpointer data;
} RhServerContext;

RhServer *rh_server_new (const RhServerContext *context) G_GNUC_WARN_UNUSED_RESULT;

/* Whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: "ADDRESS[/BITS], …". Nothing has changed when it is FALSE. */
gboolean rh_server_trust_proxies (RhServer *self, const char *proxies, GError **error);

/* How many requests a second each client that is not on this machine may send; 0 = no limit, as it is at first. */
void rh_server_limit_clients (RhServer *self, guint per_second);

/* From now on what is new on TCP speaks TLS (1.2 or later) with this certificate: before rh_server_listen_tcp() first, and again
 * whenever there is another one. See rh_tls_load(). */
void rh_server_set_certificate (RhServer *self, GTlsCertificate *certificate);

/* How long new connections are waited for, in place of what rh_connection_await() says. */
void rh_server_set_patience (RhServer *self, guint seconds);

/**
 * rh_server_listen_unix:
 * @path: the socket's path; a stale socket there is replaced, a live one is %ROYAL_ERROR_CONFLICT
 *
 * Listens on a Unix socket of mode 0660. A peer that runs as root or as the host's own user is `unix:<uid>` with the role
 * admin in the workspace that `X-Royal-Workspace` names (`default`); any other peer needs a token.
 */
gboolean rh_server_listen_unix (RhServer *self, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_server_listen_tcp:
 * @address: a literal IPv4 or IPv6 address
 * @port: 0 = any free one
 * @insecure: whether plain HTTP may leave this machine; without it, and without a certificate, an address that is not loopback
 *   is %ROYAL_ERROR_DENIED
 *
 * Returns: the port, 0 with @error set.
 */
guint16 rh_server_listen_tcp (RhServer    *self,
                              const char  *address,
                              guint16      port,
                              gboolean     insecure,
                              GError     **error) G_GNUC_WARN_UNUSED_RESULT;

/* Accepts nothing more, ends the feeds (1001), and finishes when the requests in hand are answered or after
 * @timeout_ms; then every connection is closed. */
void rh_server_stop_async (RhServer *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data);
gboolean rh_server_stop_finish (RhServer *self, GAsyncResult *result, GError **error);

G_END_DECLS
