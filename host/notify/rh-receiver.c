/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-receiver.h"

#include "rh-connector-file.h"
#include "rh-notify-resources.h"
#include "rh-smtp-message.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

#define SCHEMA "/royal/schema/notifications.schema.json"
#define ANSWER_MAX ((gsize)65536)

static const char *const all_topics[] = { "approvals", "deadlines", "stops",   "agents",
                                          "jobs",      "workflows", "seasons", NULL };

static const struct {
  const char *name;
  RhSmtpTls tls;
  guint port;
} encryptions[] = {
  { "starttls", RH_SMTP_STARTTLS, 587 },
  { "implicit", RH_SMTP_IMPLICIT, 465 },
  { "none", RH_SMTP_NONE, 587 },
};

void
rh_receiver_free (RhReceiver *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->link);
  g_free (self->link_key);
  g_strfreev (self->topics);
  rh_http_endpoint_free (self->endpoint);
  g_free (self->path);
  g_free (self->path_secret);
  g_free (self->signing);
  rh_smtp_place_free (self->smtp);
  g_free (self);
}

static GStrv
read_list (JsonObject *document, const char *member)
{
  JsonArray *list = royal_json_array (document, member);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (list == NULL)
    return NULL;
  for (guint i = 0; i < json_array_get_length (list); i++)
    g_strv_builder_add (builder, json_array_get_string_element (list, i));
  return g_strv_builder_end (builder);
}

static gboolean
read_webhook (RhReceiver *self, JsonObject *document, GError **error)
{
  const char *path = royal_json_string (document, "path", NULL);

  self->path_secret = g_strdup (royal_json_string (document, "path_secret", NULL));
  self->path = self->path_secret == NULL ? g_strdup (path != NULL ? path : "/") : NULL;
  self->signing = g_strdup (royal_json_string (document, "signing", NULL));
  self->text_alone = strcmp (royal_json_string (document, "format", "full"), "slack") == 0;
  if (path != NULL && self->path_secret != NULL)
    {
      g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/webhook/path: expected without path_secret");
      return FALSE;
    }
  self->endpoint = rh_http_endpoint_new (self->name, document, error);
  if (self->endpoint == NULL)
    {
      g_prefix_error (error, "/webhook");
      return FALSE;
    }
  self->endpoint->max_answer = ANSWER_MAX;
  self->endpoint->timeout_ms = (guint)royal_json_int (document, "timeout_ms", 15000);
  if (self->path == NULL || rh_http_endpoint_check (self->endpoint, "POST", self->path, error))
    return TRUE;
  g_prefix_error (error, "/webhook");
  return FALSE;
}

static gboolean
check_mail (const RhSmtpPlace *place, GError **error)
{
  const char *bad = !rh_smtp_is_address (place->from) ? place->from : NULL;

  for (guint i = 0; bad == NULL && place->to[i] != NULL; i++)
    bad = !rh_smtp_is_address (place->to[i]) ? place->to[i] : NULL;
  if (bad != NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/email: expected NAME@HOST, found %.80s", bad);
  else if ((place->user != NULL) != (place->password != NULL))
    g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/email: expected user and password, or neither");
  else if (place->tls == RH_SMTP_NONE && place->password != NULL)
    g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/email: a password goes over TLS alone");
  else if (place->ca != NULL && !g_file_test (place->ca, G_FILE_TEST_IS_REGULAR))
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/email/ca: %s cannot be read", place->ca);
  else
    return TRUE;
  return FALSE;
}

static gboolean
read_email (RhReceiver *self, JsonObject *document, GError **error)
{
  const char *tls = royal_json_string (document, "tls", "starttls");
  RhSmtpPlace *place = g_new0 (RhSmtpPlace, 1);

  self->smtp = place;
  for (guint i = 0; i < G_N_ELEMENTS (encryptions); i++)
    if (strcmp (encryptions[i].name, tls) == 0)
      {
        place->tls = encryptions[i].tls;
        place->port = (guint)royal_json_int (document, "port", encryptions[i].port);
      }
  place->server = g_strdup (royal_json_string (document, "server", ""));
  place->from = g_strdup (royal_json_string (document, "from", ""));
  place->to = read_list (document, "to");
  place->user = g_strdup (royal_json_string (document, "user", NULL));
  place->password = g_strdup (royal_json_string (document, "password", NULL));
  place->ca = g_strdup (royal_json_string (document, "ca", NULL));
  place->allow_private = royal_json_boolean (document, "private", FALSE);
  place->timeout_ms = (guint)royal_json_int (document, "timeout_ms", 30000);
  return check_mail (place, error);
}

/* Its schema has accepted it. */
static RhReceiver *
receiver_new (const char *name, const char *link, const char *link_key, JsonObject *document, GError **error)
{
  g_autoptr (RhReceiver) self = g_new0 (RhReceiver, 1);
  JsonObject *webhook = royal_json_object (document, "webhook"), *email = royal_json_object (document, "email");

  self->name = g_strdup (name);
  self->link = g_strdup (link);
  self->link_key = g_strdup (link_key);
  self->topics = read_list (document, "topics");
  if (self->topics == NULL)
    self->topics = g_strdupv ((char **)all_topics);
  self->deadline_s = royal_json_int (document, "deadline_s", 86400);
  self->per_minute = royal_json_int (document, "per_minute", 30);
  if ((webhook != NULL) == (email != NULL))
    {
      g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, ": expected one of webhook and email");
      return NULL;
    }
  if (!(webhook != NULL ? read_webhook (self, webhook, error) : read_email (self, email, error)))
    return NULL;
  return g_steal_pointer (&self);
}

