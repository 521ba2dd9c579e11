/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-registry.h"
#include "rh-secrets.h"

G_BEGIN_DECLS

/* What starts jobs by itself: puts what the manifests declare into the database, and goes by what stands there, as every
 * host does. Each tick, delivery, event, notification, file and message starts something once, however many hosts see
 * it. */
#define RH_TYPE_TRIGGERS (rh_triggers_get_type ())
G_DECLARE_FINAL_TYPE (RhTriggers, rh_triggers, RH, TRIGGERS, GObject)

RhTriggers *rh_triggers_new (RhStore    *store,
                             RhRegistry *registry,
                             RhSecrets  *secrets,
                             gint64      workspace,
                             const char *workspace_name,
                             const char *host_id) G_GNUC_WARN_UNUSED_RESULT;

void rh_triggers_start (RhTriggers *self);
/* Nothing is fired from then on. */
void rh_triggers_stop (RhTriggers *self);

/* The declarations of documents other than the agents' manifests: all that @sources declare now (element-type
 * RhTrigger), such as the workflows'. */
void rh_triggers_declare (RhTriggers *self, const char *const *sources, GPtrArray *triggers);

/**
 * RhTriggersTold:
 * @service: such as `shopify`
 * @happened: what a trigger's input is made of: { "event", "source", "body", … }
 */
typedef void (*RhTriggersTold) (const char *service, JsonObject *happened, gpointer data);

/* @told hears of each delivery of a service that is signed as it has to be, whether it is the first of its kind or not, and whatever it
 * starts. One only; @data outlives @self or is let go of with NULL. */
void rh_triggers_on_delivery (RhTriggers *self, RhTriggersTold told, gpointer data);

/* --- for what watches, in this folder, and for web/ --------------------------------------------------------------- */

RhStore *rh_triggers_store (RhTriggers *self);
RhSecrets *rh_triggers_secrets (RhTriggers *self);
gint64 rh_triggers_workspace (RhTriggers *self);
const char *rh_triggers_workspace_name (RhTriggers *self);
const char *rh_triggers_host_id (RhTriggers *self);

/* Listens on @channel of the database for as long as the store lives, once however often it is asked; @payload NULL: some may have been missed. */
typedef void (*RhTriggersNotify) (RhTriggers *self, const char *channel, const char *payload);
void rh_triggers_listen (RhTriggers *self, const char *channel, RhTriggersNotify notify);

/* (transfer none) (nullable): the trigger of that name; @ret_paused may be NULL. */
RhTrigger *rh_triggers_find (RhTriggers *self, const char *name, gboolean *ret_paused);
/* (transfer full) (element-type RhTrigger): the webhooks of a service, those that are paused too. */
GPtrArray *rh_triggers_of_service (RhTriggers *self, const char *service) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full) (element-type RhTrigger): those of a kind that are not paused and that this host can start. */
GPtrArray *rh_triggers_list (RhTriggers *self, RhTriggerKind kind) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): the request of what it starts, for trigger_start(); NULL when what happened makes no input. */
JsonNode *rh_triggers_request (RhTriggers *self, RhTrigger *trigger, JsonNode *happened, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/**
 * RhFiring:
 * @key: what tells it from others of the same trigger, at most 40 characters
 * @others: (nullable): more such keys, NULL-terminated: one that is known will do
 * @trace: (nullable): a W3C traceparent
 * @remember_s: how long the key is known, 0 = for good
 * @owned: only when this host listens for the trigger
 */
typedef struct {
  RhTrigger *trigger;
  const char *key;
  const char *const *others;
  JsonNode *happened;
  const char *trace;
  guint remember_s;
  gboolean owned;
} RhFiring;

/* Durable when it is answered. What went wrong is kept with the trigger, unless the database is away, the trigger paused or
 * changed. */
void rh_triggers_fire_async (RhTriggers *self, const RhFiring *firing, GAsyncReadyCallback callback, gpointer data);
/* (transfer full): the id of what was started. @ret_fresh: FALSE when the key was known. */
char *rh_triggers_fire_finish (RhTriggers *self, GAsyncResult *result, gboolean *ret_fresh, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Says it to whom rh_triggers_on_delivery() named. */
void rh_triggers_tell (RhTriggers *self, const char *service, JsonNode *happened);

/* Keeps @message with the trigger. */
void rh_triggers_fail (RhTriggers *self, RhTrigger *trigger, const char *message);

/* (transfer full): a key of 40 characters from a text or bytes. */
char *rh_trigger_key (const char *bytes, gsize length) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
