/* SPDX-License-Identifier: Apache-2.0 */

/* Products by a bulk operation: Shopify makes a file of all, which is read as it comes, in little memory. What is in
 * the mirror and not in the file is no more. The operation's id is noted: after a crash the same one is waited for, and
 * its file read anew. */

#include "rh-http-call.h"
#include "rh-shopify-catalog.h"
#include "rh-shopify-file.h"
#include "rh-shopify-pull.h"
#include "royal-json.h"

#include <string.h>

#define POLL_MS 250u /* the first time; doubled up to POLL_MAX_MS */
#define POLL_MAX_MS 10000u
#define CHUNK 65536
#define BATCH 100u  /* products that are put at a time */
#define PRUNE 5000u /* numbers that are compared at a time */
#define BULK_COST 10

static const RhStatement note_bulk = { "shopify.wait", "select shopify_pull_wait ($1, $2, $3, $4)", 4, TRUE };

typedef struct {
  guint poll_ms;
  guint runs;
  GInputStream *stream;
  RhShopifyFile *file;
  GPtrArray *things; /* JsonObject, of which `at` were put */
  guint at;
  GArray *numbers; /* of all: eight bytes for each product */
  guint pruned;
  gboolean ended;
  guint timer;
  GCancellable *cancellable; /* of one read */
} Bulk;

static void
bulk_free (gpointer data)
{
  Bulk *self = data;

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_object (&self->stream);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->file, rh_shopify_file_free);
  g_ptr_array_unref (self->things);
  g_array_unref (self->numbers);
  g_free (self);
}

static Bulk *
bulk_of (GTask *task)
{
  return g_object_get_data (G_OBJECT (task), "bulk");
}

static void poll_again (GTask *task);
static void run (GTask *task);

/* --- What is no more ---------------------------------------------------------------------------------------------- */

static void prune (GTask *task);

static void
on_pruned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  const Bulk *bulk = bulk_of (task);

  if (rows == NULL)
    g_task_return_error (task, error);
  else if (bulk->pruned > bulk->numbers->len)
    g_task_return_boolean (task, TRUE);
  else
    prune (task);
}

static void
prune (GTask *task)
{
  RhShopifyPull *self = g_task_get_task_data (task);
  Bulk *bulk = bulk_of (task);
  g_autoptr (JsonArray) none = json_array_new ();
  g_autoptr (GArray) kept = g_array_new (FALSE, FALSE, sizeof (gint64));
  guint n = MIN (PRUNE, bulk->numbers->len - bulk->pruned);
  gboolean last = bulk->pruned + n == bulk->numbers->len;
  gint64 upto = n > 0 ? g_array_index (bulk->numbers, gint64, bulk->pruned + n - 1) : 0;

  self->after = bulk->pruned > 0 ? g_array_index (bulk->numbers, gint64, bulk->pruned - 1) : 0;
  if (n > 0)
    g_array_append_vals (kept, &g_array_index (bulk->numbers, gint64, bulk->pruned), n);
  bulk->pruned += n + last;
  rh_shopify_pull_put (self, none, kept, last ? 0 : upto, on_pruned, g_object_ref (task));
}

static int
compare_numbers (gconstpointer a, gconstpointer b)
{
  gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;

  return (left > right) - (left < right);
}

/* --- The file ----------------------------------------------------------------------------------------------------- */

static void read_on (GTask *task);
static void put_or_read (GTask *task);

static void
on_put (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, error);
  else
    put_or_read (task);
}

static void
put (GTask *task, guint n)
{
  RhShopifyPull *self = g_task_get_task_data (task);
  Bulk *bulk = bulk_of (task);
  g_autoptr (JsonArray) rows = json_array_new ();

  for (guint i = 0; i < n; i++)
    {
      JsonObject *thing = bulk->things->pdata[i];
      gint64 number = rh_shopify_number (royal_json_string (thing, "id", NULL));

      g_array_append_val (bulk->numbers, number);
      json_array_add_object_element (rows, rh_shopify_product_row (self->place->name, thing));
    }
  g_ptr_array_remove_range (bulk->things, 0, n);
  rh_shopify_pull_put (self, rows, NULL, 0, on_put, g_object_ref (task));
}

