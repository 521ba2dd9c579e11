/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-retail-import.h"

#include "rh-copy.h"
#include "rh-retail-rows.h"
#include "royal-json.h"

#include <string.h>

/* How many bytes of rows are on their way at a time. */
#define CHUNK ((gsize)512 * 1024)

#define COPY_ROWS "copy pg_temp.retail_rows from stdin"

static const char *const stage_stores[] = { "select retail_stage ('stores')", NULL };
static const char *const stage_history[] = { "select retail_stage ('history')", NULL };
static const char *const stage_weeks[] = { "select retail_stage ('weeks')", NULL };

static const char *const stage_catalog[] = { "select catalog_stage ('catalog')", NULL };
static const char *const stage_signals[] = { "select catalog_stage ('signals')", NULL };
static const char *const stage_prices[] = { "select catalog_stage ('prices')", NULL };
static const char *const stage_suppliers[] = { "select catalog_stage ('suppliers')", NULL };
static const char *const stage_traffic[] = { "select catalog_stage ('traffic')", NULL };

static const RhCopyTarget targets[RH_RETAIL_N_KINDS] = {
  [RH_RETAIL_STORES] = { "retail.copy.stores", stage_stores, COPY_ROWS },
  [RH_RETAIL_FORECAST] = { "retail.copy.forecast", stage_weeks, COPY_ROWS },
  [RH_RETAIL_ACTUALS] = { "retail.copy.actuals", stage_weeks, COPY_ROWS },
  [RH_RETAIL_HISTORY] = { "retail.copy.history", stage_history, COPY_ROWS },
  [RH_RETAIL_CATALOG] = { "catalog.copy.catalog", stage_catalog, COPY_ROWS },
  [RH_RETAIL_SIGNALS] = { "catalog.copy.signals", stage_signals, COPY_ROWS },
  [RH_RETAIL_PRICES] = { "catalog.copy.prices", stage_prices, COPY_ROWS },
  [RH_RETAIL_SUPPLIERS] = { "catalog.copy.suppliers", stage_suppliers, COPY_ROWS },
  [RH_RETAIL_TRAFFIC] = { "catalog.copy.traffic", stage_traffic, COPY_ROWS },
};

static const RhStatement statement = { "retail.import",
                                       "select retail_import ($1, $2::jsonb, $3::boolean, $4) as result", 4, TRUE };
static const RhStatement statement_catalog = { "catalog.import",
                                               "select catalog_import ($1, $2::jsonb, $3::boolean, $4) as result", 4,
                                               TRUE };

/* What a season is made of. A pattern holds for all of the text. */
typedef struct {
  const char *name;
  gboolean required;
  const char *pattern;
  const char *expected;
} Member;

#define PATTERN_CODE "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
#define PATTERN_MONEY "^[0-9]{1,12}(\\.[0-9]{1,2})?$"
#define EXPECTED_CODE "a code of letters, digits, `.`, `_` and `-`"
#define EXPECTED_MONEY "an amount as text, such as \"89.90\""

static const Member season_members[] = {
  { "code", TRUE, "^(?![0-9a-f]{8}-)[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", EXPECTED_CODE },
  { "category", TRUE, PATTERN_CODE, EXPECTED_CODE },
  { "category_name", FALSE, "^(?s).{1,200}$", "a name of 1 to 200 characters" },
  { "name", TRUE, "^(?s).{1,200}$", "a name of 1 to 200 characters" },
  { "start", TRUE, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a date, YYYY-MM-DD" },
  { "archetype", FALSE, "^(FASHION_RETAIL|STABLE_CATALOG|CONTINUOUS)$",
    "FASHION_RETAIL, STABLE_CATALOG or CONTINUOUS" },
  { "currency", FALSE, "^[A-Z]{3}$", "a currency of three capital letters" },
  { "list_price", FALSE, "^(?=.*[1-9])[0-9]{1,12}(\\.[0-9]{1,2})?$", EXPECTED_MONEY },
  { "unit_cost", FALSE, PATTERN_MONEY, EXPECTED_MONEY },
};

typedef struct {
  RhStore *store;
  gint64 workspace;
  char *actor;
  RhRetailKind kind;
  char *about; /* what is said of the file, as JSON */
  GBytes *csv;
  gboolean dry_run;
  RhRetailRows *rows;
  RhCopy *copy;
} Import;

static void
import_free (Import *import)
{
  g_object_unref (import->store);
  g_free (import->actor);
  g_free (import->about);
  g_bytes_unref (import->csv);
  rh_retail_rows_free (import->rows);
  g_clear_object (&import->copy);
  g_free (import);
}

static gboolean
fail (GError **error, const char *member, const char *expected)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "season: /%s: expected %s", member, expected);
  return FALSE;
}

