/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-hooks.h"

#include "rh-hook-service.h"
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
#define DAY_S 86400
#define AHEAD_S 300 /* how far a service's clock may be ahead of this host's */

static const char refusal[] = "the delivery is not signed as it has to be";

/* How many in the minute that began then. */
typedef struct {
  gint64 since_us;
  guint n;
} Count;

/* A trigger that a delivery may be for. */
typedef struct {
  RhTrigger *trigger;
  gboolean paused;
  gboolean is_good; /* signed with one of its secrets */
} Target;

typedef struct {
  const RhHookService *service; /* (nullable): for a trigger that says itself how it is signed */
  GArray *targets;              /* Target; none: no such trigger */
  GPtrArray *secrets;           /* the names that are looked up */
  guint next;
  gint64 since_us;
  gboolean complete; /* all headers are there that have to be */
  const char *prefix;
  gboolean base64;
  char *signature; /* (nullable) */
  RhSigned text;
  char *content;
  char *timestamp;
  char *id;
  char *event;  /* (nullable): what it was that happened, in every delivery that tells of it */
  char *topic;  /* (nullable) */
  char *source; /* (nullable) */
  char *type;
  char *peer;
  char *trace;
  JsonNode *happened;
  guint pending; /* firings that are under way */
  GStrvBuilder *started;
  gboolean fresh;
  GError *error; /* the one that counts */
} Delivery;

static void
target_clear (gpointer data)
{
  rh_trigger_unref (((Target *)data)->trigger);
}

static Target *
target_at (const Delivery *self, guint i)
{
  return &g_array_index (self->targets, Target, i);
}

static JsonObject *
options_of (const Target *target)
{
  return rh_trigger_options (target->trigger);
}

static void
delivery_free (gpointer data)
{
  Delivery *self = data;

  g_array_unref (self->targets);
  g_ptr_array_unref (self->secrets);
  g_bytes_unref (self->text.body);
  g_free (self->signature);
  g_free (self->content);
  g_free (self->timestamp);
  g_free (self->id);
  g_free (self->event);
  g_free (self->topic);
  g_free (self->source);
  g_free (self->type);
  g_free (self->peer);
  g_free (self->trace);
  g_clear_pointer (&self->happened, json_node_unref);
  g_strv_builder_unref (self->started);
  g_clear_error (&self->error);
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

/* What has to come again counts for more than what is wrong for good. */
static void
take_error (Delivery *self, GError *error)
{
  gboolean again = royal_error_is_unavailable (error) || g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT);

  if (self->error != NULL && !again)
    {
      g_error_free (error);
      return;
    }
  g_clear_error (&self->error);
  self->error = error;
}

/* @task: (transfer full) */
static void
end_one (GTask *task)
{
  g_autoptr (GTask) held = task;
  Delivery *self = g_task_get_task_data (task);
  g_auto (GStrv) started = NULL;

  if (--self->pending > 0)
    return;
  started = g_strv_builder_end (self->started);
  if (self->error != NULL && (started[0] == NULL || !g_error_matches (self->error, ROYAL_ERROR, ROYAL_ERROR_INVALID)))
    {
      end_badly (task, g_steal_pointer (&self->error));
      return;
    }
  rh_metric_add (RH_METRIC_HOOKS, started[0] == NULL ? "unwanted" : self->fresh ? "accepted" : "known", 1);
  g_task_return_pointer (task, g_steal_pointer (&started), (GDestroyNotify)g_strfreev);
}

static void
on_fired (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Delivery *self = g_task_get_task_data (task);
  gboolean fresh = FALSE;
  GError *error = NULL;
  g_autofree char *started = rh_triggers_fire_finish (RH_TRIGGERS (source), result, &fresh, &error);

  /* Changed or paused in this moment. */
  if (error != NULL && g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT))
    error->code = ROYAL_ERROR_UNAVAILABLE;
  if (started != NULL)
    g_strv_builder_add (self->started, started);
  else
    take_error (self, error);
  self->fresh |= fresh;
  end_one (task);
}