/* (transfer full) (nullable): what pages of the console are appended to; NULL with @error, or when there is none. */
static char *
read_link (JsonObject *document, GError **error)
{
  const char *text = royal_json_string (document, "link", NULL);
  g_autoptr (GUri) uri = text != NULL ? g_uri_parse (text, SOUP_HTTP_URI_FLAGS, NULL) : NULL;
  char *link;

  if (text == NULL)
    return NULL;
  if (uri == NULL || !g_str_has_prefix (g_uri_get_scheme (uri), "http") || g_uri_get_userinfo (uri) != NULL ||
      g_uri_get_query (uri) != NULL || g_uri_get_fragment (uri) != NULL || strpbrk (text, "<>|\" ") != NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/link: expected https://HOST[:PORT][/PATH], found %s",
                   text);
      return NULL;
    }
  link = g_uri_to_string (uri);
  while (g_str_has_suffix (link, "/"))
    link[strlen (link) - 1] = '\0';
  return link;
}

static void
note_fault (GString *faults, const char *file, const char *name, const GError *fault)
{
  g_string_append_printf (faults, "%s%s: %s%s%s", faults->len > 0 ? "\n" : "", file, name != NULL ? "/receivers/" : "",
                          name != NULL ? name : "", fault->message);
}

static void
read_receivers (GHashTable *receivers, JsonObject *document, const char *link, const char *file, GString *faults)
{
  const char *link_key = royal_json_string (document, "link_key", NULL);
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init (&iter, royal_json_object (document, "receivers"));
  while (json_object_iter_next (&iter, &name, &node))
    {
      g_autoptr (GError) fault = NULL;
      RhReceiver *receiver = receiver_new (name, link, link_key, json_node_get_object (node), &fault);

      if (receiver != NULL)
        g_hash_table_insert (receivers, receiver->name, receiver);
      else
        note_fault (faults, file, name, fault);
    }
}

GHashTable *
rh_receivers_load (const char *file, GError **error)
{
  g_autoptr (GHashTable) receivers =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)rh_receiver_free);
  g_autoptr (GString) faults = g_string_new (NULL);
  g_autoptr (JsonNode) document = NULL;
  g_autoptr (GError) fault = NULL;
  g_autofree char *link = NULL;

  g_return_val_if_fail (file != NULL, NULL);

  if (!rh_connector_file_load (file, rh_notify_resources_get_resource (), SCHEMA, &document, error))
    return NULL;
  if (document == NULL)
    return g_steal_pointer (&receivers);
  link = read_link (json_node_get_object (document), &fault);
  if (fault == NULL && link == NULL && json_object_has_member (json_node_get_object (document), "link_key"))
    g_set_error_literal (&fault, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/link_key: expected with link");
  if (fault != NULL)
    note_fault (faults, file, NULL, fault);
  read_receivers (receivers, json_node_get_object (document), link, file, faults);
  if (faults->len == 0)
    return g_steal_pointer (&receivers);
  g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, faults->str);
  return NULL;
}

const char *
rh_receivers_link_key (GHashTable *receivers)
{
  GHashTableIter iter;
  gpointer value;

  g_return_val_if_fail (receivers != NULL, NULL);

  /* The file names it once, for all. */
  g_hash_table_iter_init (&iter, receivers);
  return g_hash_table_iter_next (&iter, NULL, &value) ? ((const RhReceiver *)value)->link_key : NULL;
}

char *
rh_receiver_address (const RhReceiver *self)
{
  g_autofree char *to = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  if (self->endpoint != NULL)
    return g_strdup (self->endpoint->origin);
  to = g_strjoinv (", ", self->smtp->to);
  return g_strdup_printf ("%s by %s", to, self->smtp->server);
}

static JsonObject *
describe (const RhReceiver *self)
{
  JsonObject *object = json_object_new ();
  g_autofree char *address = rh_receiver_address (self);

  json_object_set_string_member (object, "name", self->name);
  json_object_set_string_member (object, "kind", self->endpoint != NULL ? "webhook" : "email");
  json_object_set_string_member (object, "address", address);
  json_object_set_array_member (object, "topics", royal_json_strings ((const char *const *)self->topics));
  json_object_set_int_member (object, "deadline_s", self->deadline_s);
  json_object_set_int_member (object, "per_minute", self->per_minute);
  return object;
}

char *
rh_receivers_describe (GHashTable *receivers)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *list = json_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_return_val_if_fail (receivers != NULL, NULL);

  g_hash_table_iter_init (&iter, receivers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    json_array_add_object_element (list, describe (value));
  json_node_take_array (node, list);
  return royal_json_to_string (node);
}
