/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-connector.h"

#include <royal-json.h>
#include <string.h>

const char fake_connector_schema[] =
    "create schema fake;"
    "grant usage on schema fake to royal_host;"
    "create table fake.world (workspace_id bigint, target text, value bigint not null, primary key (workspace_id, "
    "target));"
    "create table fake.effects (workspace_id bigint, key text primary key, receipt jsonb not null, id bigserial);"
    "grant select, insert, update on fake.world, fake.effects to royal_host;"
    "grant usage on sequence fake.effects_id_seq to royal_host;"
    "create function fake.observe (t text) returns bigint language sql as $$"
    "  select coalesce ((select value from fake.world where workspace_id = royal_workspace () and target = t), 0) $$;"
    "create function fake.apply (k text, t text, was bigint, v bigint) returns jsonb language plpgsql as $$"
    " declare r jsonb; begin"
    "  select receipt into r from fake.effects where key = k;"
    "  if found then return r; end if;"
    "  if fake.observe (t) <> was then raise exception 'the world moved' using errcode = 'RY409'; end if;"
    "  insert into fake.effects (workspace_id, key, receipt)"
    "   values (royal_workspace (), k, jsonb_build_object ('from', was, 'to', v)) returning receipt into r;"
    "  insert into fake.world values (royal_workspace (), t, v)"
    "   on conflict (workspace_id, target) do update set value = excluded.value;"
    "  return r; end $$;";

static const RhStatement observe = { "fake.observe", "select fake.observe ($1) as value", 1, FALSE };
static const RhStatement apply = { "fake.apply", "select fake.apply ($1, $2, $3::bigint, $4::bigint) as receipt", 4,
                                   FALSE };
static const RhStatement find = { "fake.find", "select receipt from fake.effects where key = $1", 1, FALSE };

struct _FakeConnector {
  GObject parent;

  RhStore *store;
  GPtrArray *hanging; /* GTask that are never answered */
  guint attempts;
  guint verifies;
};

/* Key -> how often it went wrong: of the world, so that it outlives a host. */
static GHashTable *faults;

static void fake_connector_iface_init (RhConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeConnector,
                               fake_connector,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RH_TYPE_CONNECTOR, fake_connector_iface_init))

static void
fake_connector_finalize (GObject *object)
{
  FakeConnector *self = FAKE_CONNECTOR (object);

  g_ptr_array_unref (self->hanging);
  g_object_unref (self->store);
  G_OBJECT_CLASS (fake_connector_parent_class)->finalize (object);
}

static void
fake_connector_class_init (FakeConnectorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fake_connector_finalize;
}

static void
fake_connector_init (FakeConnector *self)
{
  self->hanging = g_ptr_array_new_with_free_func (g_object_unref);
}

FakeConnector *
fake_connector_new (RhStore *store)
{
  FakeConnector *self = g_object_new (FAKE_TYPE_CONNECTOR, NULL);

  self->store = g_object_ref (store);
  return self;
}

guint
fake_connector_attempts (FakeConnector *self)
{
  return self->attempts;
}

guint
fake_connector_verifies (FakeConnector *self)
{
  return self->verifies;
}

void
fake_connector_give_up (FakeConnector *self)
{
  g_autoptr (GPtrArray) hanging = g_steal_pointer (&self->hanging);

  self->hanging = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < hanging->len; i++)
    g_task_return_new_error (hanging->pdata[i], ROYAL_ERROR, ROYAL_ERROR_FAILED, "given up");
}

static const char *
fake_name (RhConnector *connector)
{
  return "fake";
}

static const RhAction *
fake_actions (RhConnector *connector)
{
  static const RhAction actions[] = { { "fake.set", "Set a number (fake)", "/fake/fake-set.schema.json",
                                        .reversible = TRUE },
                                      { "fake.burn", "Set a number for good (fake)" },
                                      { .name = "fake.nudge",
                                        .title = "Set a number that may move by a tenth (fake)",
                                        .reversible = TRUE,
                                        .tolerance = 0.1 },
                                      { 0 } };

  return actions;
}