/* What happened, for the input. */
static JsonNode *
describe (const Delivery *self)
{
  const struct {
    const char *name;
    const char *value;
  } members[] = {
    { "service", self->service != NULL ? self->service->name : NULL },
    { "event", self->topic },
    { "source", self->source },
    { "type", self->type },
    { "id", self->id },
    { "timestamp", self->timestamp },
  };
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
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (members[i].value != NULL)
      json_object_set_string_member (object, members[i].name, members[i].value);
  json_node_take_object (node, object);
  return node;
}

static gint64
tolerance_s (const Delivery *self, const Target *target)
{
  return royal_json_int (options_of (target), "tolerance_s", self->service != NULL ? self->service->tolerance_s : 300);
}

/* (transfer full): a key of what tells it, of one kind. */
static char *
key_of (const char *kind, const char *topic, const char *source, const char *text)
{
  g_autofree char *all = g_strjoin ("\n", kind, topic != NULL ? topic : "", source != NULL ? source : "", text, NULL);

  return rh_trigger_key (all, strlen (all));
}

/* What tells a service's delivery from others: its id, which is the same when it comes again; that of what happened;
 * and what is signed, as the ids are not: whoever got hold of a delivery could send it with others. All of one topic:
 * an order that is made and paid at once is told of twice in the same words. */
static GStrv
keys_of (const Delivery *self)
{
  g_autoptr (GStrvBuilder) keys = g_strv_builder_new ();
  g_autofree char *content = rh_signature_key (&self->text);

  if (self->service != NULL)
    {
      g_autofree char *id = key_of ("id", self->topic, self->source, self->id);
      g_autofree char *event = self->event != NULL ? key_of ("event", self->topic, self->source, self->event) : NULL;
      g_autofree char *body = key_of ("body", self->topic, NULL, content);

      g_strv_builder_add (keys, id);
      if (event != NULL)
        g_strv_builder_add (keys, event);
      g_strv_builder_add (keys, body);
    }
  else
    g_strv_builder_add (keys, content);
  return g_strv_builder_end (keys);
}

static void
fire (GTask *task, const Target *target)
{
  RhTriggers *triggers = g_task_get_source_object (task);
  Delivery *self = g_task_get_task_data (task);
  gint64 remember_s = royal_json_int (options_of (target), "remember_s", self->service != NULL ? 30 * DAY_S : DAY_S);
  g_auto (GStrv) keys = keys_of (self);
  RhFiring firing = { .trigger = target->trigger,
                      .key = keys[0],
                      .others = (const char *const *)keys + 1,
                      .happened = self->happened,
                      .trace = self->trace };

  /* A delivery that would still be taken has to be known still. */
  if (self->timestamp != NULL)
    remember_s = MAX (remember_s, 2 * tolerance_s (self, target) + 60);
  firing.remember_s = (guint)remember_s;
  self->pending++;
  rh_triggers_fire_async (triggers, &firing, on_fired, g_object_ref (task));
}

/* It is signed by who has the secret: from here on its sender may know more. */
static gboolean
check_bounds (GTask *task, const Target *target, GError **error)
{
  RhTriggers *triggers = g_task_get_source_object (task);
  const Delivery *self = g_task_get_task_data (task);
  Count *good = count_of (counts_of (triggers), rh_trigger_name (target->trigger));
  gint64 most = royal_json_int (options_of (target), "max_bytes", 262144);

  if ((gint64)g_bytes_get_size (self->text.body) > most)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected a body of at most %" G_GINT64_FORMAT " bytes",
                 most);
  else if (self->service != NULL && !json_object_has_member (json_node_get_object (self->happened), "body"))
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected a body of JSON");
  else if (target->paused)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the webhook is paused");
  else if (++good->n > royal_json_int (options_of (target), "per_minute", 600))
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "more deliveries a minute than this webhook takes");
  else
    return TRUE;
  return FALSE;
}

