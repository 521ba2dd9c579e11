/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-audit.h"

#include "rh-anchors.h"
#include "royal-json.h"

#include <string.h>

#define PAGE 1000
#define WALKS_MAX 2 /* at a time: each reads all of a chain */

static const RhStatement page = { "audit.page", "select * from audit_page ($1::bigint, $2::int)", 2, FALSE };
static const RhStatement head = { "audit.head",
                                  "select seq, hash, pending, statement, signature, workspace from audit_head ()", 0,
                                  FALSE };
static const RhStatement segments = { "audit.segments", "select entry from audit_segment_list ()", 0, FALSE };

static guint n_walks;

typedef struct {
  RhStore *store;
  gint64 workspace;
  RhCheckpoints *checkpoints; /* NULL = whatever is signed is not looked at */
  GArray *anchors;            /* RhAnchor: from the file and the caller, by their order */
  guint next_anchor;
  RhAnchor given; /* by the caller; seq 0 = none */
  GPtrArray *segments;
  guint next_segment;

  gint64 seq; /* the last record that holds */
  char *hash;
  char *name; /* the workspace's */
  gint64 pending;
  guint n_checkpoints;
  guint n_foreign;
  gint64 n_dropped;
  gboolean looked_again; /* the head was beyond the last page, and one more was asked for */
  gint64 fault_seq;
  char *fault;
} Walk;

static void
walk_free (gpointer data)
{
  Walk *self = data;

  n_walks--;
  g_object_unref (self->store);
  g_clear_object (&self->checkpoints);
  g_clear_pointer (&self->anchors, g_array_unref);
  g_clear_pointer (&self->segments, g_ptr_array_unref);
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

/* What is known from outside of the database of the record that the walk has come to. */
static gboolean
check_anchors (Walk *self)
{
  while (self->next_anchor < self->anchors->len)
    {
      const RhAnchor *anchor = &g_array_index (self->anchors, RhAnchor, self->next_anchor);

      if (anchor->seq > self->seq)
        return TRUE;
      self->next_anchor++;
      if (anchor->seq == self->seq && strcmp (anchor->hash, self->hash) != 0)
        return refuse (self, self->seq, "the record is not the one that the anchor names");
      if (anchor->seq < self->seq && anchor->seq == self->given.seq)
        return refuse (self, anchor->seq,
                       "the record that the anchor names was dropped: look into its segment's export");
    }
  return TRUE;
}

/* What the database says was signed of the record that the walk has come to, or, of one beyond, of the last. */
static gboolean
check_checkpoint (Walk *self, RhRows *rows, guint row, gint64 *ret_seq)
{
  g_autoptr (GError) error = NULL;
  RhAnchor anchor;

  *ret_seq = self->seq;
  if (self->checkpoints == NULL || rh_rows_is_null (rows, row, "statement"))
    return TRUE;
  if (!rh_anchor_read (rh_checkpoints_signer (self->checkpoints), self->name, rh_rows_string (rows, row, "statement"),
                       rh_rows_string (rows, row, "signature"), &anchor, &error))
    {
      if (!g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND))
        return refuse (self, self->seq, error->message);
      self->n_foreign++;
      return TRUE;
    }
  *ret_seq = anchor.seq;
  if (anchor.seq == self->seq && strcmp (anchor.hash, self->hash) != 0)
    return refuse (self, self->seq, "the record is not the one that the checkpoint names");
  return TRUE;
}

static const JsonObject *
segment_at (Walk *self)
{
  return self->next_segment < self->segments->len ? self->segments->pdata[self->next_segment] : NULL;
}

