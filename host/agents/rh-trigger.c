/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-trigger.h"

#include "rh-hook-service.h"
#include "rh-trigger-input.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

#define CONTENTS_MAX 524288

struct _RhTrigger {
  gatomicrefcount references;
  char *name;
  char *source;
  RhTriggerKind kind;
  JsonObject *target;
  JsonObject *definition;
  JsonObject *options;
  char *version;
  RhCron *cron;
  GTimeZone *zone;
};

static gboolean check_schedule (RhTrigger *self, GError **error);
static gboolean check_webhook (RhTrigger *self, GError **error);
static gboolean check_file (RhTrigger *self, GError **error);

static const struct {
  const char *name;
  gboolean (*check) (RhTrigger *self, GError **error);
} kinds[RH_N_TRIGGER_KINDS] = {
  [RH_TRIGGER_SCHEDULE] = { "schedule", check_schedule },
  [RH_TRIGGER_WEBHOOK] = { "webhook", check_webhook },
  [RH_TRIGGER_EVENT] = { "event", NULL },
  [RH_TRIGGER_DATABASE] = { "database", NULL },
  [RH_TRIGGER_FILE] = { "file", check_file },
  [RH_TRIGGER_EMAIL] = { "email", NULL },
};

static gboolean refuse (const char *pointer, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
refuse (const char *pointer, GError **error, const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s", pointer, text);
  return FALSE;
}

static gboolean
check_schedule (RhTrigger *self, GError **error)
{
  self->cron = rh_cron_new (royal_json_string (self->options, "cron", ""), error);
  if (self->cron == NULL)
    {
      g_prefix_error (error, "/schedule/cron: ");
      return FALSE;
    }
  self->zone = rh_cron_zone (royal_json_string (self->options, "zone", "UTC"), error);
  if (self->zone == NULL)
    g_prefix_error (error, "/schedule/zone: ");
  return self->zone != NULL;
}

/* A part of what is signed needs its header, and a header that is not signed says nothing. */
static gboolean
check_part (RhTrigger *self, const char *content, const char *part, const char *member, GError **error)
{
  gboolean is_signed = strstr (content, part) != NULL;
  gboolean is_named = royal_json_string (self->options, member, NULL) != NULL;
  g_autofree char *pointer = g_strconcat ("/webhook/", member, NULL);

  if (is_signed && !is_named)
    return refuse (pointer, error, "expected the name of a header, as %s is signed", part);
  if (is_named && !is_signed)
    return refuse (pointer, error, "expected %s in the content: what is not signed protects nothing", part);
  return TRUE;
}

/* How a service signs is not the operator's to say; what it tells of can be chosen of a service alone. */
static gboolean
check_service (RhTrigger *self, const char *service, GError **error)
{
  static const char *const fixed[] = { "header", "timestamp_header", "id_header" };
  static const char *const chosen[] = { "events", "from" };
  const char *const *members = service != NULL ? fixed : chosen;

  for (guint i = 0; i < (service != NULL ? G_N_ELEMENTS (fixed) : G_N_ELEMENTS (chosen)); i++)
    if (json_object_has_member (self->options, members[i]))
      {
        g_autofree char *pointer = g_strconcat ("/webhook/", members[i], NULL);

        return service != NULL ? refuse (pointer, error, "expected none, as that of %s is known", service)
                               : refuse (pointer, error, "expected a service beside it");
      }
  if (service != NULL && rh_hook_service_find (service) == NULL)
    return refuse ("/webhook/service", error, "expected a service that is known, found \"%s\"", service);
  if (service == NULL && !json_object_has_member (self->options, "header"))
    return refuse ("/webhook", error, "expected a member `header` or `service`, found none");
  return TRUE;
}

static gboolean
check_webhook (RhTrigger *self, GError **error)
{
  const char *content = royal_json_string (self->options, "content", "{body}");
  const char *service = royal_json_string (self->options, "service", NULL);

  if (!check_service (self, service, error))
    return FALSE;
  if (strstr (content, "{body}") == NULL)
    return refuse ("/webhook/content", error, "expected a text with {body}, found \"%s\"", content);
  return check_part (self, content, "{timestamp}", "timestamp_header", error) &&
         check_part (self, content, "{id}", "id_header", error);
}

static gboolean
check_file (RhTrigger *self, GError **error)
{
  if (strcmp (royal_json_string (self->options, "contents", "none"), "none") != 0 &&
      royal_json_int (self->options, "max_bytes", 0) > CONTENTS_MAX)
    return refuse ("/file/max_bytes", error, "expected at most %d with contents, found %" G_GINT64_FORMAT, CONTENTS_MAX,
                   royal_json_int (self->options, "max_bytes", 0));
  return TRUE;
}

static gboolean
find_kind (RhTrigger *self, GError **error)
{
  guint n = 0;

  for (guint kind = 0; kind < RH_N_TRIGGER_KINDS; kind++)
    if (json_object_has_member (self->definition, kinds[kind].name))
      {
        self->kind = kind;
        self->options = royal_json_object (self->definition, kinds[kind].name);
        n++;
      }
  if (n == 1 && self->options != NULL)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
               ": expected one of schedule, webhook, event, database, file and email, found %s",
               n == 0 ? "none" : "more");
  return FALSE;
}