/* (nullable): a member of the body, or of an object in it. */
static const char *
body_string (const Delivery *self, const char *within, const char *name)
{
  JsonObject *body = royal_json_object (json_node_get_object (self->happened), "body");

  if (body != NULL && within != NULL)
    body = royal_json_object (body, within);
  return body != NULL ? royal_json_string (body, name, NULL) : NULL;
}

static gboolean
lists (JsonObject *options, const char *member, const char *text)
{
  JsonArray *array = royal_json_array (options, member);

  for (guint i = 0; array != NULL && text != NULL && i < json_array_get_length (array); i++)
    if (g_ascii_strcasecmp (json_array_get_string_element (array, i), text) == 0)
      return TRUE;
  return FALSE;
}

/* Whether it is one of those that start something. */
static gboolean
is_wanted (const Delivery *self, const Target *target)
{
  JsonObject *options = options_of (target);
  const char *action = body_string (self, NULL, "action");
  const char *source = self->source != NULL ? self->source : body_string (self, "repository", "full_name");
  g_autofree char *full = action != NULL ? g_strconcat (self->topic, ".", action, NULL) : NULL;

  if (json_object_has_member (options, "events") && !lists (options, "events", self->topic) &&
      !lists (options, "events", full))
    return FALSE;
  return !json_object_has_member (options, "from") || lists (options, "from", source);
}

/* (nullable): when it was sent, in seconds since 1970, by what its sender writes. */
static gboolean
time_of (const Delivery *self, gint64 *ret_sent)
{
  g_autoptr (GDateTime) time = NULL;

  if (self->service == NULL)
    return g_ascii_string_to_signed (self->timestamp, 10, 0, G_MAXINT32 * (gint64)64, ret_sent, NULL);
  time = g_date_time_new_from_iso8601 (self->timestamp, NULL);
  if (time == NULL)
    return FALSE;
  *ret_sent = g_date_time_to_unix (time);
  return TRUE;
}

/* The sender's clock may differ by the tolerance; @now is that of this host. A service's time is not signed: one that
 * is not there says no less than one that was put there. */
