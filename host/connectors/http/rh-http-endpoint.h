/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* A header whose value is a secret. */
typedef struct {
  char *header;
  char *secret;
  char *prefix;
} RhHttpSecret;

/**
 * RhHttpEndpoint:
 * @origin: scheme, host and port; requests go nowhere else
 * @verify, @observe: (nullable): templates of paths
 * @classes: (nullable): what of a request and its answer is personal
 * @session: its own, so that one endpoint's connections are not another's
 *
 * One named place that http.request may send to: docs/schema/http-endpoints.schema.json.
 */
typedef struct {
  char *name;
  char *title;
  char *origin;
  GStrv methods;
  GStrv paths;
  GPtrArray *headers; /* name, value, name, value … */
  GPtrArray *secrets; /* RhHttpSecret */
  char *key_header;
  char *verify;
  char *observe;
  gboolean idempotent;
  gboolean allow_private;
  guint settle_ms;
  guint timeout_ms;
  gsize max_body;
  gsize max_answer;
  guint in_flight;
  double rate;
  double burst;
  RoyalSchema *classes;
  SoupSession *session;
} RhHttpEndpoint;

/* From a member of `endpoints` that its schema has accepted. %ROYAL_ERROR_INVALID names what is wrong with it. */
RhHttpEndpoint *rh_http_endpoint_new (const char *name, JsonObject *document, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_http_endpoint_free (RhHttpEndpoint *self);

/* Whether a request may be sent to it. */
gboolean rh_http_endpoint_check (RhHttpEndpoint *self, const char *method, const char *path, GError **error);

/* (transfer full): a template with what stands for {path} and {key}; the key is escaped, the path is one. */
char *rh_http_template (const char *template, const char *path, const char *key) G_GNUC_WARN_UNUSED_RESULT;

/* All that a file names: name -> RhHttpEndpoint; none when the file is not there. NULL with every fault, one a line. */
GHashTable *rh_http_endpoints_load (const char *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
