/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-http-call.h"

G_BEGIN_DECLS

/* What the host says of a request, { "method", "path", "body"? }; @observed (nullable) is the state that it would change. */

/* (transfer full): facts: where it goes, how large it is, and whether it can be verified, undone, sent twice. */
JsonNode *rh_http_facts (const RhHttpEndpoint *endpoint,
                         JsonObject           *request,
                         const RhHttpAnswer   *observed) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): the preview: the request, and its body's members beside those that are there now. */
JsonNode *rh_http_preview (const RhHttpEndpoint *endpoint,
                           JsonObject           *request,
                           const RhHttpAnswer   *observed) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