static gboolean
is_timely (const Delivery *self, const Target *target)
{
  gint64 sent, ago;

  if (self->service == NULL && royal_json_string (options_of (target), "timestamp_header", NULL) == NULL)
    return TRUE;
  if (self->timestamp == NULL)
    return self->service != NULL;
  if (!time_of (self, &sent))
    return FALSE;
  ago = g_get_real_time () / G_USEC_PER_SEC - sent;
  return ago <= tolerance_s (self, target) && ago >= -(self->service != NULL ? AHEAD_S : tolerance_s (self, target));
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

/* @task: (transfer full) */
static void
decide (GTask *task)
{
  Delivery *self = g_task_get_task_data (task);
  guint n_good = 0;

  for (guint i = 0; i < self->targets->len; i++)
    {
      target_at (self, i)->is_good &= self->complete && is_timely (self, target_at (self, i));
      n_good += target_at (self, i)->is_good;
    }
  if (n_good == 0)
    {
      refuse (task, self);
      return;
    }
  self->happened = describe (self);
  if (self->service != NULL)
    rh_triggers_tell (g_task_get_source_object (task), self->service->name, self->happened);
  self->pending = 1;
  for (guint i = 0; i < self->targets->len; i++)
    {
      const Target *target = target_at (self, i);
      GError *error = NULL;

      if (!target->is_good || (self->service != NULL && !is_wanted (self, target)))
        continue;
      if (check_bounds (task, target, &error))
        fire (task, target);
      else
        take_error (self, error);
    }
  end_one (task);
}

/* --- the signature ------------------------------------------------------------------------------------------------ */

static void look_up (GTask *task);

static gboolean
names_secret (const Target *target, const char *name)
{
  JsonArray *secrets = royal_json_array (options_of (target), "secrets");

  for (guint i = 0; i < json_array_get_length (secrets); i++)
    if (strcmp (json_array_get_string_element (secrets, i), name) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_signed_with (const Delivery *self, RhSecret *secret)
{
  guint8 mac[RH_SIGNATURE_BYTES];

  rh_signature_make (&self->text, secret, mac);
  return self->service != NULL ? rh_signature_is (self->signature, self->prefix, self->base64, mac)
                               : rh_signature_matches (self->signature, self->prefix, self->base64, mac);
}

static void
try_secret (Delivery *self, const char *name, RhSecret *secret)
{
  gboolean is_good = is_signed_with (self, secret);

  for (guint i = 0; i < self->targets->len; i++)
    target_at (self, i)->is_good |= is_good && names_secret (target_at (self, i), name);
}

static void
fail_all (RhTriggers *triggers, const Delivery *self, const char *name, const GError *error)
{
  for (guint i = 0; i < self->targets->len; i++)
    if (names_secret (target_at (self, i), name))
      rh_triggers_fail (triggers, target_at (self, i)->trigger, error->message);
}

static void
on_secret (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Delivery *self = g_task_get_task_data (task);
  const char *name = self->secrets->pdata[self->next - 1];
  GError *error = NULL;
  g_autoptr (RhSecret) secret = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);
  g_autoptr (RhSecret) none = NULL;

  if (secret != NULL)
    try_secret (self, name, secret);
  else
    {
      gboolean unused;

      /* As long as with one, and to no avail. */
      none = rh_secret_new (NO_SECRET, strlen (NO_SECRET));
      unused = is_signed_with (self, none);
      (void)unused;
    }
  if (error != NULL && royal_error_is_unavailable (error))
    {
      end_badly (task, error);
      g_object_unref (task);
      return;
    }
  if (error != NULL)
    fail_all (g_task_get_source_object (task), self, name, error);
  g_clear_error (&error);
  look_up (task);
}

static void
look_up (GTask *task)
{
  RhTriggers *triggers = g_task_get_source_object (task);
  Delivery *self = g_task_get_task_data (task);

  if (self->next == self->secrets->len)
    decide (task);
  else
    rh_secrets_lookup_async (rh_triggers_secrets (triggers), rh_triggers_workspace (triggers),
                             self->secrets->pdata[self->next++], NULL, on_secret, task);
}

/* --- what came ---------------------------------------------------------------------------------------------------- */

/* (nullable): NULL too when it is longer than any such header. */
static char *
header_of (const RhDelivery *delivery, const char *name)
{
  const char *value = name != NULL ? delivery->header (delivery->data, name) : NULL;

  return value != NULL && strlen (value) <= HEADER_MAX && g_utf8_validate (value, -1, NULL) ? g_strdup (value) : NULL;
}

static void
add_target (Delivery *self, RhTrigger *trigger, gboolean paused)
{
  Target target = { .trigger = rh_trigger_ref (trigger), .paused = paused };
  JsonArray *secrets = royal_json_array (rh_trigger_options (trigger), "secrets");

  g_array_append_val (self->targets, target);
  for (guint i = 0; i < json_array_get_length (secrets); i++)
    {
      const char *name = json_array_get_string_element (secrets, i);

      if (!g_ptr_array_find_with_equal_func (self->secrets, name, g_str_equal, NULL))
        g_ptr_array_add (self->secrets, g_strdup (name));
    }
}

/* One trigger, by its name, which says itself how it is signed. */
static void
take_trigger (Delivery *self, RhTriggers *triggers, const RhDelivery *delivery)
{
  gboolean paused = FALSE;
  RhTrigger *trigger = strcmp (delivery->workspace, rh_triggers_workspace_name (triggers)) == 0
                           ? rh_triggers_find (triggers, delivery->name, &paused)
                           : NULL;
  JsonObject *options = NULL;

  if (trigger != NULL && rh_trigger_kind (trigger) == RH_TRIGGER_WEBHOOK &&
      !json_object_has_member (rh_trigger_options (trigger), "service"))
    {
      add_target (self, trigger, paused);
      options = rh_trigger_options (trigger);
    }
  self->complete = TRUE;
  self->content = g_strdup (options != NULL ? royal_json_string (options, "content", "{body}") : "{body}");
  self->prefix = options != NULL ? royal_json_string (options, "prefix", "") : "";
  self->base64 = options != NULL && strcmp (royal_json_string (options, "encoding", "hex"), "base64") == 0;
  if (options == NULL)
    return;
  self->signature = header_of (delivery, royal_json_string (options, "header", NULL));
  self->timestamp = header_of (delivery, royal_json_string (options, "timestamp_header", NULL));
  self->id = header_of (delivery, royal_json_string (options, "id_header", NULL));
}

static gboolean
is_json (const char *type)
{
  return type != NULL && g_ascii_strncasecmp (type, "application/json", 16) == 0 && strchr (" ;", type[16]) != NULL;
}

/* An empty one is as good as none. */
static gboolean
has (const char *name, const char *value)
{
  return name == NULL || (value != NULL && *value != '\0');
}

/* All triggers of the service. */
static void
take_service (Delivery *self, RhTriggers *triggers, const RhDelivery *delivery)
{
  g_autoptr (GPtrArray) all = rh_triggers_of_service (triggers, delivery->service);
  const RhHookHeaders *names;
  g_autofree char *version = NULL;
  guint family;

  self->service = rh_hook_service_find (delivery->service);
  g_assert (self->service != NULL);
  for (guint i = 0; i < all->len; i++)
    {
      gboolean paused = FALSE;

      if (rh_triggers_find (triggers, rh_trigger_name (all->pdata[i]), &paused) != NULL)
        add_target (self, all->pdata[i], paused);
    }
  for (family = self->service->n_headers - 1; family > 0 && self->signature == NULL; family--)
    self->signature = header_of (delivery, self->service->headers[family].signature);
  names = &self->service->headers[self->signature != NULL ? family + 1 : 0];
  if (self->signature == NULL)
    self->signature = header_of (delivery, names->signature);
  self->content = g_strdup ("{body}");
  self->prefix = self->service->prefix;
  self->base64 = self->service->base64;
  self->topic = header_of (delivery, names->topic);
  self->source = header_of (delivery, names->source);
  self->id = header_of (delivery, names->id);
  self->event = header_of (delivery, names->event);
  self->timestamp = header_of (delivery, names->time);
  version = header_of (delivery, names->version);
  self->complete = g_bytes_get_size (delivery->body) > 0 && (!self->service->typed || is_json (delivery->type)) &&
                   has (names->topic, self->topic) && has (names->source, self->source) &&
                   has (names->version, version) && has (names->id, self->id);
}

static Delivery *
delivery_new (RhTriggers *triggers, const RhDelivery *delivery)
{
  Delivery *self = g_new0 (Delivery, 1);

  self->since_us = g_get_monotonic_time ();
  self->targets = g_array_new (FALSE, FALSE, sizeof (Target));
  g_array_set_clear_func (self->targets, target_clear);
  self->secrets = g_ptr_array_new_with_free_func (g_free);
  self->started = g_strv_builder_new ();
  if (delivery->service != NULL)
    take_service (self, triggers, delivery);
  else
    take_trigger (self, triggers, delivery);
  if (self->secrets->len == 0)
    g_ptr_array_add (self->secrets, g_strdup (NO_SECRET));
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
  g_return_if_fail (delivery->service != NULL || (delivery->workspace != NULL && delivery->name != NULL));
  g_return_if_fail (delivery->peer != NULL);

  task = g_task_new (triggers, NULL, callback, data);
  g_task_set_source_tag (task, rh_hooks_deliver_async);
  g_task_set_task_data (task, delivery_new (triggers, delivery), delivery_free);
  look_up (task);
}

GStrv
rh_hooks_deliver_finish (RhTriggers *triggers, GAsyncResult *result, gboolean *ret_fresh, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, triggers), NULL);

  if (ret_fresh != NULL)
    *ret_fresh = ((const Delivery *)g_task_get_task_data (G_TASK (result)))->fresh;
  return g_task_propagate_pointer (G_TASK (result), error);
}
