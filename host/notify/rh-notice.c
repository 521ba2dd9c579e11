/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-notice.h"

#include "rh-approval-link.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

/* Of an event, between rh_notice_sign() and what is sent. */
#define TICKET "ticket"

/* What is told as a part of the link alone. */
static const char *const kept[] = { TICKET, "digest" };

/* What people are told of a kind of event: of one, and of several. `page` is where the console shows its subject. */
static const struct {
  const char *kind;
  const char *one;
  const char *several;
  const char *page;
} kinds[] = {
  { "approval.required", "A proposal waits for an answer", "proposals wait for an answer", "approvals" },
  { "approval.escalated", "A proposal still waits, and its deadline is near",
    "proposals still wait, and their deadlines are near", "approvals" },
  { "control.stopped", "Everything has been stopped", "stops of everything", NULL },
  { "control.resumed", "What was stopped goes on", "times what was stopped goes on", NULL },
  { "breaker.opened", "An agent's breaker has opened", "breakers of agents have opened", "agents" },
  { "job.failed", "A job has failed for good", "jobs have failed for good", "jobs" },
  { "workflow.failed", "A workflow has failed", "workflows have failed", "workflows" },
  { "retail.variance", "A season's sales are off its forecast", "seasons' sales are off their forecasts", "season" },
  { "notification.test", "A test: notifications reach you", "tests", NULL },
};

void
rh_notice_free (RhNotice *self)
{
  if (self == NULL)
    return;
  g_free (self->id);
  g_free (self->receiver);
  g_free (self->kind);
  g_clear_pointer (&self->events, json_array_unref);
  g_free (self);
}

static guint
kind_of (const RhNotice *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (strcmp (kinds[i].kind, self->kind) == 0)
      return i;
  return G_N_ELEMENTS (kinds);
}

char *
rh_notice_title (const RhNotice *self)
{
  guint kind;

  g_return_val_if_fail (self != NULL, NULL);

  kind = kind_of (self);
  if (kind == G_N_ELEMENTS (kinds))
    return g_strdup_printf ("%" G_GINT64_FORMAT " × %s", self->n, self->kind);
  if (self->n > 1)
    return g_strdup_printf ("%" G_GINT64_FORMAT " %s", self->n, kinds[kind].several);
  return g_strdup (kinds[kind].one);
}

static gboolean
sign_event (const RhNotice *self, JsonObject *event, RhSecret *key, gint64 workspace, GError **error)
{
  const char *subject = royal_json_string (event, "subject", NULL);
  const char *digest = royal_json_string (event, "digest", NULL);
  g_autoptr (GDateTime) deadline = g_date_time_new_from_iso8601 (royal_json_string (event, "expires_at", ""), NULL);
  RhApprovalLink link = { 0 };
  g_autofree char *ticket = NULL;

  if (subject == NULL || digest == NULL || deadline == NULL)
    return TRUE;
  g_strlcpy (link.notice, self->id, sizeof link.notice);
  g_strlcpy (link.digest, digest, sizeof link.digest);
  link.expires_s = g_date_time_to_unix (deadline);
  ticket = rh_approval_link_make (key, workspace, subject, &link, error);
  if (ticket != NULL)
    json_object_set_string_member (event, TICKET, ticket);
  return ticket != NULL;
}

gboolean
rh_notice_sign (RhNotice *self, RhSecret *key, gint64 workspace, GError **error)
{
  g_return_val_if_fail (self != NULL && key != NULL, FALSE);

  for (guint i = 0; i < json_array_get_length (self->events); i++)
    if (!sign_event (self, json_array_get_object_element (self->events, i), key, workspace, error))
      return FALSE;
  return TRUE;
}

/* (transfer full) (nullable): where the console shows what an event is about. Without a login it shows nothing. */
static char *
link_of (const RhNotice *self, JsonObject *event, const char *link)
{
  guint kind = kind_of (self);
  const char *subject = royal_json_string (event, "subject", NULL), *ticket;
  g_autofree char *escaped = NULL;

  if (link == NULL)
    return NULL;
  if (kind == G_N_ELEMENTS (kinds) || kinds[kind].page == NULL || subject == NULL)
    return g_strconcat (link, "/#/overview", NULL);
  escaped = g_uri_escape_string (subject, NULL, FALSE);
  ticket = royal_json_string (event, TICKET, NULL);
  return g_strconcat (link, "/#/", kinds[kind].page, "/", escaped, ticket != NULL ? "?link=" : NULL, ticket, NULL);
}

static void
add (GString *line, const char *before, const char *text)
{
  if (text != NULL)
    g_string_append_printf (line, "%s%s%s", line->len > 0 ? ", " : "", before, text);
}

