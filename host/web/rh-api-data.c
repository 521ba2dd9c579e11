/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-routes.h"

#include "rh-retail-import.h"
#include "royal-json.h"

/* The import of CSV files: as a body of its own, or as a form's file. */

/* What the query says of the season that a file belongs to; the import checks it. */
static const struct {
  const char *query;
  const char *member;
} described[] = {
  { "season", "code" },           { "category", "category" },   { "name", "name" },
  { "start", "start" },           { "archetype", "archetype" }, { "currency", "currency" },
  { "list_price", "list_price" }, { "unit_cost", "unit_cost" },
};

static gboolean
describe_forecast (RhRequest *request, JsonObject *about)
{
  gint64 weeks;

  for (guint i = 0; i < G_N_ELEMENTS (described); i++)
    if (rh_request_query (request, described[i].query) != NULL)
      json_object_set_string_member (about, described[i].member, rh_request_query (request, described[i].query));
  if (!rh_request_number (request, "weeks", 1, 104, 0, &weeks))
    return FALSE;
  if (weeks > 0)
    json_object_set_int_member (about, "weeks", weeks);
  return TRUE;
}

/* (transfer full): what the import is told of the file; NULL when it was refused. */
static JsonObject *
about_of (RhRequest *request, const char *kind)
{
  g_autoptr (JsonObject) about = json_object_new ();
  const char *season = rh_request_query (request, "season");

  if (strcmp (kind, "history") == 0 && rh_request_query (request, "gaps") != NULL)
    json_object_set_string_member (about, "gaps", rh_request_query (request, "gaps"));
  if (strcmp (kind, "forecast") != 0 && strcmp (kind, "actuals") != 0)
    return g_steal_pointer (&about);
  if (season == NULL)
    {
      rh_request_refuse (request, RH_PROBLEM_INVALID, NULL, "the query is to name the season");
      return NULL;
    }
  if (strcmp (kind, "actuals") == 0)
    json_object_set_string_member (about, "season", season);
  else if (!describe_forecast (request, about))
    return NULL;
  return g_steal_pointer (&about);
}

static void
on_imported (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *summary = rh_retail_import_finish (result, &error);

  if (summary == NULL)
    {
      rh_request_fail (request, error);
      return;
    }
  rh_gate_kick (rh_request_context (request)->gate);
  rh_request_reply (request, SOUP_STATUS_OK, summary);
}

static void
import (RhRequest *request, const char *kind, JsonObject *about, GBytes *csv)
{
  gint64 dry_run;

  if (rh_request_number (request, "dry_run", 0, 1, 0, &dry_run))
    rh_retail_import_async (rh_request_context (request)->store, rh_request_workspace (request),
                            rh_request_caller (request)->name, kind, about, csv, dry_run == 1, NULL, on_imported,
                            rh_request_ref (request));
}

void
rh_api_import (RhRequest *request)
{
  static const char *const kinds[] = { "stores",  "forecast", "actuals",   "history", "catalog",
                                       "signals", "prices",   "suppliers", "traffic", NULL };
  const char *kind = rh_request_parameter (request);
  g_autoptr (JsonObject) about = NULL;
  g_autoptr (GBytes) csv = NULL;

  if (!g_strv_contains (kinds, kind))
    {
      rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL,
                         "what can be imported is stores, forecast, actuals, history, catalog, signals, prices, "
                         "suppliers and traffic");
      return;
    }
  about = about_of (request, kind);
  if (about == NULL)
    return;
  csv = rh_request_take_bytes (request);
  import (request, kind, about, csv);
}

/* A form that was sent: one file, and fields. */
typedef struct {
  GBytes *file;
  GHashTable *fields; /* name → text */
} Form;