/* Whether what the statement says is signed, follows what the walk has come to, and is what the columns say. */
static gboolean
check_segment (Walk *self, JsonObject *segment)
{
  const char *statement = royal_json_string (segment, "statement", "");
  g_autoptr (JsonNode) node = royal_json_parse (statement, -1, "segment", NULL);
  JsonObject *said = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;

  if (self->checkpoints == NULL || !rh_signer_verify (rh_checkpoints_signer (self->checkpoints), statement,
                                                      royal_json_string (segment, "signature", "")))
    return refuse (self, self->seq + 1, "the records were dropped, and their segment is not signed by this host's key");
  if (strcmp (royal_json_string (said, "type", ""), "royal-segment-1") != 0 ||
      strcmp (royal_json_string (said, "workspace", ""), self->name) != 0 ||
      royal_json_int (said, "first", -1) != self->seq + 1 ||
      strcmp (royal_json_string (said, "prev", ""), self->hash) != 0 ||
      royal_json_int (said, "last", -1) != royal_json_int (segment, "last", 0) ||
      royal_json_int (said, "last", 0) <= self->seq ||
      strcmp (royal_json_string (said, "hash", ""), royal_json_string (segment, "hash", "-")) != 0)
    return refuse (self, self->seq + 1, "the records were dropped, and their segment does not fit there");
  return TRUE;
}

/* Passes over the records that were dropped with their segments. */
static gboolean
skip_dropped (Walk *self)
{
  JsonObject *segment;

  while ((segment = (JsonObject *)segment_at (self)) != NULL && royal_json_int (segment, "first", 0) <= self->seq + 1)
    {
      gint64 last = royal_json_int (segment, "last", 0);

      if (royal_json_string (segment, "dropped_at", NULL) == NULL)
        return TRUE;
      self->next_segment++;
      if (!check_segment (self, segment))
        return FALSE;
      self->n_dropped += last - self->seq;
      self->seq = last;
      g_free (self->hash);
      self->hash = g_strdup (royal_json_string (segment, "hash", ""));
      if (!check_anchors (self))
        return FALSE;
    }
  return TRUE;
}

/* The last record of a segment that was sealed is the one that it was sealed with. */
static gboolean
check_sealed (Walk *self)
{
  JsonObject *segment = (JsonObject *)segment_at (self);

  if (segment == NULL || royal_json_int (segment, "last", 0) > self->seq)
    return TRUE;
  self->next_segment++;
  if (strcmp (royal_json_string (segment, "hash", ""), self->hash) != 0)
    return refuse (self, self->seq, "the record is not the one that its segment was sealed with");
  return TRUE;
}

