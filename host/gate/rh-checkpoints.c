/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-checkpoints.h"

#include "rh-log.h"
#include "royal-json.h"

#include <errno.h>
#include <fcntl.h>
#include <royal/error.h>
#include <string.h>
#include <unistd.h>

#define TICK_MS 5000
#define RECORDS                                                                                                        \
  "10000" /* a chain that has grown by so many is signed at the next tick, however young its last checkpoint is */

static const RhStatement due = { "audit.due",
                                 "select workspace_id, workspace, seq, hash, at from audit_due ($1::bigint, $2::int)",
                                 2, FALSE };
static const RhStatement keep = { "audit.checkpoint",
                                  "select audit_checkpoint ($1::bigint, $2::bigint, $3, $4, $5) as fresh", 5, FALSE };

struct _RhCheckpoints {
  GObject parent;

  RhStore *store;
  RhSigner *signer;
  char *path;
  guint interval_s;
  gboolean asking;
  gboolean at_once; /* whatever the interval */
  guint tick_id;
};

G_DEFINE_FINAL_TYPE (RhCheckpoints, rh_checkpoints, G_TYPE_OBJECT)

/* One that is kept in the database, and then in the file. */
typedef struct {
  RhCheckpoints *checkpoints;
  char *line;
} Entry;

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_object_unref (self->checkpoints);
  g_free (self->line);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Entry, entry_free)

static void
rh_checkpoints_finalize (GObject *object)
{
  RhCheckpoints *self = RH_CHECKPOINTS (object);

  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_object_unref (self->store);
  rh_signer_free (self->signer);
  g_free (self->path);
  G_OBJECT_CLASS (rh_checkpoints_parent_class)->finalize (object);
}

static void
rh_checkpoints_class_init (RhCheckpointsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_checkpoints_finalize;
}

static void
rh_checkpoints_init (RhCheckpoints *self)
{
}

RhCheckpoints *
rh_checkpoints_new (RhStore *store, RhSigner *signer, const char *path, guint interval_s)
{
  RhCheckpoints *self;

  g_return_val_if_fail (RH_IS_STORE (store) && signer != NULL, NULL);

  self = g_object_new (RH_TYPE_CHECKPOINTS, NULL);
  self->store = g_object_ref (store);
  self->signer = signer;
  self->interval_s = interval_s;
  if (path != NULL)
    self->path =
        g_file_test (path, G_FILE_TEST_IS_DIR) ? g_build_filename (path, "checkpoints.jsonl", NULL) : g_strdup (path);
  return self;
}

const RhSigner *
rh_checkpoints_signer (RhCheckpoints *self)
{
  g_return_val_if_fail (RH_IS_CHECKPOINTS (self), NULL);

  return self->signer;
}

const char *
rh_checkpoints_path (RhCheckpoints *self)
{
  g_return_val_if_fail (RH_IS_CHECKPOINTS (self), NULL);

  return self->path;
}

char *
rh_checkpoints_sign (RhCheckpoints *self, const char *type, JsonObject *members, char **ret_signature)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;

  g_return_val_if_fail (RH_IS_CHECKPOINTS (self) && type != NULL && members != NULL && ret_signature != NULL, NULL);

  json_object_set_string_member (members, "type", type);
  json_object_set_string_member (members, "key", rh_signer_id (self->signer));
  json_node_set_object (node, members);
  text = royal_json_canonical (node);
  *ret_signature = rh_signer_sign (self->signer, text);
  return g_steal_pointer (&text);
}

/* --- The file ----------------------------------------------------------------------------------------------------- */

/* One write, to the end, whoever else writes there. */
static void
append_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Entry *entry = data;
  const char *path = entry->checkpoints->path;
  gsize length = strlen (entry->line);
  int fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  gboolean ok = fd >= 0 && write (fd, entry->line, length) == (gssize)length && fdatasync (fd) == 0;
  int saved = errno;

  if (fd >= 0)
    close (fd);
  if (ok)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s: %s", path, g_strerror (saved));
}

static void
on_appended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    rh_log (RH_LOG_ERROR, "audit.file_failed", "a checkpoint could not be written to its file", "error", error->message,
            NULL);
}