static gboolean
fake_validate (RhConnector *connector, const char *action, const char *target, JsonObject *parameters, GError **error)
{
  if (!g_str_has_prefix (target, "bad"))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "proposal: /target: expected a good one");
  return FALSE;
}

/* By what a target begins with. None but the frail one has a breaker. */
static char *
fake_lane (RhConnector *connector, const char *action, const char *target, RhLaneLimits *limits)
{
  static const struct {
    const char *origin;
    RhLaneLimits limits;
  } lanes[] = {
    { "slow", { .in_flight = 2, .deadline_ms = 1500, .cost = 1 } },
    { "frail",
      { .in_flight = 8,
        .deadline_ms = 5000,
        .cost = 1,
        .breaker = { .window_ms = 10000,
                     .calls_min = 4,
                     .failure_rate = 0.5,
                     .open_ms = 12000,
                     .open_max_ms = 12000 } } },
    { "metered", { .in_flight = 8, .deadline_ms = 5000, .rate = 10, .burst = 2, .cost = 1 } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (lanes); i++)
    if (g_str_has_prefix (target, lanes[i].origin))
      {
        *limits = lanes[i].limits;
        return g_strdup (lanes[i].origin);
      }
  limits->breaker.window_ms = 0;
  return NULL;
}

static const char *
mode_of (const RhEffect *effect)
{
  return royal_json_string (effect->parameters, "mode", "");
}

/* --- Assess ------------------------------------------------------------------------------------------------------- */

static void
on_observed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const RhEffect *effect = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  RhAssessment *assessment;
  JsonObject *before = json_object_new (), *facts = json_object_new ();
  gint64 from, to;

  if (rows == NULL)
    {
      json_object_unref (before);
      json_object_unref (facts);
      g_task_return_error (task, error);
      return;
    }
  from = rh_rows_int64 (rows, 0, "value");
  to = effect->receipt != NULL ? royal_json_int (effect->receipt, "from", 0)
                               : royal_json_int (effect->parameters, "value", 0);
  json_object_set_int_member (before, "value", from);
  json_object_set_int_member (facts, "from", from);
  json_object_set_int_member (facts, "to", to);
  assessment = g_new0 (RhAssessment, 1);
  assessment->before = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (assessment->before, before);
  assessment->facts = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (assessment->facts, facts);
  g_task_return_pointer (task, assessment, (GDestroyNotify)rh_assessment_free);
}

static void
fake_assess_async (RhConnector *connector,
                   const RhEffect *effect,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer data)
{
  FakeConnector *self = FAKE_CONNECTOR (connector);
  GTask *task = g_task_new (self, NULL, callback, data);

  g_task_set_task_data (task, (gpointer)effect, NULL);
  if (strcmp (mode_of (effect), "slow") == 0)
    g_ptr_array_add (self->hanging, task);
  else
    rh_store_call_async (self->store, &observe, effect->workspace, (const char *const[]){ effect->target }, cancellable,
                         on_observed, task);
}

static RhAssessment *
fake_assess_finish (RhConnector *connector, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- Apply and undo ----------------------------------------------------------------------------------------------- */

static void
on_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  FakeConnector *self = g_task_get_source_object (task);
  const char *mode = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, error);
  else if (g_strcmp0 (mode, "hang") == 0)
    g_ptr_array_add (self->hanging, g_steal_pointer (&task));
  else if (g_strcmp0 (mode, "lost") == 0)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the answer was lost");
  else
    g_task_return_pointer (task, rh_rows_json (rows, 0, "receipt"), (GDestroyNotify)json_node_unref);
}