/* What it is about: an action, a task, a workflow, or a season. */
static const char *
first_of (JsonObject *event)
{
  static const char *const names[] = { "action", "task", "workflow", "season" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (royal_json_string (event, names[i], NULL) != NULL)
      return royal_json_string (event, names[i], NULL);
  return NULL;
}

/* (transfer full): an event in a few words, on one line whatever it holds. */
static char *
line_of (JsonObject *event)
{
  GString *line = g_string_new (first_of (event));
  const char *subject = royal_json_string (event, "subject", NULL);
  gint64 items = royal_json_int (event, "items", 0);

  if (royal_json_string (event, "target", NULL) != NULL)
    g_string_append_printf (line, " on %s", royal_json_string (event, "target", ""));
  if (items > 0)
    g_string_append_printf (line, " (%" G_GINT64_FORMAT " items)", items);
  add (line, "by ", royal_json_string (event, "agent", royal_json_string (event, "by", NULL)));
  add (line, "risk ", royal_json_string (event, "risk", NULL));
  add (line, "", royal_json_string (event, "state", NULL));
  add (line, "", royal_json_string (event, "figures", NULL));
  add (line, "error ", royal_json_string (event, "error", NULL));
  add (line, "answer by ", royal_json_string (event, "expires_at", NULL));
  if (line->len == 0)
    g_string_append (line, subject != NULL ? subject : royal_json_string (event, "at", ""));
  for (char *p = line->str; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = ' ';
  return g_string_free (line, FALSE);
}

char *
rh_notice_text (const RhNotice *self, const char *link)
{
  g_autofree char *title = rh_notice_title (self);
  GString *text = g_string_new (title);
  guint n = json_array_get_length (self->events);

  g_string_append (text, ".\n");
  for (guint i = 0; i < n; i++)
    {
      JsonObject *event = json_array_get_object_element (self->events, i);
      g_autofree char *line = line_of (event);
      g_autofree char *url = link_of (self, event, link);

      g_string_append_printf (text, "\n- %s\n", line);
      if (url != NULL)
        g_string_append_printf (text, "  %s\n", url);
    }
  if (self->n > n)
    g_string_append_printf (text, "\nand %" G_GINT64_FORMAT " more.\n", self->n - n);
  return g_string_free (text, FALSE);
}

/* Slack's markup is made of &, < and >; what is escaped mentions nobody and is no link. */
static void
append_escaped (GString *out, const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    switch (*p)
      {
      case '&':
        g_string_append (out, "&amp;");
        break;
      case '<':
        g_string_append (out, "&lt;");
        break;
      case '>':
        g_string_append (out, "&gt;");
        break;
      default:
        g_string_append_c (out, *p);
      }
}

/* (transfer full) */
static char *
marked_up (const RhNotice *self, const char *link)
{
  g_autofree char *title = rh_notice_title (self);
  GString *text = g_string_new ("*");
  guint n = json_array_get_length (self->events);

  append_escaped (text, title);
  g_string_append_c (text, '*');
  for (guint i = 0; i < n; i++)
    {
      JsonObject *event = json_array_get_object_element (self->events, i);
      g_autofree char *line = line_of (event);
      g_autofree char *url = link_of (self, event, link);

      g_string_append (text, "\n• ");
      append_escaped (text, line);
      if (url != NULL)
        g_string_append_printf (text, " <%s|Open>", url);
    }
  if (self->n > n)
    g_string_append_printf (text, "\nand %" G_GINT64_FORMAT " more", self->n - n);
  return g_string_free (text, FALSE);
}

/* (transfer full) */
static JsonArray *
linked_events (const RhNotice *self, const char *link)
{
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < json_array_get_length (self->events); i++)
    {
      g_autoptr (JsonNode) copy = royal_json_copy (json_array_get_element (self->events, i));
      g_autofree char *url = link_of (self, json_node_get_object (copy), link);

      if (url != NULL)
        json_object_set_string_member (json_node_get_object (copy), "link", url);
      for (guint k = 0; k < G_N_ELEMENTS (kept); k++)
        if (json_object_has_member (json_node_get_object (copy), kept[k]))
          json_object_remove_member (json_node_get_object (copy), kept[k]);
      json_array_add_element (list, g_steal_pointer (&copy));
    }
  return list;
}

JsonNode *
rh_notice_body (const RhNotice *self, const char *link, gboolean text_alone)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *body = json_object_new ();
  g_autofree char *text = marked_up (self, link);
  g_autoptr (GDateTime) made = g_date_time_new_from_unix_utc (self->made_s);
  g_autofree char *timestamp = g_date_time_format (made, "%Y-%m-%dT%H:%M:%SZ");
  JsonObject *data;

  json_node_take_object (node, body);
  json_object_set_string_member (body, "text", text);
  if (text_alone)
    return node;
  data = json_object_new ();
  json_object_set_string_member (data, "id", self->id);
  json_object_set_int_member (data, "n", self->n);
  json_object_set_array_member (data, "events", linked_events (self, link));
  json_object_set_string_member (body, "type", self->kind);
  json_object_set_string_member (body, "timestamp", timestamp);
  json_object_set_object_member (body, "data", data);
  return node;
}