static void
append (Entry *entry)
{
  g_autoptr (GTask) task = g_task_new (entry->checkpoints, NULL, on_appended, NULL);

  g_task_set_source_tag (task, append);
  g_task_set_task_data (task, entry, entry_free);
  g_task_run_in_thread (task, append_in_thread);
}

/* --- Signing ------------------------------------------------------------------------------------------------------ */

static void
on_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Entry) entry = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    {
      if (!royal_error_is_unavailable (error))
        rh_log (RH_LOG_ERROR, "audit.checkpoint_refused", "a checkpoint was not kept", "error", error->message, NULL);
    }
  else if (rh_rows_boolean (rows, 0, "fresh") && entry->checkpoints->path != NULL)
    append (g_steal_pointer (&entry));
}

static char *
make_line (const char *statement, const char *signature)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "statement", statement);
  json_object_set_string_member (object, "signature", signature);
  json_node_take_object (node, object);
  text = royal_json_canonical (node);
  return g_strconcat (text, "\n", NULL);
}

static void
sign_row (RhCheckpoints *self, RhRows *rows, guint row)
{
  g_autoptr (JsonObject) members = json_object_new ();
  g_autofree char *statement = NULL, *signature = NULL;
  Entry *entry = g_new0 (Entry, 1);

  json_object_set_string_member (members, "workspace", rh_rows_string (rows, row, "workspace"));
  json_object_set_int_member (members, "seq", rh_rows_int64 (rows, row, "seq"));
  json_object_set_string_member (members, "hash", rh_rows_string (rows, row, "hash"));
  json_object_set_string_member (members, "at", rh_rows_string (rows, row, "at"));
  statement = rh_checkpoints_sign (self, "royal-checkpoint-1", members, &signature);
  entry->checkpoints = g_object_ref (self);
  entry->line = make_line (statement, signature);
  rh_store_call_async (self->store, &keep, RH_NO_WORKSPACE,
                       (const char *const[]){ rh_rows_string (rows, row, "workspace_id"),
                                              rh_rows_string (rows, row, "seq"), rh_rows_string (rows, row, "hash"),
                                              statement, signature },
                       NULL, on_kept, entry);
}

static void
on_due (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhCheckpoints) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->asking = FALSE;
  if (rows == NULL && !royal_error_is_unavailable (error))
    rh_log (RH_LOG_ERROR, "audit.checkpoint_failed", "checkpoints could not be made", "error", error->message, NULL);
  for (guint i = 0; rows != NULL && i < rh_rows_n (rows); i++)
    sign_row (self, rows, i);
  if (self->at_once)
    rh_checkpoints_kick (self);
}

static void
ask (RhCheckpoints *self)
{
  char seconds[16];

  g_snprintf (seconds, sizeof seconds, "%u", self->at_once ? 0 : self->interval_s);
  self->at_once = FALSE;
  self->asking = TRUE;
  rh_store_call_async (self->store, &due, RH_NO_WORKSPACE, (const char *const[]){ RECORDS, seconds }, NULL, on_due,
                       g_object_ref (self));
}

static gboolean
on_tick (gpointer data)
{
  RhCheckpoints *self = data;

  if (!self->asking && rh_store_is_available (self->store))
    ask (self);
  return G_SOURCE_CONTINUE;
}

void
rh_checkpoints_start (RhCheckpoints *self)
{
  g_return_if_fail (RH_IS_CHECKPOINTS (self));

  if (self->tick_id == 0)
    self->tick_id = g_timeout_add (MIN (TICK_MS, MAX (self->interval_s, 1) * 1000), on_tick, self);
}

void
rh_checkpoints_stop (RhCheckpoints *self)
{
  g_return_if_fail (RH_IS_CHECKPOINTS (self));

  g_clear_handle_id (&self->tick_id, g_source_remove);
}

void
rh_checkpoints_kick (RhCheckpoints *self)
{
  g_return_if_fail (RH_IS_CHECKPOINTS (self));

  self->at_once = TRUE;
  if (!self->asking)
    ask (self);
}