static gboolean
check_date (const char *text, GError **error)
{
  gint64 year = g_ascii_strtoll (text, NULL, 10);
  gint64 month = g_ascii_strtoll (text + 5, NULL, 10);
  gint64 day = g_ascii_strtoll (text + 8, NULL, 10);

  if (year < 1 || !g_date_valid_dmy ((GDateDay)day, (GDateMonth)month, (GDateYear)year))
    return fail (error, "start", "a day of the calendar");
  return TRUE;
}

static gboolean
is_known (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (season_members); i++)
    if (g_str_equal (season_members[i].name, name))
      return TRUE;
  return g_str_equal (name, "weeks");
}

gboolean
rh_retail_season_check (JsonObject *season, GError **error)
{
  g_autoptr (GList) names = season == NULL ? NULL : json_object_get_members (season);
  gint64 weeks = royal_json_int (season, "weeks", 0);

  for (guint i = 0; i < G_N_ELEMENTS (season_members); i++)
    {
      const Member *member = &season_members[i];
      const char *text = royal_json_string (season, member->name, NULL);

      if (text == NULL && !member->required && (season == NULL || !json_object_has_member (season, member->name)))
        continue;
      if (text == NULL || !g_regex_match_simple (member->pattern, text, G_REGEX_DOLLAR_ENDONLY, 0))
        return fail (error, member->name, member->expected);
    }
  if (!check_date (royal_json_string (season, "start", NULL), error))
    return FALSE;
  if (weeks < 1 || weeks > 104)
    return fail (error, "weeks", "a whole number from 1 to 104");
  for (GList *l = names; l != NULL; l = l->next)
    if (!is_known (l->data))
      {
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "season: no member is named `%s`", (char *)l->data);
        return FALSE;
      }
  return TRUE;
}

static gboolean
check_actuals (JsonObject *season, GError **error)
{
  if (royal_json_string (season, "season", NULL) == NULL)
    return fail (error, "season", "the season's id or code");
  return TRUE;
}

static gboolean
check_history (JsonObject *about, GError **error)
{
  const char *gaps = royal_json_string (about, "gaps", "refuse");

  if (strcmp (gaps, "refuse") == 0 || strcmp (gaps, "keep") == 0)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/gaps: expected refuse or keep, found `%.40s`", gaps);
  return FALSE;
}

static gboolean
check_nothing (JsonObject *about, GError **error)
{
  return TRUE;
}

/* Checks what is said about the file and makes the statement's parameter of it. */
static gboolean
set_about (Import *import, JsonObject *about, GError **error)
{
  static gboolean (*const checks[RH_RETAIL_N_KINDS]) (JsonObject *, GError **) = {
    [RH_RETAIL_STORES] = check_nothing,  [RH_RETAIL_FORECAST] = rh_retail_season_check,
    [RH_RETAIL_ACTUALS] = check_actuals, [RH_RETAIL_HISTORY] = check_history,
    [RH_RETAIL_CATALOG] = check_nothing, [RH_RETAIL_SIGNALS] = check_nothing,
    [RH_RETAIL_PRICES] = check_nothing,  [RH_RETAIL_SUPPLIERS] = check_nothing,
    [RH_RETAIL_TRAFFIC] = check_nothing,
  };
  g_autoptr (JsonNode) node = json_node_alloc ();

  if (!checks[import->kind](about, error))
    return FALSE;
  if (about != NULL)
    json_node_init_object (node, about);
  else
    json_node_take_object (json_node_init (node, JSON_NODE_OBJECT), json_object_new ());
  import->about = royal_json_to_string (node);
  return TRUE;
}

/* The faults that the database found, as one error. */
static void
return_faults (GTask *task, RhRetailKind kind, JsonArray *faults, gint64 n_faults)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (faults); i++)
    {
      JsonObject *fault = json_array_get_object_element (faults, i);
      gint64 line = royal_json_int (fault, "line", 0);

      g_string_append_printf (text, "%s%s: ", i > 0 ? "\n" : "", rh_retail_kind_name (kind));
      if (line > 0)
        g_string_append_printf (text, "line %" G_GINT64_FORMAT ", ", line);
      g_string_append_printf (text, "column %s: %s", royal_json_string (fault, "column", ""),
                              royal_json_string (fault, "message", ""));
    }
  if (n_faults > RH_RETAIL_FAULTS_MAX)
    g_string_append_printf (text, "\n%s: and %" G_GINT64_FORMAT " more", rh_retail_kind_name (kind),
                            n_faults - RH_RETAIL_FAULTS_MAX);
  g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s", text->str);
}