static void
put_or_read (GTask *task)
{
  Bulk *bulk = bulk_of (task);

  if (bulk->things->len >= BATCH || (bulk->ended && bulk->things->len > 0))
    put (task, MIN (BATCH, bulk->things->len));
  else if (bulk->ended)
    {
      g_array_sort (bulk->numbers, compare_numbers);
      prune (task);
    }
  else
    read_on (task);
}

static void
on_piece (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const RhShopifyPull *self = g_task_get_task_data (task);
  Bulk *bulk = bulk_of (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) piece = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  g_clear_handle_id (&bulk->timer, g_source_remove);
  if (piece == NULL)
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "%s: the file of a bulk operation: %s",
                               self->place->name, error->message);
      return;
    }
  bulk->ended = g_bytes_get_size (piece) == 0;
  if (rh_shopify_file_push (bulk->file, bulk->ended ? NULL : piece, bulk->things, &error))
    put_or_read (task);
  else
    {
      g_prefix_error (&error, "%s: the file of a bulk operation: ", self->place->name);
      g_task_return_error (task, g_steal_pointer (&error));
    }
}

static gboolean
on_late (gpointer data)
{
  Bulk *bulk = data;

  bulk->timer = 0;
  g_cancellable_cancel (bulk->cancellable);
  return G_SOURCE_REMOVE;
}

static void
read_on (GTask *task)
{
  const RhShopifyPull *self = g_task_get_task_data (task);
  Bulk *bulk = bulk_of (task);

  g_clear_object (&bulk->cancellable);
  bulk->cancellable = g_cancellable_new ();
  bulk->timer = g_timeout_add (self->place->files->timeout_ms, on_late, bulk);
  g_input_stream_read_bytes_async (bulk->stream, CHUNK, G_PRIORITY_DEFAULT, bulk->cancellable, on_piece,
                                   g_object_ref (task));
}

static void
on_file (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const RhShopifyPull *self = g_task_get_task_data (task);
  Bulk *bulk = bulk_of (task);
  GError *error = NULL;
  g_autoptr (RhHttpAnswer) answer = rh_http_call_finish (result, NULL, &error);

  if (answer == NULL)
    g_task_return_error (task, error);
  else if (answer->stream == NULL)
    g_task_return_new_error (task, ROYAL_ERROR, answer->status >= 500 ? ROYAL_ERROR_UNAVAILABLE : ROYAL_ERROR_FAILED,
                             "%s: the file of a bulk operation: answered %u", self->place->name, answer->status);
  else
    {
      bulk->stream = g_steal_pointer (&answer->stream);
      bulk->file = rh_shopify_file_new ();
      read_on (task);
    }
}

/* It goes where the operator says that Shopify's files are, and nowhere else; the token does not go along. */
static void
fetch (GTask *task, const char *url)
{
  const RhShopifyPull *self = g_task_get_task_data (task);
  const RhHttpEndpoint *files = self->place->files;
  gsize n = strlen (files->origin);
  RhHttpRequest request = { .workspace = self->workspace, .method = "GET", .streamed = TRUE };

  if (!g_str_has_prefix (url, files->origin) || url[n] != '/')
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_DENIED,
                               "%s: the file of a bulk operation: expected it below %s (files_origin)",
                               self->place->name, files->origin);
      return;
    }
  request.path = url + n;
  rh_http_call_async (files, self->secrets, &request, self->cancellable, on_file, g_object_ref (task));
}

/* --- The operation ------------------------------------------------------------------------------------------------ */

