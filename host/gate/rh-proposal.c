/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-proposal.h"

#include "rh-clock.h"
#include "rh-personal.h"
#include "rh-schemas.h"
#include "royal-json.h"

#include <string.h>

static const char *const word_names[] = { "title", "description",  "reasoning", "sources",
                                          "risks", "alternatives", "priority" };

static void
proposal_clear (gpointer data)
{
  RhProposal *self = data;

  g_free (self->workspace_name);
  g_free (self->agent);
  g_free (self->agent_version);
  g_free (self->agent_sha256);
  g_free (self->cluster);
  g_free (self->run);
  g_free (self->key);
  g_free (self->job);
  g_free (self->created_by);
  g_free (self->via);
  g_free (self->undoes);
  g_free (self->supersedes);
  g_free (self->covered);
  g_free (self->approved_policy);
  g_free (self->action);
  g_free (self->target);
  g_free (self->policy_version);
  g_clear_pointer (&self->parameters, json_object_unref);
  g_clear_pointer (&self->words, json_object_unref);
  g_clear_pointer (&self->claims, json_object_unref);
  g_clear_pointer (&self->items, g_ptr_array_unref);
  g_clear_pointer (&self->modified, json_object_unref);
  g_clear_pointer (&self->grant, json_object_unref);
  g_clear_pointer (&self->seen, json_node_unref);
  g_clear_pointer (&self->context, json_object_unref);
  rh_assessment_free (self->assessment);
  rh_verdict_free (self->verdict);
}

RhProposal *
rh_proposal_ref (RhProposal *self)
{
  return g_rc_box_acquire (self);
}

void
rh_proposal_unref (RhProposal *self)
{
  if (self != NULL)
    g_rc_box_release_full (self, proposal_clear);
}

static JsonNode *
node_of (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_set_object (node, object);
  return node;
}

/* A copy, so that nothing that the caller still holds can change what was checked. */
static JsonObject *
copy_object (JsonObject *object)
{
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (JsonNode) copy = NULL;

  if (object == NULL)
    return json_object_new ();
  node = node_of (object);
  copy = royal_json_copy (node);
  return json_object_ref (json_node_get_object (copy));
}

static JsonObject *
pick (JsonObject *object, const char *const *names, guint n)
{
  JsonObject *picked = json_object_new ();

  for (guint i = 0; i < n; i++)
    if (json_object_has_member (object, names[i]))
      json_object_set_member (picked, names[i], json_object_dup_member (object, names[i]));
  return picked;
}

static RhProposal *
proposal_new (void)
{
  RhProposal *self = g_rc_box_new0 (RhProposal);

  self->items = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_item_free);
  return self;
}

static gboolean G_GNUC_PRINTF (2, 3) refuse (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL && *error == NULL)
    *error = g_error_new_valist (ROYAL_ERROR, ROYAL_ERROR_INVALID, format, args);
  va_end (args);
  return FALSE;
}

/* --- What an agent says ------------------------------------------------------------------------------------------- */

static gboolean
take_single (RhProposal *self, JsonObject *said, GError **error)
{
  const char *target = royal_json_string (said, "target", NULL);
  JsonObject *parameters = royal_json_object (said, "parameters");

  if (target == NULL || parameters == NULL)
    return refuse (error, "proposal: expected the member `%s`, or `items`", target == NULL ? "target" : "parameters");
  if (!rh_item_check_target (target, "/target", error))
    return FALSE;
  self->target = g_strdup (target);
  self->parameters = json_object_ref (parameters);
  g_ptr_array_add (self->items, rh_item_new (0, target, parameters));
  return TRUE;
}