static char *
make_version (const RhTrigger *self)
{
  g_autoptr (JsonObject) all = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_object_member (all, "target", json_object_ref (self->target));
  json_object_set_object_member (all, "definition", json_object_ref (self->definition));
  json_node_set_object (node, all);
  return royal_json_digest (node);
}

RhTrigger *
rh_trigger_new (const char *source,
                const char *name,
                JsonObject *target,
                JsonObject *definition,
                const char *version,
                GError **error)
{
  g_autoptr (RhTrigger) self = NULL;

  g_return_val_if_fail (source != NULL && name != NULL && target != NULL && definition != NULL, NULL);

  self = g_new0 (RhTrigger, 1);
  g_atomic_ref_count_init (&self->references);
  self->name = g_strconcat (source, ".", name, NULL);
  self->source = g_strdup (source);
  self->target = json_object_ref (target);
  self->definition = json_object_ref (definition);
  if (!find_kind (self, error) || (kinds[self->kind].check != NULL && !kinds[self->kind].check (self, error)))
    return NULL;
  if (json_object_has_member (definition, "input") &&
      !rh_trigger_input_check (json_object_get_member (definition, "input"), "/input", error))
    return NULL;
  self->version = version != NULL ? g_strdup (version) : make_version (self);
  return g_steal_pointer (&self);
}

RhTrigger *
rh_trigger_ref (RhTrigger *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
rh_trigger_unref (RhTrigger *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  g_free (self->name);
  g_free (self->source);
  json_object_unref (self->target);
  json_object_unref (self->definition);
  g_free (self->version);
  rh_cron_free (self->cron);
  g_clear_pointer (&self->zone, g_time_zone_unref);
  g_free (self);
}

const char *
rh_trigger_name (const RhTrigger *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->name;
}

const char *
rh_trigger_source (const RhTrigger *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->source;
}

RhTriggerKind
rh_trigger_kind (const RhTrigger *self)
{
  g_return_val_if_fail (self != NULL, RH_N_TRIGGER_KINDS);
  return self->kind;
}

const char *
rh_trigger_kind_name (RhTriggerKind kind)
{
  g_return_val_if_fail (kind < RH_N_TRIGGER_KINDS, NULL);
  return kinds[kind].name;
}

JsonObject *
rh_trigger_target (const RhTrigger *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->target;
}

JsonObject *
rh_trigger_definition (const RhTrigger *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->definition;
}

JsonObject *
rh_trigger_options (const RhTrigger *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->options;
}

const char *
rh_trigger_version (const RhTrigger *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->version;
}

const RhCron *
rh_trigger_cron (const RhTrigger *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->cron;
}

GTimeZone *
rh_trigger_zone (const RhTrigger *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->zone;
}

JsonNode *
rh_trigger_input (const RhTrigger *self, JsonNode *happened)
{
  JsonNode *empty;

  g_return_val_if_fail (self != NULL && happened != NULL, NULL);

  if (json_object_has_member (self->definition, "input"))
    return rh_trigger_input_fill (json_object_get_member (self->definition, "input"), happened);
  empty = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (empty, json_object_new ());
  return empty;
}

gboolean
rh_trigger_input_is_fixed (const RhTrigger *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return !json_object_has_member (self->definition, "input") ||
         !rh_trigger_input_has_gaps (json_object_get_member (self->definition, "input"));
}
