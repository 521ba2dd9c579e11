/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RhHookHeaders:
 * @signature: who signed it
 * @topic: what happened
 * @source: (nullable): whose it is: a shop
 * @version: (nullable): looked at only for being there
 * @id: of the delivery; the same when it is sent again
 * @event: (nullable): of what happened; the same in every delivery that tells of it
 * @time: (nullable): when it happened, ISO 8601; it may be absent
 *
 * The names of the headers. All must be there, but for @event and @time.
 */
typedef struct {
  const char *signature;
  const char *topic;
  const char *source;
  const char *version;
  const char *id;
  const char *event;
  const char *time;
} RhHookHeaders;

/**
 * RhHookService:
 * @prefix: of the signature, HMAC-SHA256 of the body
 * @base64: whether it is in base64, else in lower-case hexadecimal
 * @typed: whether the content's type has to be application/json
 * @tolerance_s: how long a delivery may be on its way, when its time is told
 * @headers: by family; the last whose signature is there counts, else the first
 *
 * How a service signs its deliveries to /webhooks/NAME, as its own library for receivers checks it.
 */
typedef struct {
  const char *name;
  const char *prefix;
  gboolean base64;
  gboolean typed;
  guint tolerance_s;
  RhHookHeaders headers[2];
  guint n_headers;
} RhHookService;

/* (transfer none) (nullable) */
const RhHookService *rh_hook_service_find (const char *name);

G_END_DECLS