static void
form_clear (Form *self)
{
  g_clear_pointer (&self->file, g_bytes_unref);
  g_clear_pointer (&self->fields, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Form, form_clear)

#define FIELD_MAX 200

/* One part of the form; FALSE when it was refused. */
static gboolean
take_part (RhRequest *request, Form *form, SoupMessageHeaders *headers, GBytes *body)
{
  g_autoptr (GHashTable) parameters = NULL;
  g_autofree char *disposition = NULL;
  const char *name;
  gsize length = g_bytes_get_size (body);

  if (!soup_message_headers_get_content_disposition (headers, &disposition, &parameters))
    {
      rh_request_refuse (request, RH_PROBLEM_MALFORMED, NULL, "a part of the form has no name");
      return FALSE;
    }
  name = g_hash_table_lookup (parameters, "name");
  if (g_hash_table_contains (parameters, "filename") || g_strcmp0 (name, "file") == 0)
    {
      if (form->file != NULL)
        {
          rh_request_refuse (request, RH_PROBLEM_INVALID, NULL, "the form is to hold one file");
          return FALSE;
        }
      form->file = g_bytes_ref (body);
      return TRUE;
    }
  if (name == NULL || length > FIELD_MAX || !g_utf8_validate (name, -1, NULL) ||
      !g_utf8_validate_len (g_bytes_get_data (body, NULL), length, NULL))
    {
      rh_request_refuse (request, RH_PROBLEM_INVALID, NULL, "a field of the form is to be text of at most %u bytes",
                         FIELD_MAX);
      return FALSE;
    }
  g_hash_table_replace (form->fields, g_strdup (name), g_strndup (g_bytes_get_data (body, NULL), length));
  return TRUE;
}

static gboolean
read_form (RhRequest *request, Form *form)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (rh_request_message (request));
  g_autoptr (GBytes) body = rh_request_take_bytes (request);
  g_autoptr (SoupMultipart) parts = soup_multipart_new_from_message (headers, body);

  form->fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (parts == NULL)
    {
      rh_request_refuse (request, RH_PROBLEM_MALFORMED, NULL, "the body is no multipart form");
      return FALSE;
    }
  for (int i = 0; i < soup_multipart_get_length (parts); i++)
    {
      SoupMessageHeaders *part_headers;
      GBytes *part;

      if (!soup_multipart_get_part (parts, i, &part_headers, &part) || !take_part (request, form, part_headers, part))
        return FALSE;
    }
  if (form->file != NULL)
    return TRUE;
  rh_request_refuse (request, RH_PROBLEM_INVALID, "/file", "the form is to hold a CSV file");
  return FALSE;
}

/* The form's fields, beside the query's: all of them known. */
static gboolean
check_fields (RhRequest *request, const Form *form, const char *const *known)
{
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, form->fields);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (!g_strv_contains (known, name))
      {
        rh_request_refuse (request, RH_PROBLEM_INVALID, NULL, "the form's %s is not known here", (char *)name);
        return FALSE;
      }
  return TRUE;
}

static const char *
field (RhRequest *request, const Form *form, const char *name)
{
  const char *value = g_hash_table_lookup (form->fields, name);

  return value != NULL ? value : rh_request_query (request, name);
}

void
rh_api_upload_history (RhRequest *request)
{
  static const char *const known[] = { "gaps", NULL };
  g_auto (Form) form = { 0 };
  g_autoptr (JsonObject) about = json_object_new ();

  if (rh_request_is_over (request) || !read_form (request, &form) || !check_fields (request, &form, known))
    return;
  if (field (request, &form, "gaps") != NULL)
    json_object_set_string_member (about, "gaps", field (request, &form, "gaps"));
  import (request, "history", about, form.file);
}

void
rh_api_upload_week (RhRequest *request)
{
  static const char *const known[] = { "season", "forecast_id", NULL };
  g_auto (Form) form = { 0 };
  g_autoptr (JsonObject) about = json_object_new ();
  const char *season;

  if (rh_request_is_over (request) || !read_form (request, &form) || !check_fields (request, &form, known))
    return;
  season = field (request, &form, "season");
  if (season == NULL)
    season = field (request, &form, "forecast_id");
  if (season == NULL)
    {
      rh_request_refuse (request, RH_PROBLEM_INVALID, "/season",
                         "the form or the query is to name the season or its forecast");
      return;
    }
  json_object_set_string_member (about, "season", season);
  import (request, "actuals", about, form.file);
}
