/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-hooks.h"

#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-signature.h"
#include "royal-json.h"

#include <string.h>

/* Looked up in place of a secret's name when there is none, so that it takes as long. */
#define NO_SECRET "no-such-webhook"
#define HEADER_MAX 1024
/* A refusal takes that long at least: how long the looking took would tell what is there. */
#define REFUSAL_MS 100
#define COUNTS_MAX 1024
#define MINUTE_US (60 * G_USEC_PER_SEC)
#define STATE "rh-hooks"

static const char refusal[] = "the delivery is not signed as it has to be";

/* How many in the minute that began then. */
typedef struct {
  gint64 since_us;
  guint n;
} Count;

typedef struct {
  RhTrigger *trigger; /* (nullable): there is none */
  gboolean paused;
  GStrv secrets; /* the names that are looked up */
  guint next;
  gint64 since_us;
  gboolean is_good;
  char *signature; /* (nullable) */
  RhSigned text;
  char *content;
  char *timestamp;
  char *id;
  char *type;
  char *peer;
  char *trace;
} Delivery;

static void
delivery_free (gpointer data)
{
  Delivery *self = data;

  g_clear_pointer (&self->trigger, rh_trigger_unref);
  g_strfreev (self->secrets);
  g_bytes_unref (self->text.body);
  g_free (self->signature);
  g_free (self->content);
  g_free (self->timestamp);
  g_free (self->id);
  g_free (self->type);
  g_free (self->peer);
  g_free (self->trace);
  g_free (self);
}

/* --- bounds ------------------------------------------------------------------------------------------------------- */

/* Good deliveries by trigger. Bad ones are not counted: behind a proxy they have the same peer as the good ones, and a
 * stranger could shut these out. What they cost is bounded by that of a signature. */
static GHashTable *
counts_of (RhTriggers *triggers)
{
  GHashTable *counts = g_object_get_data (G_OBJECT (triggers), STATE);

  if (counts != NULL)
    return counts;
  counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_object_set_data_full (G_OBJECT (triggers), STATE, counts, (GDestroyNotify)g_hash_table_unref);
  return counts;
}

static Count *
count_of (GHashTable *counts, const char *name)
{
  Count *self = g_hash_table_lookup (counts, name);

  if (self == NULL)
    {
      if (g_hash_table_size (counts) >= COUNTS_MAX)
        g_hash_table_remove_all (counts);
      self = g_new0 (Count, 1);
      g_hash_table_insert (counts, g_strdup (name), self);
    }
  if (self->since_us == 0 || g_get_monotonic_time () - self->since_us > MINUTE_US)
    *self = (Count){ .since_us = g_get_monotonic_time () };
  return self;
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static const struct {
  RoyalError code;
  const char *outcome;
} outcomes[] = {
  { ROYAL_ERROR_DENIED, "refused" },
  { ROYAL_ERROR_LIMIT, "limited" },
  { ROYAL_ERROR_UNAVAILABLE, "unavailable" },
};

/* Takes @error. */
static void
end_badly (GTask *task, GError *error)
{
  const char *outcome = "invalid";

  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    if (g_error_matches (error, ROYAL_ERROR, (gint)outcomes[i].code))
      outcome = outcomes[i].outcome;
  rh_metric_add (RH_METRIC_HOOKS, outcome, 1);
  g_task_return_error (task, error);
}

static void
on_fired (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  gboolean fresh = FALSE;
  GError *error = NULL;
  char *started = rh_triggers_fire_finish (RH_TRIGGERS (source), result, &fresh, &error);

  if (started == NULL)
    {
      /* Changed or paused in this moment. */
      if (g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT))
        error->code = ROYAL_ERROR_UNAVAILABLE;
      end_badly (task, error);
      return;
    }
  rh_metric_add (RH_METRIC_HOOKS, fresh ? "accepted" : "known", 1);
  g_task_set_source_tag (task, rh_hooks_deliver_async);
  g_object_set_data (G_OBJECT (task), "fresh", GINT_TO_POINTER (fresh));
  g_task_return_pointer (task, started, g_free);
}

/* What happened, for the input. */
static JsonNode *
describe (const Delivery *self)
{
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  gsize length;
  const char *bytes = g_bytes_get_data (self->text.body, &length);
  JsonNode *body = length > 0 ? royal_json_parse (bytes, (gssize)length, "body", NULL) : NULL;

  if (body != NULL)
    json_object_set_member (object, "body", body);
  else if (length > 0 && g_utf8_validate_len (bytes, length, NULL))
    {
      g_autofree char *text = g_strndup (bytes, length);

      json_object_set_string_member (object, "text", text);
    }
  if (self->type != NULL)
    json_object_set_string_member (object, "type", self->type);
  if (self->id != NULL)
    json_object_set_string_member (object, "id", self->id);
  if (self->timestamp != NULL)
    json_object_set_string_member (object, "timestamp", self->timestamp);
  json_node_take_object (node, object);
  return node;
}