static void
on_imported (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Import *import = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_copy_end_finish (RH_COPY (source), result, &error);
  g_autoptr (JsonNode) summary = NULL;
  JsonArray *faults;

  if (rows == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  summary = rh_rows_json (rows, 0, "result");
  g_assert (summary != NULL && JSON_NODE_HOLDS_OBJECT (summary));
  faults = royal_json_array (json_node_get_object (summary), "errors");
  if (faults != NULL)
    return_faults (task, import->kind, faults, royal_json_int (json_node_get_object (summary), "faults", 0));
  else
    g_task_return_pointer (task, g_steal_pointer (&summary), (GDestroyNotify)json_node_unref);
}

static void read_on (GTask *task);

static void
on_written (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (!rh_copy_write_finish (RH_COPY (source), result, &error))
    g_task_return_error (task, error);
  else
    read_on (g_steal_pointer (&task));
}

static void
end (GTask *task)
{
  Import *import = g_task_get_task_data (task);
  const char *const params[] = { rh_retail_kind_name (import->kind), import->about, import->dry_run ? "true" : "false",
                                 import->actor };

  rh_copy_end_async (import->copy, import->kind >= RH_RETAIL_CATALOG ? &statement_catalog : &statement, params,
                     g_task_get_cancellable (task), on_imported, task);
}

static void
on_taken (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Import *import = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) chunk = g_task_propagate_pointer (G_TASK (result), &error);

  if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (chunk == NULL)
    end (g_steal_pointer (&task));
  else
    {
      if (import->copy == NULL)
        import->copy = rh_copy_new (import->store, &targets[import->kind], import->workspace);
      rh_copy_write_async (import->copy, chunk, cancellable, on_written, g_steal_pointer (&task));
    }
}

/* A large file takes a while: the main loop goes on meanwhile. */
static void
take_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Import *import = data;
  GError *error = NULL;
  GBytes *chunk;

  if (import->rows == NULL)
    import->rows = rh_retail_rows_new (import->kind, import->csv, &error);
  chunk = import->rows != NULL ? rh_retail_rows_take (import->rows, CHUNK, &error) : NULL;
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, chunk, (GDestroyNotify)g_bytes_unref);
}

/* The next rows of the file. Takes @task. */
static void
read_on (GTask *task)
{
  g_autoptr (GTask) take = g_task_new (NULL, g_task_get_cancellable (task), on_taken, task);

  g_task_set_source_tag (take, read_on);
  g_task_set_task_data (take, g_task_get_task_data (task), NULL); /* lives as long as `task` */
  g_task_run_in_thread (take, take_in_thread);
}

void
rh_retail_import_async (RhStore *store,
                        gint64 workspace,
                        const char *actor,
                        const char *kind,
                        JsonObject *season,
                        GBytes *csv,
                        gboolean dry_run,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) error = NULL;
  Import *import;

  g_return_if_fail (RH_IS_STORE (store));
  g_return_if_fail (actor != NULL);
  g_return_if_fail (csv != NULL);

  task = g_task_new (NULL, cancellable, callback, data);
  g_task_set_source_tag (task, rh_retail_import_async);
  import = g_new0 (Import, 1);
  import->store = g_object_ref (store);
  import->workspace = workspace;
  import->actor = g_strdup (actor);
  import->csv = g_bytes_ref (csv);
  import->dry_run = dry_run;
  g_task_set_task_data (task, import, (GDestroyNotify)import_free);

  if (!rh_retail_kind_from_name (kind, &import->kind))
    g_set_error (
        &error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
        "kind: expected stores, forecast, actuals, history, catalog, signals, prices, suppliers or traffic, found `%s`",
        kind != NULL ? kind : "");
  else if (g_bytes_get_size (csv) > RH_RETAIL_IMPORT_BYTES_MAX)
    g_set_error (&error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: the file is longer than %u MiB", kind,
                 (guint)(RH_RETAIL_IMPORT_BYTES_MAX >> 20));
  else
    set_about (import, season, &error);
  if (error != NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  read_on (g_steal_pointer (&task));
}

JsonNode *
rh_retail_import_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
