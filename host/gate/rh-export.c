/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-export.h"

#include "royal-json.h"

#include <royal/error.h>

#define PAGE 500

static const RhStatement segments = {
  "audit.export_segments",
  "select entry->>'segment' as segment, entry->>'first' as first, entry->>'last' as last,"
  " (entry->>'dropped_at') is not null as dropped,"
  " jsonb_build_object ('segment', entry->'segment', 'statement', entry->'statement', 'signature', entry->'signature')"
  " as line from audit_segment_list () where $1::bigint in (0, cursor)",
  1, FALSE
};
static const RhStatement page = {
  "audit.export",
  "select seq, jsonb_build_object ('seq', seq, 'at', at, 'kind', kind, 'subject', subject, 'actor', actor,"
  " 'record', record, 'hash', hash) as line,"
  " case when statement is not null then jsonb_build_object ('statement', statement, 'signature', signature) end as "
  "signed"
  " from audit_page ($1::bigint, $2::int, $3::bigint)",
  3, FALSE
};

typedef enum { AT_KEY, AT_RECORDS, AT_END } Stage;

struct _RhExport {
  GObject parent;

  RhStore *store;
  gint64 workspace;
  RhCheckpoints *checkpoints;
  gint64 segment;
  gint64 after;
  gint64 upto;
  Stage stage;
  GChecksum *digest;
};

G_DEFINE_FINAL_TYPE (RhExport, rh_export, G_TYPE_OBJECT)

static void
rh_export_finalize (GObject *object)
{
  RhExport *self = RH_EXPORT (object);

  g_object_unref (self->store);
  g_clear_object (&self->checkpoints);
  g_clear_pointer (&self->digest, g_checksum_free);
  G_OBJECT_CLASS (rh_export_parent_class)->finalize (object);
}

static void
rh_export_class_init (RhExportClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_export_finalize;
}

static void
rh_export_init (RhExport *self)
{
}

RhExport *
rh_export_new (RhStore *store, gint64 workspace, RhCheckpoints *checkpoints, gint64 after, gint64 segment)
{
  RhExport *self;

  g_return_val_if_fail (RH_IS_STORE (store) && workspace != RH_NO_WORKSPACE, NULL);
  g_return_val_if_fail (checkpoints == NULL || RH_IS_CHECKPOINTS (checkpoints), NULL);

  self = g_object_new (RH_TYPE_EXPORT, NULL);
  self->store = g_object_ref (store);
  self->workspace = workspace;
  self->checkpoints = checkpoints != NULL ? g_object_ref (checkpoints) : NULL;
  self->after = after;
  self->upto = G_MAXINT64;
  self->segment = segment;
  return self;
}

static void
put_line (GString *text, const char *line)
{
  g_string_append (text, line);
  g_string_append_c (text, '\n');
}

static void
put_key (RhExport *self, GString *text)
{
  const RhSigner *signer;

  if (self->checkpoints == NULL)
    return;
  signer = rh_checkpoints_signer (self->checkpoints);
  g_string_append_printf (text, "{\"key\":\"%s\",\"public\":\"%s\"}\n", rh_signer_id (signer),
                          rh_signer_public (signer));
}

/* FALSE when the one segment that was asked for cannot be exported. */
static gboolean
take_segment (RhExport *self, RhRows *rows, GError **error)
{
  if (rh_rows_n (rows) == 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "no segment %" G_GINT64_FORMAT, self->segment);
      return FALSE;
    }
  if (rh_rows_boolean (rows, 0, "dropped"))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "the records of segment %" G_GINT64_FORMAT " were dropped",
                   self->segment);
      return FALSE;
    }
  self->after = MAX (self->after, rh_rows_int64 (rows, 0, "first") - 1);
  self->upto = rh_rows_int64 (rows, 0, "last");
  return TRUE;
}

static void read_page (RhExport *self, GTask *task);

static void
on_segments (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhExport *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  GString *text;

  if (rows == NULL || (self->segment != 0 && !take_segment (self, rows, &error)))
    {
      g_task_return_error (task, error);
      return;
    }
  self->stage = AT_RECORDS;
  text = g_string_new (NULL);
  put_key (self, text);
  for (guint i = 0; i < rh_rows_n (rows); i++)
    put_line (text, rh_rows_string (rows, i, "line"));
  if (text->len > 0)
    g_task_return_pointer (task, g_string_free (text, FALSE), g_free);
  else
    {
      g_string_free (text, TRUE);
      read_page (self, g_object_ref (task));
    }
}

static void
on_page (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhExport *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  GString *text;

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  text = g_string_new (NULL);
  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      put_line (text, rh_rows_string (rows, i, "line"));
      if (!rh_rows_is_null (rows, i, "signed"))
        put_line (text, rh_rows_string (rows, i, "signed"));
      self->after = rh_rows_int64 (rows, i, "seq");
    }
  if (rh_rows_n (rows) < PAGE)
    {
      self->stage = AT_END;
      g_string_append_printf (text, "{\"end\":%" G_GINT64_FORMAT "}\n", self->after);
    }
  g_task_return_pointer (task, g_string_free (text, FALSE), g_free);
}

static void
read_page (RhExport *self, GTask *task)
{
  char after[24], upto[24];

  g_snprintf (after, sizeof after, "%" G_GINT64_FORMAT, self->after);
  g_snprintf (upto, sizeof upto, "%" G_GINT64_FORMAT, self->upto);
  rh_store_call_async (self->store, &page, self->workspace, (const char *const[]){ after, G_STRINGIFY (PAGE), upto },
                       NULL, on_page, task);
}

void
rh_export_next_async (RhExport *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = NULL;
  char segment[24];

  g_return_if_fail (RH_IS_EXPORT (self));

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_export_next_async);
  g_snprintf (segment, sizeof segment, "%" G_GINT64_FORMAT, self->segment);
  if (self->stage == AT_END)
    g_task_return_pointer (task, NULL, NULL);
  else if (self->stage == AT_KEY)
    rh_store_call_async (self->store, &segments, self->workspace, (const char *const[]){ segment }, NULL, on_segments,
                         g_object_ref (task));
  else
    read_page (self, g_object_ref (task));
}

char *
rh_export_next_finish (RhExport *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_digested (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhExport *self = RH_EXPORT (source);
  GError *error = NULL;
  g_autofree char *text = rh_export_next_finish (self, result, &error);

  if (error != NULL)
    g_task_return_error (task, error);
  else if (text == NULL)
    g_task_return_pointer (task, g_strdup (g_checksum_get_string (self->digest)), g_free);
  else
    {
      g_checksum_update (self->digest, (const guchar *)text, -1);
      rh_export_next_async (self, on_digested, g_object_ref (task));
    }
}

void
rh_export_digest_async (RhExport *self, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task;

  g_return_if_fail (RH_IS_EXPORT (self) && self->digest == NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_export_digest_async);
  self->digest = g_checksum_new (G_CHECKSUM_SHA256);
  rh_export_next_async (self, on_digested, task);
}

char *
rh_export_digest_finish (RhExport *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