static void
fire (GTask *task)
{
  RhTriggers *triggers = g_task_get_source_object (task);
  const Delivery *self = g_task_get_task_data (task);
  JsonObject *options = rh_trigger_options (self->trigger);
  gint64 remember_s = royal_json_int (options, "remember_s", 86400);
  g_autofree char *key = rh_signature_key (&self->text);
  g_autoptr (JsonNode) happened = describe (self);
  RhFiring firing = { .trigger = self->trigger, .key = key, .happened = happened, .trace = self->trace };

  /* A delivery that would still be taken has to be known still. */
  if (self->timestamp != NULL)
    remember_s = MAX (remember_s, 2 * royal_json_int (options, "tolerance_s", 300) + 60);
  firing.remember_s = (guint)remember_s;
  rh_triggers_fire_async (triggers, &firing, on_fired, task);
}

/* It is signed by who has the secret: from here on its sender may know more. */
static gboolean
check_bounds (GTask *task, GError **error)
{
  RhTriggers *triggers = g_task_get_source_object (task);
  const Delivery *self = g_task_get_task_data (task);
  JsonObject *options = rh_trigger_options (self->trigger);
  Count *good = count_of (counts_of (triggers), rh_trigger_name (self->trigger));
  gint64 most = royal_json_int (options, "max_bytes", 262144);

  if ((gint64)g_bytes_get_size (self->text.body) > most)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected a body of at most %" G_GINT64_FORMAT " bytes",
                 most);
  else if (self->paused)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the webhook is paused");
  else if (++good->n > royal_json_int (options, "per_minute", 600))
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "more deliveries a minute than this webhook takes");
  else
    return TRUE;
  return FALSE;
}

/* The sender's clock may differ by the tolerance; @now is that of this host. */
static gboolean
is_timely (const Delivery *self)
{
  gint64 sent;

  if (self->trigger == NULL || royal_json_string (rh_trigger_options (self->trigger), "timestamp_header", NULL) == NULL)
    return TRUE;
  return self->timestamp != NULL &&
         g_ascii_string_to_signed (self->timestamp, 10, 0, G_MAXINT32 * (gint64)64, &sent, NULL) &&
         ABS (g_get_real_time () / G_USEC_PER_SEC - sent) <=
             royal_json_int (rh_trigger_options (self->trigger), "tolerance_s", 300);
}

static gboolean
on_refuse (gpointer data)
{
  g_autoptr (GTask) task = data;

  end_badly (task, g_error_new_literal (ROYAL_ERROR, ROYAL_ERROR_DENIED, refusal));
  return G_SOURCE_REMOVE;
}

static void
refuse (GTask *task, const Delivery *self)
{
  gint64 took_ms = (g_get_monotonic_time () - self->since_us) / 1000;

  rh_log (RH_LOG_NOTICE, "trigger.refused", "a webhook delivery was refused", "peer", self->peer, NULL);
  g_timeout_add ((guint)CLAMP (REFUSAL_MS - took_ms, 0, REFUSAL_MS), on_refuse, task);
}

static void
decide (GTask *task)
{
  const Delivery *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (self->trigger == NULL || !self->is_good || !is_timely (self))
    {
      refuse (task, self);
      return;
    }
  if (check_bounds (task, &error))
    {
      fire (task);
      return;
    }
  end_badly (task, error);
  g_object_unref (task);
}

/* --- the signature ------------------------------------------------------------------------------------------------ */

static void look_up (GTask *task);

static void
try_secret (Delivery *self, RhSecret *secret)
{
  JsonObject *options = self->trigger != NULL ? rh_trigger_options (self->trigger) : NULL;
  const char *prefix = options != NULL ? royal_json_string (options, "prefix", "") : "";
  gboolean base64 = options != NULL && strcmp (royal_json_string (options, "encoding", "hex"), "base64") == 0;
  guint8 mac[RH_SIGNATURE_BYTES];

  rh_signature_make (&self->text, secret, mac);
  self->is_good |= rh_signature_matches (self->signature, prefix, base64, mac);
}