static gboolean
refuse (GTask *task, const RhEffect *effect, const char *mode)
{
  if (g_strcmp0 (mode, "unavailable") == 0)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "it is away");
  else if (g_strcmp0 (mode, "throttle") == 0)
    {
      rh_effect_retry_after (effect, 2500);
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "not so fast");
    }
  else if (g_strcmp0 (mode, "failed") == 0)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_FAILED, "it will not");
  else if (g_strcmp0 (mode, "garbled") == 0)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%.8s", "the caf\303\251 is closed");
  else if (g_strcmp0 (mode, "foreign") == 0 || g_strcmp0 (mode, "blind") == 0)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "broken pipe");
  else
    return FALSE;
  return TRUE;
}

/* What goes wrong this time: NULL = nothing. */
static const char *
next_fault (const RhEffect *effect)
{
  guint so_far;

  if (faults == NULL)
    faults = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  so_far = GPOINTER_TO_UINT (g_hash_table_lookup (faults, effect->key));
  if (*mode_of (effect) == '\0' || so_far >= royal_json_int (effect->parameters, "times", 1))
    return NULL;
  g_hash_table_insert (faults, g_strdup (effect->key), GUINT_TO_POINTER (so_far + 1));
  return mode_of (effect);
}

static void
fake_apply_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  FakeConnector *self = FAKE_CONNECTOR (connector);
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  const char *fault = next_fault (effect);
  gint64 to = effect->receipt != NULL ? royal_json_int (effect->receipt, "from", 0)
                                      : royal_json_int (effect->parameters, "value", 0);
  g_autofree char *was =
      g_strdup_printf ("%" G_GINT64_FORMAT, royal_json_int (json_node_get_object (effect->before), "value", 0));
  g_autofree char *value = g_strdup_printf ("%" G_GINT64_FORMAT, to);

  self->attempts++;
  g_task_set_task_data (task, g_strdup (fault), g_free);
  if (g_strcmp0 (fault, "silent") == 0)
    g_ptr_array_add (self->hanging, g_steal_pointer (&task));
  else if (!refuse (task, effect, fault))
    rh_store_call_async (self->store, &apply, effect->workspace,
                         (const char *const[]){ effect->key, effect->target, was, value }, NULL, on_applied,
                         g_steal_pointer (&task));
}

static JsonNode *
fake_apply_finish (RhConnector *connector, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- Verify ------------------------------------------------------------------------------------------------------- */

static void
on_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, rh_rows_n (rows) > 0 ? rh_rows_json (rows, 0, "receipt") : NULL,
                           (GDestroyNotify)json_node_unref);
}

static void
fake_verify_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  FakeConnector *self = FAKE_CONNECTOR (connector);
  GTask *task = g_task_new (self, NULL, callback, data);

  self->verifies++;
  g_task_set_task_data (task, (gpointer)mode_of (effect), NULL);
  rh_store_call_async (self->store, &find, effect->workspace, (const char *const[]){ effect->key }, NULL, on_found,
                       task);
}

static RhVerify
fake_verify_finish (RhConnector *connector, GAsyncResult *result, JsonNode **ret_receipt, GError **error)
{
  g_autoptr (GError) fault = NULL;
  JsonNode *receipt;

  if (g_strcmp0 (g_task_get_task_data (G_TASK (result)), "blind") == 0)
    return RH_VERIFY_UNKNOWN;
  receipt = g_task_propagate_pointer (G_TASK (result), &fault);
  if (fault != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&fault));
      return RH_VERIFY_UNKNOWN;
    }
  *ret_receipt = receipt;
  return receipt != NULL ? RH_VERIFY_APPLIED : RH_VERIFY_ABSENT;
}

static void
fake_connector_iface_init (RhConnectorInterface *iface)
{
  iface->name = fake_name;
  iface->actions = fake_actions;
  iface->validate = fake_validate;
  iface->lane = fake_lane;
  iface->assess_async = fake_assess_async;
  iface->assess_finish = fake_assess_finish;
  iface->apply_async = fake_apply_async;
  iface->apply_finish = fake_apply_finish;
  iface->verify_async = fake_verify_async;
  iface->verify_finish = fake_verify_finish;
  iface->undo_async = fake_apply_async;
  iface->undo_finish = fake_apply_finish;
}