static gboolean
take_items (RhProposal *self, JsonObject *said, JsonArray *items, GError **error)
{
  const char *target = royal_json_string (said, "target", NULL);
  JsonObject *parameters = royal_json_object (said, "parameters");
  guint n = json_array_get_length (items);

  if (parameters != NULL && json_object_get_size (parameters) > 0)
    return refuse (error, "proposal: /parameters: expected none beside `items`, each of which has its own");
  if (target != NULL && !rh_item_check_target (target, "/target", error))
    return FALSE;
  self->batch = TRUE;
  self->target = target != NULL ? g_strdup (target) : g_strdup_printf ("%u items", n);
  self->parameters = json_object_new ();
  for (guint i = 0; i < n; i++)
    {
      JsonObject *item = json_array_get_object_element (items, i);
      g_autofree char *pointer = g_strdup_printf ("/items/%u/target", i);

      if (!rh_item_check_target (royal_json_string (item, "target", ""), pointer, error))
        return FALSE;
      g_ptr_array_add (self->items, rh_item_new (i + 1, royal_json_string (item, "target", ""),
                                                 royal_json_object (item, "parameters")));
    }
  return TRUE;
}

static gboolean
take_end (RhProposal *self, JsonObject *said, GError **error)
{
  const char *at = royal_json_string (said, "reverts_at", NULL);
  g_autoptr (GDateTime) time = at != NULL ? g_date_time_new_from_iso8601 (at, NULL) : NULL;

  self->revert_after_s = (guint64)royal_json_int (said, "revert_after_s", 0);
  if (at == NULL)
    return TRUE;
  if (time == NULL || self->revert_after_s != 0)
    return refuse (error,
                   time == NULL ? "proposal: /reverts_at: expected a time, found %s"
                                : "proposal: /reverts_at: expected either this (%s) or `revert_after_s`",
                   at);
  self->reverts_at_us = g_date_time_to_unix (time) * G_USEC_PER_SEC;
  return TRUE;
}