static void
on_secret (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  RhTriggers *triggers = g_task_get_source_object (task);
  Delivery *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhSecret) secret = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);
  g_autoptr (RhSecret) none = NULL;

  if (secret != NULL && self->trigger != NULL)
    try_secret (self, secret);
  else
    {
      gboolean before = self->is_good;

      /* As long as with one, and to no avail. */
      none = rh_secret_new (NO_SECRET, strlen (NO_SECRET));
      try_secret (self, none);
      self->is_good = before;
    }
  if (error != NULL && royal_error_is_unavailable (error))
    {
      end_badly (task, error);
      g_object_unref (task);
      return;
    }
  if (error != NULL && self->trigger != NULL)
    rh_triggers_fail (triggers, self->trigger, error->message);
  g_clear_error (&error);
  look_up (task);
}

static void
look_up (GTask *task)
{
  RhTriggers *triggers = g_task_get_source_object (task);
  Delivery *self = g_task_get_task_data (task);

  if (self->secrets[self->next] == NULL)
    decide (task);
  else
    rh_secrets_lookup_async (rh_triggers_secrets (triggers), rh_triggers_workspace (triggers),
                             self->secrets[self->next++], NULL, on_secret, task);
}

/* --- what came ---------------------------------------------------------------------------------------------------- */

/* (nullable): NULL too when it is longer than any such header. */
static char *
header_of (const RhDelivery *delivery, const char *name)
{
  const char *value = name != NULL ? delivery->header (delivery->data, name) : NULL;

  return value != NULL && strlen (value) <= HEADER_MAX && g_utf8_validate (value, -1, NULL) ? g_strdup (value) : NULL;
}

static RhTrigger *
find_trigger (RhTriggers *triggers, const RhDelivery *delivery, gboolean *ret_paused)
{
  RhTrigger *trigger = strcmp (delivery->workspace, rh_triggers_workspace_name (triggers)) == 0
                           ? rh_triggers_find (triggers, delivery->name, ret_paused)
                           : NULL;

  return trigger != NULL && rh_trigger_kind (trigger) == RH_TRIGGER_WEBHOOK ? rh_trigger_ref (trigger) : NULL;
}

static Delivery *
delivery_new (RhTriggers *triggers, const RhDelivery *delivery)
{
  Delivery *self = g_new0 (Delivery, 1);
  JsonObject *options;
  JsonArray *secrets;

  self->trigger = find_trigger (triggers, delivery, &self->paused);
  options = self->trigger != NULL ? rh_trigger_options (self->trigger) : NULL;
  secrets = options != NULL ? royal_json_array (options, "secrets") : NULL;
  self->secrets = g_new0 (char *, 1 + MAX (1, secrets != NULL ? json_array_get_length (secrets) : 0));
  self->secrets[0] = g_strdup (NO_SECRET);
  for (guint i = 0; secrets != NULL && i < json_array_get_length (secrets); i++)
    {
      g_free (self->secrets[i]);
      self->secrets[i] = g_strdup (json_array_get_string_element (secrets, i));
    }
  self->content = g_strdup (options != NULL ? royal_json_string (options, "content", "{body}") : "{body}");
  if (options != NULL)
    {
      self->signature = header_of (delivery, royal_json_string (options, "header", NULL));
      self->timestamp = header_of (delivery, royal_json_string (options, "timestamp_header", NULL));
      self->id = header_of (delivery, royal_json_string (options, "id_header", NULL));
    }
  self->since_us = g_get_monotonic_time ();
  self->type = g_strdup (delivery->type);
  self->peer = g_strdup (delivery->peer);
  self->trace = g_strdup (delivery->trace);
  self->text = (RhSigned){ self->content, self->timestamp, self->id, g_bytes_ref (delivery->body) };
  return self;
}

void
rh_hooks_deliver_async (RhTriggers *triggers, const RhDelivery *delivery, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task;

  g_return_if_fail (RH_IS_TRIGGERS (triggers) && delivery != NULL && delivery->body != NULL);
  g_return_if_fail (delivery->workspace != NULL && delivery->name != NULL && delivery->peer != NULL);

  task = g_task_new (triggers, NULL, callback, data);
  g_task_set_source_tag (task, rh_hooks_deliver_async);
  g_task_set_task_data (task, delivery_new (triggers, delivery), delivery_free);
  look_up (task);
}

char *
rh_hooks_deliver_finish (RhTriggers *triggers, GAsyncResult *result, gboolean *ret_fresh, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, triggers), NULL);

  if (ret_fresh != NULL)
    *ret_fresh = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (result), "fresh"));
  return g_task_propagate_pointer (G_TASK (result), error);
}
