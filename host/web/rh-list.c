/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-list.h"

#include "rh-reveal.h"

#include <string.h>

/* A list as it goes out. Those who asked the same at the same time are answered with the same bytes. */
typedef struct {
  const char *column;
  gint64 limit;
  GBytes *text;
  gboolean is_sealed; /* perhaps, in places */
} List;

static void
list_free (gpointer data)
{
  List *self = data;

  g_bytes_unref (self->text);
  g_free (self);
}

/* (transfer full) */
static GString *
list_text (RhRows *rows, const char *column, const char *cursor, gint64 limit)
{
  GString *text = g_string_new ("{\"items\":[");
  guint n = rh_rows_n (rows);

  for (guint i = 0; i < n; i++)
    {
      if (i > 0)
        g_string_append_c (text, ',');
      g_string_append (text, rh_rows_string (rows, i, column));
    }
  g_string_append (text, "],\"next\":");
  if (n > 0 && limit > 0 && n == limit)
    g_string_append_printf (text, "\"%s\"", rh_rows_string (rows, n - 1, cursor));
  else
    g_string_append (text, "null");
  g_string_append_c (text, '}');
  return text;
}

/* (transfer none): kept with @rows. */
static const List *
list_of (RhRows *rows, const char *column, const char *cursor, gint64 limit)
{
  List *self = rh_rows_kept (rows, list_free);
  GString *text;

  if (self != NULL && self->limit == limit && strcmp (self->column, column) == 0)
    return self;
  text = list_text (rows, column, cursor, limit);
  self = g_new (List, 1);
  *self = (List){ .column = column, .limit = limit, .is_sealed = rh_reveal_is_sealed (text->str) };
  self->text = g_string_free_to_bytes (text);
  rh_rows_keep (rows, self, list_free);
  return self;
}

void
rh_list_reply (RhRequest *request, RhRows *rows, const char *column, const char *cursor, gint64 limit)
{
  rh_request_reply_bytes (request, SOUP_STATUS_OK, "application/json", list_of (rows, column, cursor, limit)->text,
                          "no-store");
}

void
rh_list_reveal (RhRequest *request, RhRows *rows, const char *column, const char *cursor, gint64 limit, guint roles)
{
  const List *list = list_of (rows, column, cursor, limit);
  gsize length;
  const char *text = g_bytes_get_data (list->text, &length);

  if (list->is_sealed)
    rh_reveal_text (request, SOUP_STATUS_OK, roles, g_strndup (text, length));
  else
    rh_request_reply_bytes (request, SOUP_STATUS_OK, "application/json", list->text, "no-store");
}

gint64
rh_list_limit (RhRequest *request)
{
  const char *text = rh_request_query (request, "limit");

  return text != NULL ? g_ascii_strtoll (text, NULL, 10) : RH_LIST_DEFAULT;
}

/* (transfer full): an SQL array; "" = all. NULL when one of them is no state. */
static char *
states_sql (const char *asked, const char *const *states)
{
  g_auto (GStrv) names = NULL;
  g_autofree char *joined = NULL;

  if (asked == NULL || g_strcmp0 (asked, "all") == 0)
    return g_strdup ("");
  names = g_strsplit (asked, ",", 32);
  for (guint i = 0; names[i] != NULL; i++)
    if (!g_strv_contains (states, names[i]))
      return NULL;
  joined = g_strjoinv (",", names);
  return g_strdup_printf ("{%s}", joined);
}

void
rh_list_run (RhRequest *request, const RhStatement *statement, const char *const *states, RhRequestRows then)
{
  g_autofree char *sql = states_sql (rh_request_query (request, "state"), states);
  g_autofree char *batch = NULL;
  const char *cursor = rh_request_query (request, "cursor");
  const char *params[3];
  gint64 limit, before;

  if (!rh_request_number (request, "limit", 1, RH_LIST_MAX, RH_LIST_DEFAULT, &limit) ||
      !rh_request_number (request, "cursor", 1, G_MAXINT64, 0, &before))
    return;
  if (sql == NULL)
    {
      g_autofree char *known = g_strjoinv (", ", (char **)states);

      rh_request_refuse (request, RH_PROBLEM_INVALID, NULL, "a state is one of all, %s", known);
      return;
    }
  batch = g_strdup_printf ("%" G_GINT64_FORMAT, limit);
  params[0] = *sql != '\0' ? sql : NULL;
  params[1] = cursor;
  params[2] = batch;
  rh_request_call (request, statement, params, then);
}
