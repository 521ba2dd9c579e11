/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-audit.h"

#include "royal-json.h"

#include <string.h>

#define PAGE 1000

static const RhStatement page = { "audit.page", "select * from audit_page ($1::bigint, $2::int)", 2, FALSE };
static const RhStatement head = { "audit.head", "select seq, hash, pending from audit_head ()", 0, FALSE };

typedef struct {
  RhStore *store;
  gint64 workspace;
  gint64 anchor_seq; /* 0 = none */
  char *anchor_hash;

  gint64 seq; /* the last record that holds */
  char *hash;
  char *name; /* the workspace's, as the first record has it */
  gint64 pending;
  gboolean looked_again; /* the head was beyond the last page, and one more was asked for */
  gint64 fault_seq;
  char *fault;
} Walk;

static void
walk_free (gpointer data)
{
  Walk *self = data;

  g_object_unref (self->store);
  g_free (self->anchor_hash);
  g_free (self->hash);
  g_free (self->name);
  g_free (self->fault);
  g_free (self);
}

static gboolean
refuse (Walk *self, gint64 seq, const char *reason)
{
  if (self->fault == NULL)
    {
      self->fault_seq = seq;
      self->fault = g_strdup (reason);
    }
  return FALSE;
}

/* Whether the columns, which are what people search and read, say what the record says. */
static const char *
find_lie (JsonObject *record, RhRows *rows, guint row)
{
  static const char *const columns[] = { "at", "kind", "subject", "actor" };

  if (royal_json_int (record, "seq", -1) != rh_rows_int64 (rows, row, "seq"))
    return "the record bears another number";
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    if (g_strcmp0 (royal_json_string (record, columns[i], NULL), rh_rows_string (rows, row, columns[i])) != 0)
      return "a column differs from the record";
  return NULL;
}

static gboolean
check_row (Walk *self, RhRows *rows, guint row)
{
  gint64 seq = rh_rows_int64 (rows, row, "seq");
  const char *text = rh_rows_string (rows, row, "record");
  const char *hash = rh_rows_string (rows, row, "hash");
  g_autofree char *computed = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  g_autoptr (JsonNode) node = NULL;
  JsonObject *record;
  const char *lie;

  if (seq != self->seq + 1)
    return refuse (self, self->seq + 1, "the record is missing");
  if (strcmp (computed, hash) != 0)
    return refuse (self, seq, "the record is not what was hashed");
  node = royal_json_parse (text, -1, "record", NULL);
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return refuse (self, seq, "the record is no JSON object");
  record = json_node_get_object (node);
  if (strcmp (royal_json_string (record, "prev", ""), self->hash) != 0)
    return refuse (self, seq, "the record does not follow the one before it");
  lie = find_lie (record, rows, row);
  if (lie != NULL)
    return refuse (self, seq, lie);
  if (self->name == NULL)
    self->name = g_strdup (royal_json_string (record, "workspace", ""));
  if (strcmp (royal_json_string (record, "workspace", ""), self->name) != 0)
    return refuse (self, seq, "the record is another workspace's");
  if (seq == self->anchor_seq && strcmp (hash, self->anchor_hash) != 0)
    return refuse (self, seq, "the record is not the one that the anchor names");

  self->seq = seq;
  g_free (self->hash);
  self->hash = g_strdup (hash);
  return TRUE;
}

static JsonNode *
make_report (const Walk *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *report = json_object_new (), *end = json_object_new ();

  json_object_set_boolean_member (report, "ok", self->fault == NULL);
  json_object_set_int_member (report, "rows", self->seq);
  json_object_set_int_member (report, "pending", self->pending);
  json_object_set_int_member (end, "seq", self->seq);
  json_object_set_string_member (end, "hash", self->hash);
  json_object_set_object_member (report, "head", end);
  if (self->fault != NULL)
    {
      JsonObject *fault = json_object_new ();

      json_object_set_int_member (fault, "seq", self->fault_seq);
      json_object_set_string_member (fault, "reason", self->fault);
      json_object_set_object_member (report, "fault", fault);
    }
  else
    json_object_set_null_member (report, "fault");
  json_node_take_object (node, report);
  return node;
}

static void read_page (GTask *task);

static void
on_head (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Walk *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL || rh_rows_n (rows) != 1)
    {
      if (rows != NULL)
        g_set_error (&error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "the database names no head");
      g_task_return_error (task, error);
      return;
    }
  self->pending = rh_rows_int64 (rows, 0, "pending");
  /* What was chained since the last page was read is walked too; what the walk then still does not find is gone. */
  if (self->fault == NULL && rh_rows_int64 (rows, 0, "seq") > self->seq && !self->looked_again)
    {
      self->looked_again = TRUE;
      read_page (task);
      return;
    }
  if (self->fault == NULL)
    {
      if (rh_rows_int64 (rows, 0, "seq") > self->seq)
        (void)refuse (self, self->seq + 1, "records are missing at the end");
      else if (rh_rows_int64 (rows, 0, "seq") < self->seq)
        (void)refuse (self, rh_rows_int64 (rows, 0, "seq") + 1, "the record is beyond the head");
      else if (strcmp (rh_rows_string (rows, 0, "hash"), self->hash) != 0)
        (void)refuse (self, self->seq, "the head is another record");
      else if (self->anchor_seq > self->seq)
        (void)refuse (self, self->seq + 1, "records are missing at the end: the anchor is beyond it");
    }
  g_task_return_pointer (task, make_report (self), (GDestroyNotify)json_node_unref);
}

static void
on_page (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Walk *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; i < rh_rows_n (rows); i++)
    if (!check_row (self, rows, i))
      break;
  if (rh_rows_n (rows) > 0 && self->fault == NULL)
    {
      self->looked_again = FALSE;
      read_page (task);
    }
  else
    rh_store_call_async (self->store, &head, self->workspace, NULL, g_task_get_cancellable (task), on_head,
                         g_object_ref (task));
}

static void
read_page (GTask *task)
{
  const Walk *self = g_task_get_task_data (task);
  char after[32];

  g_snprintf (after, sizeof after, "%" G_GINT64_FORMAT, self->seq);
  rh_store_call_async (self->store, &page, self->workspace, (const char *const[]){ after, G_STRINGIFY (PAGE) },
                       g_task_get_cancellable (task), on_page, g_object_ref (task));
}

void
rh_audit_verify_async (RhStore *store,
                       gint64 workspace,
                       const RhAuditAnchor *anchor,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  g_autoptr (GTask) task = NULL;
  Walk *self;

  g_return_if_fail (RH_IS_STORE (store) && workspace != RH_NO_WORKSPACE);

  task = g_task_new (NULL, cancellable, callback, data);
  g_task_set_source_tag (task, rh_audit_verify_async);
  self = g_new0 (Walk, 1);
  self->store = g_object_ref (store);
  self->workspace = workspace;
  self->anchor_seq = anchor != NULL ? anchor->seq : 0;
  self->anchor_hash = g_strdup (anchor != NULL ? anchor->hash : NULL);
  self->hash = g_strnfill (64, '0');
  g_task_set_task_data (task, self, walk_free);
  read_page (task);
}

JsonNode *
rh_audit_verify_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
