/* SPDX-License-Identifier: Apache-2.0 */
#include "connector-conformance.h"

#include "royal-test.h"

#include <royal-json.h>
#include <royal/error.h>
#include <string.h>

/* One effect as the executor would hand it over. */
typedef struct {
  RhEffect effect;
  JsonNode *parameters;
  char *key;
} Case;

static JsonNode *
json (const char *text)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) error = NULL;
  JsonNode *node = royal_json_parse (quoted, -1, "parameters", &error);

  g_assert_no_error (error);
  return node;
}

static void
case_init (Case *self, const Conformance *of, const char *parameters, const char *key)
{
  self->parameters = json (parameters);
  self->key = g_strconcat (of->prefix, key, NULL);
  self->effect = (RhEffect){ .workspace = of->workspace,
                             .action = of->action,
                             .target = of->target,
                             .key = self->key,
                             .parameters = json_node_get_object (self->parameters) };
}

static void
case_clear (Case *self)
{
  g_clear_pointer (&self->parameters, json_node_unref);
  g_free (self->key);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Case, case_clear)

static RhAssessment *
assess (const Conformance *of, const RhEffect *effect, GError **error)
{
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (of->connector);
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  iface->assess_async (of->connector, effect, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  return iface->assess_finish (of->connector, done, error);
}

static JsonNode *
act (const Conformance *of, const RhEffect *effect, gboolean undo, GError **error)
{
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (of->connector);
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  (undo ? iface->undo_async : iface->apply_async) (of->connector, effect, royal_test_result, &result);
  done = royal_test_wait (&result);
  return (undo ? iface->undo_finish : iface->apply_finish) (of->connector, done, error);
}

static RhVerify
verify (const Conformance *of, const RhEffect *effect, JsonNode **ret_receipt)
{
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (of->connector);
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  iface->verify_async (of->connector, effect, royal_test_result, &result);
  done = royal_test_wait (&result);
  return iface->verify_finish (of->connector, done, ret_receipt, NULL);
}

static void
assert_count (const Conformance *of, const char *key, guint wanted)
{
  if (of->count != NULL)
    g_assert_cmpuint (of->count (key, of->data), ==, wanted);
}

static const RhAction *
find_action (const Conformance *of)
{
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (of->connector);

  g_assert_true (*iface->name (of->connector) != '\0');
  for (const RhAction *action = iface->actions (of->connector); action->name != NULL; action++)
    {
      g_assert_nonnull (strchr (action->name, '.'));
      g_assert_nonnull (action->title);
      if (action->schema != NULL)
        g_assert_true (g_resources_get_info (action->schema, 0, NULL, NULL, NULL));
      if (strcmp (action->name, of->action) == 0)
        return action;
    }
  g_error ("no action %s", of->action);
}

/* What is asked of a lane can be borne. */
static void
check_lane (const Conformance *of)
{
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (of->connector);
  RhLaneLimits limits = rh_lane_limits_default;
  g_autofree char *origin = NULL;
  g_autofree char *again = NULL;

  if (iface->lane == NULL)
    return;
  origin = iface->lane (of->connector, of->action, of->target, &limits);
  again = iface->lane (of->connector, of->action, of->target, &limits);
  g_assert_cmpstr (origin, ==, again);
  g_assert_cmpuint (limits.in_flight, >, 0);
  g_assert_cmpuint (limits.deadline_ms, >, 0);
}

static void
check_validate (const Conformance *of)
{
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (of->connector);

  for (guint i = 0; iface->validate != NULL && i < 3; i++)
    {
      const char *text = i < 2 ? of->parameters[i] : of->invalid;
      g_autoptr (JsonNode) parameters = text != NULL ? json (text) : NULL;
      g_autoptr (GError) error = NULL;

      if (text == NULL)
        continue;
      g_assert_cmpint (
          iface->validate (of->connector, of->action, of->target, json_node_get_object (parameters), &error), ==,
          i < 2);
      if (i == 2)
        g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      else
        g_assert_no_error (error);
    }
}

/* Facts are scalars that the host made; the preview is what people read; nothing of it changes the world. */
static RhAssessment *
check_assess (const Conformance *of, Case *first)
{
  g_autoptr (GError) error = NULL;
  RhAssessment *assessment = assess (of, &first->effect, &error);
  g_autoptr (RhAssessment) again = NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  g_assert_no_error (error);
  again = assess (of, &first->effect, &error);
  g_assert_no_error (error);
  if (assessment->before != NULL)
    g_assert_true (json_node_equal (assessment->before, again->before));
  if (assessment->facts != NULL)
    {
      json_object_iter_init (&iter, json_node_get_object (assessment->facts));
      while (json_object_iter_next (&iter, &name, &value))
        if (!JSON_NODE_HOLDS_VALUE (value) && !JSON_NODE_HOLDS_NULL (value))
          g_error ("the fact %s is no scalar", name);
    }
  if (assessment->preview != NULL)
    {
      g_assert_nonnull (royal_json_string (json_node_get_object (assessment->preview), "summary", NULL));
      g_assert_nonnull (royal_json_array (json_node_get_object (assessment->preview), "changes"));
    }
  assert_count (of, first->key, 0);
  return assessment;
}

/* The same key twice is once, with the same receipt, and can be verified. */
static JsonNode *
check_once (const Conformance *of, const RhEffect *effect, gboolean undo)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) receipt = act (of, effect, undo, &error);
  g_autoptr (JsonNode) again = NULL;
  g_autoptr (JsonNode) found = NULL;
  RhVerify answer;

  g_assert_no_error (error);
  g_assert_true (JSON_NODE_HOLDS_OBJECT (receipt));
  assert_count (of, effect->key, 1);
  answer = verify (of, effect, &found);
  if (answer == RH_VERIFY_APPLIED)
    g_assert_true (JSON_NODE_HOLDS_OBJECT (found));
  else
    g_assert_cmpint (answer, ==, RH_VERIFY_AGAIN);
  if (answer == RH_VERIFY_AGAIN || !of->observes)
    {
      again = act (of, effect, undo, &error);
      g_assert_no_error (error);
      g_assert_true (json_node_equal (receipt, again));
      assert_count (of, effect->key, 1);
    }
  return g_steal_pointer (&receipt);
}