static gboolean
check_row (Walk *self, RhRows *rows, guint row)
{
  gint64 seq = rh_rows_int64 (rows, row, "seq");
  const char *text = rh_rows_string (rows, row, "record");
  const char *hash = rh_rows_string (rows, row, "hash");
  g_autofree char *computed = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  g_autoptr (JsonNode) node = NULL;
  gint64 signed_seq;
  JsonObject *record;
  const char *lie;

  if (!skip_dropped (self))
    return FALSE;
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
  if (strcmp (royal_json_string (record, "workspace", ""), self->name) != 0)
    return refuse (self, seq, "the record is another workspace's");

  self->seq = seq;
  g_free (self->hash);
  self->hash = g_strdup (hash);
  if (!check_anchors (self) || !check_sealed (self) || !check_checkpoint (self, rows, row, &signed_seq))
    {
      self->seq--;
      return FALSE;
    }
  if (self->checkpoints != NULL && !rh_rows_is_null (rows, row, "statement"))
    {
      if (signed_seq != seq)
        return refuse (self, seq, "the checkpoint is another record's");
      self->n_checkpoints++;
    }
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
  json_object_set_int_member (report, "checkpoints", self->n_checkpoints);
  json_object_set_int_member (report, "foreign", self->n_foreign);
  json_object_set_int_member (report, "dropped", self->n_dropped);
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

/* Whether the walk has come to where it all ends. */
static void
check_end (Walk *self, RhRows *rows)
{
  gint64 end = rh_rows_int64 (rows, 0, "seq"), signed_seq;

  if (self->fault != NULL || !skip_dropped (self))
    return;
  if (end > self->seq)
    (void)refuse (self, self->seq + 1, "records are missing at the end");
  else if (end < self->seq)
    (void)refuse (self, end + 1, "the record is beyond the head");
  else if (strcmp (rh_rows_string (rows, 0, "hash"), self->hash) != 0)
    (void)refuse (self, self->seq, "the head is another record");
  else if (self->next_anchor < self->anchors->len)
    (void)refuse (self, self->seq + 1, "records are missing at the end: the anchor is beyond it");
  else if (check_checkpoint (self, rows, 0, &signed_seq) && signed_seq > self->seq)
    (void)refuse (self, self->seq + 1, "records are missing at the end: a checkpoint is beyond it");
  else if (segment_at (self) != NULL)
    (void)refuse (self, self->seq + 1, "records are missing at the end: a sealed segment is beyond it");
}

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
  if (self->fault == NULL && rh_rows_int64 (rows, 0, "seq") > self->seq && !self->looked_again && skip_dropped (self))
    {
      self->looked_again = TRUE;
      read_page (task);
      return;
    }
  check_end (self, rows);
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

static gint
compare_anchors (gconstpointer a, gconstpointer b)
{
  const RhAnchor *p = a, *q = b;

  return (p->seq > q->seq) - (p->seq < q->seq);
}

/* Takes what is known from outside, and walks. */
static void
begin (GTask *task, GArray *anchors)
{
  Walk *self = g_task_get_task_data (task);

  self->anchors = anchors;
  if (self->given.seq > 0)
    g_array_append_val (self->anchors, self->given);
  g_array_sort (self->anchors, compare_anchors);
  read_page (task);
}

static void
on_anchors (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  GArray *anchors = rh_anchors_read_finish (result, &error);

  if (anchors == NULL)
    g_task_return_error (task, error);
  else
    begin (task, anchors);
}

static void
on_segments (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Walk *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  const char *path = self->checkpoints != NULL ? rh_checkpoints_path (self->checkpoints) : NULL;

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      g_autoptr (JsonNode) entry = rh_rows_json (rows, i, "entry");

      g_ptr_array_add (self->segments, json_object_ref (json_node_get_object (entry)));
    }
  if (path != NULL)
    rh_anchors_read_async (path, rh_checkpoints_signer (self->checkpoints), self->name, on_anchors,
                           g_object_ref (task));
  else
    begin (task, g_array_new (FALSE, FALSE, sizeof (RhAnchor)));
}

static void
on_name (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Walk *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  const char *name = rows != NULL && rh_rows_n (rows) == 1 ? rh_rows_string (rows, 0, "workspace") : NULL;

  if (name == NULL)
    {
      if (rows != NULL)
        g_set_error (&error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "there is no such workspace");
      g_task_return_error (task, error);
      return;
    }
  self->name = g_strdup (name);
  rh_store_call_async (self->store, &segments, self->workspace, NULL, g_task_get_cancellable (task), on_segments,
                       g_object_ref (task));
}

void
rh_audit_verify_async (RhStore *store,
                       gint64 workspace,
                       RhCheckpoints *checkpoints,
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
  if (n_walks >= WALKS_MAX)
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_LIMIT,
                               "%d walks of the audit are under way already: try again later", WALKS_MAX);
      return;
    }
  n_walks++;
  self = g_new0 (Walk, 1);
  self->store = g_object_ref (store);
  self->workspace = workspace;
  self->checkpoints = checkpoints != NULL ? g_object_ref (checkpoints) : NULL;
  self->segments = g_ptr_array_new_with_free_func ((GDestroyNotify)json_object_unref);
  self->hash = g_strnfill (64, '0');
  if (anchor != NULL)
    {
      self->given.seq = anchor->seq;
      g_strlcpy (self->given.hash, anchor->hash, sizeof self->given.hash);
    }
  g_task_set_task_data (task, self, walk_free);
  rh_store_call_async (store, &head, workspace, NULL, cancellable, on_name, g_object_ref (task));
}

JsonNode *
rh_audit_verify_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