RhProposal *
rh_proposal_new (const RhSubmission *submission, GError **error)
{
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (JsonObject) said = NULL;
  g_autoptr (RhProposal) self = NULL;
  JsonArray *items;

  g_return_val_if_fail (submission != NULL && submission->proposal != NULL, NULL);
  g_return_val_if_fail (submission->agent != NULL && submission->workspace != RH_NO_WORKSPACE, NULL);

  node = node_of (submission->proposal);
  if (!royal_json_check (node, "proposal", error) || !rh_schemas_check (RH_SCHEMA_PROPOSAL, node, "proposal", error))
    return NULL;
  if (rh_personal_has_token (node))
    {
      refuse (error, "proposal: expected values, found a sealed one");
      return NULL;
    }

  said = copy_object (submission->proposal);
  items = royal_json_array (said, "items");
  self = proposal_new ();
  self->workspace = submission->workspace;
  self->workspace_name = g_strdup (submission->workspace_name);
  self->agent = g_strdup (submission->agent);
  self->agent_version = g_strdup (submission->agent_version != NULL ? submission->agent_version : "");
  self->agent_sha256 = g_strdup (submission->agent_sha256 != NULL ? submission->agent_sha256 : "");
  self->cluster = g_strdup (submission->cluster != NULL ? submission->cluster : "");
  self->run = g_strdup (submission->run);
  self->key = g_strdup (submission->key);
  self->job = g_strdup (submission->job);
  self->context = submission->context != NULL ? copy_object (submission->context) : NULL;
  self->created_by = g_strdup (submission->by != NULL ? submission->by : submission->agent);
  self->grant = submission->grant != NULL ? copy_object (submission->grant) : NULL;
  self->seen = submission->seen != NULL ? json_node_copy (submission->seen) : NULL;
  self->action = g_strdup (royal_json_string (said, "action", ""));
  self->words = pick (said, word_names, G_N_ELEMENTS (word_names));
  self->claims = copy_object (royal_json_object (said, "claims"));
  self->deadline_s = (guint64)royal_json_int (said, "deadline_s", 0);
  if (!(items != NULL ? take_items (self, said, items, error) : take_single (self, said, error)) ||
      !take_end (self, said, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* --- What follows from another ------------------------------------------------------------------------------------ */

/* What it has in common with @original. */
static RhProposal *
proposal_after (JsonObject *original, gint64 workspace)
{
  RhProposal *self = proposal_new ();

  self->workspace = workspace;
  self->workspace_name = g_strdup (royal_json_string (original, "workspace", ""));
  self->agent = g_strdup (royal_json_string (original, "agent", ""));
  self->agent_version = g_strdup (royal_json_string (original, "agent_version", ""));
  self->agent_sha256 = g_strdup (royal_json_string (original, "agent_sha256", ""));
  self->cluster = g_strdup (royal_json_string (original, "cluster", ""));
  self->action = g_strdup (royal_json_string (original, "action", ""));
  self->target = g_strdup (royal_json_string (original, "target", ""));
  self->parameters = copy_object (royal_json_object (original, "parameters"));
  self->batch = royal_json_int (original, "n_items", 0) > 0;
  self->recorded = TRUE;
  return self;
}

static RhItem *
item_after (JsonObject *row)
{
  g_autoptr (JsonObject) parameters = copy_object (royal_json_object (row, "parameters"));

  return rh_item_new ((guint)royal_json_int (row, "item", 0), royal_json_string (row, "target", ""), parameters);
}

/* The items of a batch that were executed and not undone since, each with its receipt; or the one target of a single
 * proposal. */
static void
take_executed (RhProposal *self, JsonObject *original)
{
  JsonArray *items = royal_json_array (original, "items");
  guint n = items != NULL && self->batch ? json_array_get_length (items) : 1;

  for (guint i = 0; i < n; i++)
    {
      JsonObject *row = self->batch ? json_array_get_object_element (items, i) : original;
      JsonObject *effect = royal_json_object (row, "effect");
      RhItem *item;

      if (royal_json_object (effect, "receipt") == NULL ||
          g_strcmp0 (royal_json_string (effect, "state", ""), "executed") != 0 ||
          royal_json_boolean (row, "undone", FALSE))
        continue;
      item = item_after (row);
      item->receipt = copy_object (royal_json_object (effect, "receipt"));
      g_ptr_array_add (self->items, item);
    }
}

RhProposal *
rh_proposal_new_inverse (JsonObject *original, const RhActor *actor, const char *reason, GError **error)
{
  g_autoptr (RhProposal) self = NULL;
  g_autofree char *title = NULL;
  const char *state, *kind;
  gboolean ended;

  g_return_val_if_fail (original != NULL && actor != NULL, NULL);

  state = royal_json_string (original, "state", "");
  kind = royal_json_string (original, "kind", "");
  self = proposal_after (original, actor->workspace);
  take_executed (self, original);
  ended = strcmp (state, "executed") == 0 || (self->batch && strcmp (state, "failed") == 0);
  if (!ended || strcmp (kind, "apply") != 0 || self->items->len == 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                   "proposal %s is %s (%s), only an executed change can be undone",
                   royal_json_string (original, "id", ""), state, kind);
      return NULL;
    }

  title =
      g_strdup_printf ("Undo: %s", royal_json_string (royal_json_object (original, "words"), "title", self->action));
  self->created_by = g_strdup (actor->name);
  self->via = g_strdup (actor->via);
  self->undoes = g_strdup (royal_json_string (original, "id", ""));
  self->claims = json_object_new ();
  self->words = json_object_new ();
  json_object_set_string_member (self->words, "title", title);
  if (reason != NULL)
    json_object_set_string_member (self->words, "reasoning", reason);
  return g_steal_pointer (&self);
}

/* The parameters of item @number as @change has them; NULL = it does not name it. */
static JsonObject *
changed_item (JsonArray *changes, gint64 number)
{
  for (guint i = 0; changes != NULL && i < json_array_get_length (changes); i++)
    {
      JsonNode *element = json_array_get_element (changes, i);
      JsonObject *change = JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL;

      if (royal_json_int (change, "item", -1) == number)
        return royal_json_object (change, "parameters");
    }
  return NULL;
}

/* Whether a person has approved @original as it was, so that the approval may still stand. */
static gboolean
was_approved (JsonObject *original)
{
  return g_strcmp0 (royal_json_string (original, "decision", ""), "approve") == 0 &&
         g_strcmp0 (royal_json_string (original, "decided_by", "deadline"), "deadline") != 0;
}

/* The items of @original that are not excluded, with what @changes says of them. */
static gboolean
take_revised_items (RhProposal *self, JsonObject *original, JsonArray *changes, GError **error)
{
  JsonArray *items = royal_json_array (original, "items");
  guint changed = 0;

  for (guint i = 0; items != NULL && i < json_array_get_length (items); i++)
    {
      JsonObject *row = json_array_get_object_element (items, i);
      JsonObject *change = changed_item (changes, royal_json_int (row, "item", 0));
      RhItem *item;

      if (royal_json_boolean (row, "excluded", FALSE))
        continue;
      item = item_after (row);
      if (change != NULL)
        {
          json_object_unref (item->parameters);
          item->parameters = copy_object (change);
          changed++;
        }
      if (royal_json_object (row, "receipt") != NULL)
        item->receipt = copy_object (royal_json_object (row, "receipt"));
      g_ptr_array_add (self->items, item);
    }
  if (self->items->len == 0)
    return refuse (error, "no item is left of proposal %s", royal_json_string (original, "id", ""));
  if (changes != NULL && changed != json_array_get_length (changes))
    return refuse (error, "/items: expected items of proposal %s, each once", royal_json_string (original, "id", ""));
  return TRUE;
}

static gboolean
take_revised (RhProposal *self, JsonObject *original, JsonObject *change, GError **error)
{
  JsonObject *parameters = royal_json_object (change, "parameters");
  JsonArray *items = royal_json_array (change, "items");

  if (change != NULL && (self->batch ? items == NULL : parameters == NULL))
    return refuse (error, "/%s: expected what proposal %s is to do instead", self->batch ? "items" : "parameters",
                   royal_json_string (original, "id", ""));
  if (self->batch)
    return take_revised_items (self, original, items, error);
  if (parameters != NULL)
    {
      json_object_unref (self->parameters);
      self->parameters = copy_object (parameters);
    }
  g_ptr_array_add (self->items, rh_item_new (0, self->target, self->parameters));
  if (royal_json_object (original, "receipt") != NULL)
    ((RhItem *)self->items->pdata[0])->receipt = copy_object (royal_json_object (original, "receipt"));
  return TRUE;
}

/* What was observed of each item when it was approved. */
static void
remember_approved (RhProposal *self, JsonObject *original)
{
  JsonArray *rows = royal_json_array (original, "items");

  self->approved_policy = g_strdup (royal_json_string (original, "policy_version", NULL));
  for (guint i = 0; i < self->items->len; i++)
    {
      RhItem *item = self->items->pdata[i];

      if (!self->batch)
        item->approved = json_object_dup_member (original, "before");
      for (guint n = 0; self->batch && n < json_array_get_length (rows); n++)
        {
          JsonObject *row = json_array_get_object_element (rows, n);

          if (royal_json_int (row, "item", 0) == item->number)
            item->approved = json_object_dup_member (row, "before");
        }
    }
}

/* What is sealed is opened for the connector: nobody may have something opened that he was not shown. */
static gboolean
change_is_sealed (JsonObject *change)
{
  g_autoptr (JsonNode) node = change != NULL ? node_of (change) : NULL;

  return node != NULL && rh_personal_has_token (node);
}

RhProposal *
rh_proposal_new_revision (JsonObject *original,
                          gint64 workspace,
                          const RhActor *actor,
                          JsonObject *change,
                          JsonObject *grant,
                          GError **error)
{
  g_autoptr (RhProposal) self = NULL;
  const char *reverts_at;

  g_return_val_if_fail (original != NULL && (actor != NULL || change == NULL), NULL);

  self = proposal_after (original, workspace);
  if (change != NULL && royal_json_string (original, "undoes", NULL) != NULL)
    {
      refuse (error, "proposal %s undoes another: there is nothing in it to change",
              royal_json_string (original, "id", ""));
      return NULL;
    }
  if (change_is_sealed (change))
    {
      refuse (error, "/: expected values, found a sealed one");
      return NULL;
    }
  if (!take_revised (self, original, change, error))
    return NULL;
  self->run = g_strdup (royal_json_string (original, "run", NULL));
  self->job = g_strdup (royal_json_string (original, "job", NULL));
  self->undoes = g_strdup (royal_json_string (original, "undoes", NULL));
  self->supersedes = g_strdup (royal_json_string (original, "id", ""));
  self->refuse_denied = actor != NULL;
  self->created_by = g_strdup (actor != NULL ? actor->name : royal_json_string (original, "created_by", ""));
  self->via = g_strdup (actor != NULL ? actor->via : royal_json_string (original, "via", NULL));
  self->grant = grant != NULL ? copy_object (grant) : NULL;
  self->words = copy_object (royal_json_object (original, "words"));
  /* What the agent claimed, it claimed of what it had proposed. */
  self->claims = actor != NULL ? json_object_new () : copy_object (royal_json_object (original, "claims"));
  if (actor == NULL && was_approved (original))
    remember_approved (self, original);
  self->revert_after_s = (guint64)royal_json_int (original, "revert_after_s", 0);
  reverts_at = self->revert_after_s == 0 ? royal_json_string (original, "reverts_at", NULL) : NULL;
  if (reverts_at != NULL)
    {
      g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (reverts_at, NULL);

      self->reverts_at_us = time != NULL ? g_date_time_to_unix (time) * G_USEC_PER_SEC : 0;
    }
  return g_steal_pointer (&self);
}

/* --- Its digest --------------------------------------------------------------------------------------------------- */

/* A member of canonical JSON, null when it is not there. */
static void
append_member (GString *text, const char *name, JsonNode *node)
{
  g_string_append (text, text->str[text->len - 1] == '{' ? "\"" : ",\"");
  g_string_append (text, name);
  g_string_append (text, "\":");
  if (node != NULL)
    royal_json_append_canonical (text, node);
  else
    g_string_append (text, "null");
}

/* Members of @row, by other names, as an object: { name, its name in @row }, in the order of canonical JSON. */
static void
append_object (GString *text, const char *name, JsonObject *row, const char *const (*members)[2], guint n)
{
  g_string_append_printf (text, ",\"%s\":{", name);
  for (guint i = 0; i < n; i++)
    append_member (text, members[i][0], json_object_get_member (row, members[i][1]));
  g_string_append_c (text, '}');
}

/* When its effect ends, as it was asked for: the time that follows from it is known when it was executed. */
static void
append_ends (GString *text, JsonObject *row)
{
  static const char *const after[][2] = { { "after_s", "revert_after_s" } };
  static const char *const at[][2] = { { "at", "reverts_at" } };

  if (royal_json_int (row, "revert_after_s", 0) != 0)
    append_object (text, "ends", row, after, 1);
  else if (royal_json_string (row, "reverts_at", NULL) != NULL)
    append_object (text, "ends", row, at, 1);
}

char *
rh_proposal_digest (JsonObject *row)
{
  static const char *const agent[][2] = { { "id", "agent" },
                                          { "sha256", "agent_sha256" },
                                          { "version", "agent_version" } };
  static const char *const items[][2] = { { "n", "n_items" }, { "root", "root" } };
  static const char *const facts[] = { "expires_at", "facts" };
  static const char *const rest[] = { "kind", "parameters", "policy_version", "target", "undoes" };
  g_autoptr (GString) text = g_string_sized_new (1024);

  g_return_val_if_fail (row != NULL, NULL);

  /* In the order of canonical JSON. */
  g_string_append_c (text, '{');
  append_member (text, "action", json_object_get_member (row, "action"));
  append_object (text, "agent", row, agent, G_N_ELEMENTS (agent));
  append_member (text, "before", json_object_get_member (row, "before"));
  append_ends (text, row);
  for (guint i = 0; i < G_N_ELEMENTS (facts); i++)
    append_member (text, facts[i], json_object_get_member (row, facts[i]));
  if (royal_json_int (row, "n_items", 0) > 0)
    append_object (text, "items", row, items, G_N_ELEMENTS (items));
  for (guint i = 0; i < G_N_ELEMENTS (rest); i++)
    append_member (text, rest[i], json_object_get_member (row, rest[i]));
  g_string_append_c (text, '}');
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)text->str, text->len);
}