/* The world moved since it was observed: nothing is done. @receipt (nullable): nothing is undone. */
static void
check_stale (const Conformance *of, JsonNode *receipt, JsonNode *before)
{
  gboolean undo = receipt != NULL;
  g_auto (Case) late = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) done = NULL;

  case_init (&late, of, of->parameters[!undo], undo ? "undo-late" : "late");
  late.effect.receipt = undo ? json_node_get_object (receipt) : NULL;
  late.effect.before = before;
  done = act (of, &late.effect, undo, &error);
  g_assert_null (done);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  assert_count (of, late.key, 0);
}

static void
check_undo (const Conformance *of, JsonNode *receipt, JsonNode *before)
{
  g_auto (Case) inverse = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (RhAssessment) assessment = NULL;
  g_autoptr (RhAssessment) after = NULL;
  g_autoptr (JsonNode) undone = NULL;
  g_auto (Case) first = { 0 };

  case_init (&inverse, of, of->parameters[0], "undo");
  inverse.effect.receipt = json_node_get_object (receipt);
  assessment = assess (of, &inverse.effect, &error);
  g_assert_no_error (error);
  inverse.effect.before = assessment->before;
  if (of->observes)
    check_stale (of, receipt, before);
  undone = check_once (of, &inverse.effect, TRUE);
  if (!of->observes)
    return;
  case_init (&first, of, of->parameters[0], "after");
  after = assess (of, &first.effect, &error);
  g_assert_no_error (error);
  g_assert_true (json_node_equal (before, after->before));
}

void
connector_conformance (const Conformance *self)
{
  const RhAction *action = find_action (self);
  g_auto (Case) first = { 0 };
  g_autoptr (RhAssessment) assessment = NULL;
  g_autoptr (JsonNode) receipt = NULL;
  g_autoptr (JsonNode) none = NULL;

  check_lane (self);
  check_validate (self);
  case_init (&first, self, self->parameters[0], "first");
  assessment = check_assess (self, &first);
  first.effect.before = assessment->before;
  g_assert_cmpint (verify (self, &first.effect, &none), !=, RH_VERIFY_UNKNOWN);
  g_assert_null (none);
  receipt = check_once (self, &first.effect, FALSE);
  if (self->observes)
    check_stale (self, NULL, assessment->before);
  if (action->reversible)
    check_undo (self, receipt, assessment->before);
}