static void
on_polled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhShopifyPull *self = g_task_get_task_data (task);
  Bulk *bulk = bulk_of (task);
  GError *error = NULL;
  g_autoptr (JsonNode) answer = rh_shopify_call_finish (result, NULL, &error);
  JsonObject *operation = answer != NULL ? royal_json_object (json_node_get_object (answer), "bulkOperation") : NULL;
  const char *status = royal_json_string (operation, "status", "EXPIRED");
  const char *url = royal_json_string (operation, "url", NULL);

  if (answer == NULL)
    g_task_return_error (task, error);
  else if (strcmp (status, "COMPLETED") == 0 && url != NULL)
    fetch (task, url);
  else if (strcmp (status, "COMPLETED") == 0)
    prune (task);
  else if (strcmp (status, "EXPIRED") == 0 && bulk->runs == 0)
    run (task);
  else if (strcmp (status, "FAILED") == 0 || strcmp (status, "CANCELED") == 0 || strcmp (status, "EXPIRED") == 0)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s: Shopify: the bulk operation ended %s %s",
                             self->place->name, status, royal_json_string (operation, "errorCode", ""));
  else
    poll_again (task);
}

static void
on_waited (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhShopifyPull *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  JsonObject *variables;

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  variables = json_object_new ();
  json_object_set_string_member (variables, "id", self->bulk);
  rh_shopify_pull_call (self, "bulk", NULL, variables, 0, on_polled, g_object_ref (task));
}

/* The pull is kept, and its operation noted, before it is asked for. */
static void
wait_for (GTask *task)
{
  const RhShopifyPull *self = g_task_get_task_data (task);

  rh_store_call_async (self->store, &note_bulk, self->workspace,
                       (const char *const[]){ self->place->name, self->part, self->holder, self->bulk }, NULL,
                       on_waited, g_object_ref (task));
}

static gboolean
on_timer (gpointer data)
{
  GTask *task = data;
  const RhShopifyPull *self = g_task_get_task_data (task);

  if (g_cancellable_is_cancelled (self->cancellable))
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CANCELLED, "%s: ended", self->place->name);
  else
    wait_for (task);
  return G_SOURCE_REMOVE;
}

static void
poll_again (GTask *task)
{
  Bulk *bulk = bulk_of (task);

  g_timeout_add_full (G_PRIORITY_DEFAULT, bulk->poll_ms, on_timer, g_object_ref (task), g_object_unref);
  bulk->poll_ms = MIN (bulk->poll_ms * 2, POLL_MAX_MS);
}

static void
on_run (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhShopifyPull *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) answer = rh_shopify_call_finish (result, NULL, &error);
  JsonObject *payload =
      answer != NULL ? royal_json_object (json_node_get_object (answer), "bulkOperationRunQuery") : NULL;
  const char *id = royal_json_string (royal_json_object (payload, "bulkOperation"), "id", NULL);

  if (answer == NULL)
    g_task_return_error (task, error);
  else if (id == NULL)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "%s: Shopify: expected a bulk operation",
                             self->place->name);
  else
    {
      g_free (self->bulk);
      self->bulk = g_strdup (id);
      wait_for (task);
    }
}

static void
run (GTask *task)
{
  RhShopifyPull *self = g_task_get_task_data (task);
  g_autoptr (GBytes) query =
      g_resources_lookup_data ("/royal/shopify/catalog-bulk.graphql", G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  JsonObject *variables = json_object_new ();

  g_assert (query != NULL); /* a resource of the program's own, which ends with a zero */
  bulk_of (task)->runs++;
  json_object_set_string_member (variables, "query", g_bytes_get_data (query, NULL));
  rh_shopify_pull_call (self, "bulk-run", "bulkOperationRunQuery", variables, BULK_COST, on_run, g_object_ref (task));
}

void
rh_shopify_pull_bulk (GTask *task)
{
  const RhShopifyPull *self = g_task_get_task_data (task);
  Bulk *bulk = g_new0 (Bulk, 1);

  bulk->poll_ms = POLL_MS;
  bulk->things = g_ptr_array_new_with_free_func ((GDestroyNotify)json_object_unref);
  bulk->numbers = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_object_set_data_full (G_OBJECT (task), "bulk", bulk, bulk_free);
  if (self->bulk != NULL)
    wait_for (task);
  else
    run (task);
}
