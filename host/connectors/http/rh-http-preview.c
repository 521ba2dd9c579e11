/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-http-preview.h"

#include "royal-json.h"

#include <string.h>

#define CHANGES_MAX 50
#define TEXT_MAX 200

JsonNode *
rh_http_facts (const RhHttpEndpoint *endpoint, JsonObject *request, const RhHttpAnswer *observed)
{
  g_autoptr (JsonObject) facts = json_object_new ();
  g_autofree char *body =
      json_object_has_member (request, "body") ? royal_json_to_string (json_object_get_member (request, "body")) : NULL;

  json_object_set_string_member (facts, "endpoint", endpoint->name);
  json_object_set_string_member (facts, "origin", endpoint->origin);
  json_object_set_string_member (facts, "method", royal_json_string (request, "method", ""));
  json_object_set_string_member (facts, "path", royal_json_string (request, "path", ""));
  json_object_set_int_member (facts, "body_bytes", body != NULL ? (gint64)strlen (body) : 0);
  json_object_set_boolean_member (facts, "idempotent", endpoint->idempotent);
  json_object_set_boolean_member (facts, "can_verify", endpoint->idempotent || endpoint->verify != NULL);
  json_object_set_boolean_member (facts, "can_undo", royal_json_object (request, "undo") != NULL);
  if (observed != NULL)
    json_object_set_boolean_member (facts, "exists", observed->status != 404);
  return json_node_init_object (json_node_alloc (), facts);
}

/* (transfer full): as people read it. */
static char *
text_of (JsonNode *node)
{
  g_autofree char *text = NULL;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return g_strdup ("–");
  text = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING ? json_node_dup_string (node)
                                                                                          : royal_json_to_string (node);
  if (g_utf8_strlen (text, -1) > TEXT_MAX)
    {
      g_autofree char *head = g_utf8_substring (text, 0, TEXT_MAX);

      return g_strconcat (head, "…", NULL);
    }
  return g_steal_pointer (&text);
}

static void
add_change (JsonArray *changes, const char *label, JsonNode *before, JsonNode *after)
{
  JsonObject *change = json_object_new ();
  g_autofree char *was = text_of (before), *will = text_of (after);

  json_object_set_string_member (change, "label", label);
  json_object_set_string_member (change, "before", was);
  json_object_set_string_member (change, "after", will);
  json_array_add_object_element (changes, change);
}

static JsonObject *
object_of (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JsonNode *
rh_http_preview (const RhHttpEndpoint *endpoint, JsonObject *request, const RhHttpAnswer *observed)
{
  g_autoptr (JsonObject) preview = json_object_new ();
  JsonArray *changes = json_array_new ();
  JsonNode *body = json_object_get_member (request, "body");
  JsonObject *now = observed != NULL && observed->status != 404 ? object_of (observed->json) : NULL;
  g_autofree char *summary = g_strdup_printf ("%s %s%s", royal_json_string (request, "method", ""), endpoint->origin,
                                              royal_json_string (request, "path", ""));

  if (object_of (body) != NULL)
    {
      JsonObjectIter iter;
      const char *name;
      JsonNode *value;

      json_object_iter_init_ordered (&iter, object_of (body));
      while (json_array_get_length (changes) < CHANGES_MAX && json_object_iter_next_ordered (&iter, &name, &value))
        {
          JsonNode *was = now != NULL ? json_object_get_member (now, name) : NULL;

          if (was == NULL || !json_node_equal (was, value))
            add_change (changes, name, was, value);
        }
    }
  else if (body != NULL)
    add_change (changes, "body", NULL, body);
  else if (strcmp (royal_json_string (request, "method", ""), "DELETE") == 0 && observed != NULL)
    add_change (changes, royal_json_string (request, "path", ""), observed->json, NULL);
  json_object_set_string_member (preview, "summary", summary);
  json_object_set_array_member (preview, "changes", changes);
  return json_node_init_object (json_node_alloc (), preview);
}
