/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-http-endpoint.h"
#include "rh-secrets.h"

G_BEGIN_DECLS

/**
 * RhHttpRequest:
 * @path: from the origin on
 * @body: (nullable): sent as JSON
 * @key: (nullable): the idempotency key
 * @match: (nullable): an entity tag: If-Match
 * @none_match: (nullable): an entity tag: If-None-Match
 * @headers: (nullable): name, value, name, value …, NULL, beside those of the endpoint
 * @bearer: (nullable): a token, beside the secrets that the endpoint names: Authorization
 * @safe: it changes nothing, whatever its method
 * @streamed: of an answer 200 the body is left to be read: it may be of any length
 *
 * All (transfer none), copied.
 */
typedef struct {
  gint64 workspace;
  const char *method;
  const char *path;
  JsonNode *body;
  const char *key;
  const char *match;
  const char *none_match;
  const char *const *headers;
  RhSecret *bearer;
  gboolean safe;
  gboolean streamed;
} RhHttpRequest;

/**
 * RhHttpAnswer:
 * @json: (nullable): the body, when it is JSON
 * @stream: (nullable): the body, when it was to be streamed; it is as it came, and who reads it minds the time
 * @sha256: of the body
 * @tag: (nullable): its strong entity tag
 * @validator: (nullable): its entity tag, strong or weak
 * @deprecated: (nullable): what a header of it says of the end of what was used
 * @retry_after_ms: 0 = it did not say
 * @exhausted_ms: of whatever status: how long until requests are counted anew, when this was the last one; 0 = there are more
 */
typedef struct {
  guint status;
  JsonNode *json;
  GInputStream *stream;
  char *sha256;
  gsize length;
  char *tag;
  char *validator;
  char *deprecated;
  guint retry_after_ms;
  guint exhausted_ms;
} RhHttpAnswer;

void rh_http_answer_free (RhHttpAnswer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhHttpAnswer, rh_http_answer_free)

/* One request and its answer, whatever its status. @endpoint and @secrets outlive it. */
void rh_http_call_async (const RhHttpEndpoint *endpoint, RhSecrets *secrets, const RhHttpRequest *request,
                         GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);

/* @ret_sent (optional) tells, with an error, whether anything may have reached the peer. Errors: %ROYAL_ERROR_UNAVAILABLE,
 * %ROYAL_ERROR_TIMEOUT, %ROYAL_ERROR_LIMIT (the answer is too long), %ROYAL_ERROR_DENIED (the address), %ROYAL_ERROR_NOT_FOUND
 * (a secret). No error holds a secret. */
RhHttpAnswer *rh_http_call_finish (GAsyncResult *result, gboolean *ret_sent, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether an address is not of the public internet: loopback, private, link-local, multicast and the like. */
gboolean rh_http_address_is_private (GInetAddress *address);

G_END_DECLS
