/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-record.h"

#include "rh-clock.h"
#include "royal-json.h"

#define DEADLINE_DEFAULT_S (24 * 60 * 60)
#define DEADLINE_MAX_S (7 * 24 * 60 * 60)

typedef enum {
  ACTION,
  AGENT,
  AGENT_SHA256,
  AGENT_VERSION,
  ASKS,
  BEFORE,
  CLAIMS,
  CLUSTER,
  CONTEXT,
  CREATED_BY,
  DECISION,
  DIGEST,
  ENVELOPES,
  EXPIRES_AT,
  EXPLANATION,
  FACTS,
  ITEMS,
  JOB,
  KEY,
  KIND,
  LIMITS,
  MODIFIED,
  N_ITEMS,
  PARAMETERS,
  POLICY_VERSION,
  PREVIEW,
  PRIORITY,
  REASON,
  REVERT_AFTER_S,
  REVERTS_AT,
  RISK,
  ROOT,
  RULES,
  RUN,
  SUPERSEDES,
  TARGET,
  UNDOES,
  VIA,
  WORDS,
  N_MEMBERS
} Member;

static const char *const names[N_MEMBERS] = {
  "action",         "agent",      "agent_sha256", "agent_version",
  "asks",           "before",     "claims",       "cluster",
  "context",        "created_by", "decision",     "digest",
  "envelopes",      "expires_at", "explanation",  "facts",
  "items",          "job",        "key",          "kind",
  "limits",         "modified",   "n_items",      "parameters",
  "policy_version", "preview",    "priority",     "reason",
  "revert_after_s", "reverts_at", "risk",         "root",
  "rules",          "run",        "supersedes",   "target",
  "undoes",         "via",        "words",
};

/* Where a value stands in the text of all; of no length = it is not there. */
typedef struct {
  gsize at;
  gsize length;
} Place;

typedef struct {
  GString *text;
  Place plain[N_MEMBERS];
  Place canonical[N_MEMBERS]; /* the same place where it is the same text */
} Values;

static void
put_place (Values *self, Member member, gsize at)
{
  self->plain[member] = self->canonical[member] = (Place){ at, self->text->len - at };
}

/* What is not there is null wherever the row is read. */
static void
put_string (Values *self, Member member, const char *value)
{
  gsize at = self->text->len;

  if (value == NULL)
    return;
  royal_json_append_string (self->text, value);
  put_place (self, member, at);
}

static void
put_int (Values *self, Member member, gint64 value)
{
  gsize at = self->text->len;

  g_string_append_printf (self->text, "%" G_GINT64_FORMAT, value);
  put_place (self, member, at);
}

/* As it is, and as digests and the audit have it. */
static void
put_node (Values *self, Member member, JsonNode *node)
{
  gsize at = self->text->len;

  if (node == NULL)
    {
      g_string_append (self->text, "null");
      put_place (self, member, at);
      return;
    }
  royal_json_append (self->text, node);
  put_place (self, member, at);
  at = self->text->len;
  royal_json_append_canonical (self->text, node);
  self->canonical[member] = (Place){ at, self->text->len - at };
}

static void
put_object (Values *self, Member member, JsonObject *object)
{
  g_autoptr (JsonNode) node = NULL;

  if (object == NULL)
    return;
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_set_object (node, object);
  put_node (self, member, node);
}

static void
put_strings (Values *self, Member member, const char *const *values)
{
  gsize at = self->text->len;

  g_string_append_c (self->text, '[');
  for (guint i = 0; values[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (self->text, ',');
      royal_json_append_string (self->text, values[i]);
    }
  g_string_append_c (self->text, ']');
  put_place (self, member, at);
}

/* Appends what @place holds of @self, or null. */
static void
append_place (GString *out, const Values *self, Place place)
{
  if (place.length > 0)
    g_string_append_len (out, self->text->str + place.at, (gssize)place.length);
  else
    g_string_append (out, "null");
}

static void
append_name (GString *out, Member member)
{
  g_string_append (out, out->len == 1 ? "\"" : ",\"");
  g_string_append (out, names[member]);
  g_string_append (out, "\":");
}

/* --- Its members -------------------------------------------------------------------------------------------------- */

static char *
expires_at (const RhProposal *self, gint64 now_us)
{
  guint64 wait_s = DEADLINE_DEFAULT_S;
  gint64 then_us;

  if (self->verdict->deadline_s != 0)
    wait_s = self->verdict->deadline_s;
  else if (self->deadline_s != 0)
    wait_s = MIN (self->deadline_s, DEADLINE_MAX_S);
  then_us = now_us + (gint64)wait_s * G_USEC_PER_SEC;
  return rh_clock_text (self->reverts_at_us != 0 ? MIN (then_us, self->reverts_at_us) : then_us);
}

static void
put_origin (Values *values, const RhProposal *proposal)
{
  const struct {
    Member member;
    const char *value;
  } table[] = {
    { KIND, proposal->undoes != NULL ? "undo" : "apply" },
    { UNDOES, proposal->undoes },
    { ACTION, proposal->action },
    { TARGET, proposal->target },
    { AGENT, proposal->agent },
    { AGENT_VERSION, proposal->agent_version },
    { AGENT_SHA256, proposal->agent_sha256 },
    { CLUSTER, proposal->cluster },
    { RUN, proposal->run },
    { KEY, proposal->key },
    { JOB, proposal->job },
    { SUPERSEDES, proposal->supersedes },
    { CREATED_BY, proposal->created_by },
    { VIA, proposal->via },
    { POLICY_VERSION, proposal->policy_version },
    { PRIORITY, royal_json_string (proposal->words, "priority", "normal") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    put_string (values, table[i].member, table[i].value);
}

/* What else the verdict says, where it does. */
static void
put_verdict (Values *values, const RhVerdict *verdict)
{
  const struct {
    Member member;
    JsonNode *node;
  } table[] = { { ASKS, verdict->asks }, { LIMITS, verdict->limits }, { EXPLANATION, verdict->explanation } };

  put_string (values, RISK, rh_risk_name (verdict->risk));
  put_string (values, DECISION, rh_decision_name (verdict->decision));
  put_strings (values, RULES, (const char *const *)verdict->rules);
  put_string (values, REASON, verdict->reason);
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (table[i].node != NULL)
      put_node (values, table[i].member, table[i].node);
  /* What let it pass is looked at again in the transaction that records it. */
  if (verdict->envelope != NULL)
    put_strings (values, ENVELOPES, (const char *const[]){ verdict->envelope, NULL });
}

/* The items of a batch, and their root. */
static void
put_items (Values *values, GPtrArray *items)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *rows = json_array_sized_new (items->len);
  g_autofree char *root = NULL;
  gsize at = values->text->len;

  for (guint i = 0; i < items->len; i++)
    json_array_add_object_element (rows, rh_item_row (items->pdata[i]));
  json_node_take_array (node, rows);
  royal_json_append (values->text, node);
  put_place (values, ITEMS, at);
  root = rh_items_root (rows);
  put_int (values, N_ITEMS, items->len);
  put_string (values, ROOT, root);
}

static void
put_times (Values *values, const RhProposal *proposal, gint64 now_us)
{
  g_autofree char *expires = expires_at (proposal, now_us);

  put_string (values, EXPIRES_AT, expires);
  if (proposal->revert_after_s != 0)
    put_int (values, REVERT_AFTER_S, (gint64)proposal->revert_after_s);
  if (proposal->reverts_at_us != 0)
    {
      g_autofree char *at = rh_clock_text (proposal->reverts_at_us);

      put_string (values, REVERTS_AT, at);
    }
}

/* What the digest covers, in the order of canonical JSON; see rh_proposal_digest(). */
static const struct {
  const char *lead;
  Member member;
  gboolean is_optional;
  const char *end;
} covered[] = {
  { "{\"action\":", ACTION, FALSE, "" },
  { ",\"agent\":{\"id\":", AGENT, FALSE, "" },
  { ",\"sha256\":", AGENT_SHA256, FALSE, "" },
  { ",\"version\":", AGENT_VERSION, FALSE, "}" },
  { ",\"before\":", BEFORE, FALSE, "" },
  { ",\"ends\":{\"after_s\":", REVERT_AFTER_S, TRUE, "}" },
  { ",\"ends\":{\"at\":", REVERTS_AT, TRUE, "}" },
  { ",\"expires_at\":", EXPIRES_AT, FALSE, "" },
  { ",\"facts\":", FACTS, FALSE, "" },
  { ",\"items\":{\"n\":", N_ITEMS, TRUE, "" },
  { ",\"root\":", ROOT, TRUE, "}" },
  { ",\"kind\":", KIND, FALSE, "" },
  { ",\"parameters\":", PARAMETERS, FALSE, "" },
  { ",\"policy_version\":", POLICY_VERSION, FALSE, "" },
  { ",\"target\":", TARGET, FALSE, "" },
  { ",\"undoes\":", UNDOES, FALSE, "}" },
};

static void
put_digest (Values *values)
{
  g_autoptr (GString) text = g_string_sized_new (1024);
  g_autofree char *digest = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (covered); i++)
    if (!covered[i].is_optional || values->canonical[covered[i].member].length > 0)
      {
        g_string_append (text, covered[i].lead);
        append_place (text, values, values->canonical[covered[i].member]);
        g_string_append (text, covered[i].end);
      }
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)text->str, text->len);
  put_string (values, DIGEST, digest);
}

static void
put_all (Values *values, const RhProposal *proposal, gint64 now_us)
{
  put_origin (values, proposal);
  put_verdict (values, proposal->verdict);
  put_object (values, CONTEXT, proposal->context);
  put_object (values, MODIFIED, proposal->modified);
  put_object (values, PARAMETERS, proposal->parameters);
  put_object (values, WORDS, proposal->words);
  put_object (values, CLAIMS, proposal->claims);
  put_node (values, BEFORE, proposal->assessment->before);
  put_node (values, FACTS, proposal->assessment->facts);
  put_node (values, PREVIEW, proposal->assessment->preview);
  if (proposal->batch)
    put_items (values, proposal->items);
  put_times (values, proposal, now_us);
  put_digest (values);
}

/* --- What is made of them ----------------------------------------------------------------------------------------- */

static char *
row_text (const Values *values)
{
  GString *row = g_string_sized_new (values->text->len + 512);

  g_string_append_c (row, '{');
  for (Member member = 0; member < N_MEMBERS; member++)
    if (values->plain[member].length > 0)
      {
        append_name (row, member);
        append_place (row, values, values->plain[member]);
      }
  g_string_append_c (row, '}');
  return g_string_free (row, FALSE);
}

static char *
told_text (const Values *values)
{
  static const Member members[] = { ACTION,         AGENT,  AGENT_SHA256, AGENT_VERSION, BEFORE, CLAIMS,
                                    DECISION,       DIGEST, EXPIRES_AT,   FACTS,         KIND,   PARAMETERS,
                                    POLICY_VERSION, REASON, RISK,         RULES,         RUN };
  GString *told = g_string_sized_new (1024);

  g_string_append_c (told, '{');
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      append_name (told, members[i]);
      append_place (told, values, values->canonical[members[i]]);
    }
  return g_string_free (told, FALSE);
}

static gboolean
check_assessment (const RhAssessment *assessment, GError **error)
{
  JsonNode *nodes[] = { assessment->before, assessment->facts, assessment->preview };

  for (guint i = 0; i < G_N_ELEMENTS (nodes); i++)
    if (nodes[i] != NULL && !royal_json_check (nodes[i], "assessment", error))
      return FALSE;
  return TRUE;
}

/* What a connector says is checked before it is written. */
static gboolean
check (const RhProposal *proposal, GError **error)
{
  if (!check_assessment (proposal->assessment, error))
    return FALSE;
  for (guint i = 0; proposal->batch && i < proposal->items->len; i++)
    if (!check_assessment (((const RhItem *)proposal->items->pdata[i])->assessment, error))
      return FALSE;
  return TRUE;
}

RhRecord *
rh_record_new (RhProposal *proposal, gint64 now_us, GError **error)
{
  g_autoptr (GString) text = NULL;
  Values values = { 0 };
  RhRecord *self;

  g_return_val_if_fail (proposal != NULL && proposal->assessment != NULL && proposal->verdict != NULL, NULL);
  g_return_val_if_fail (now_us > 0, NULL);

  if (!check (proposal, error))
    return NULL;
  values.text = text = g_string_sized_new (2048);
  put_all (&values, proposal, now_us);
  self = g_new0 (RhRecord, 1);
  self->proposal = rh_proposal_ref (proposal);
  self->row = row_text (&values);
  self->told = told_text (&values);
  return self;
}

void
rh_record_free (RhRecord *self)
{
  if (self == NULL)
    return;
  rh_proposal_unref (self->proposal);
  g_free (self->row);
  g_free (self->told);
  g_free (self);
}

JsonNode *
rh_record_outcome (const RhRecord *self, const char *uid, const char *state)
{
  const RhVerdict *verdict;
  JsonNode *outcome;
  JsonObject *object;
  JsonArray *rules;

  g_return_val_if_fail (self != NULL && uid != NULL && state != NULL, NULL);

  verdict = self->proposal->verdict;
  outcome = json_node_new (JSON_NODE_OBJECT);
  object = json_object_new ();
  rules = json_array_new ();
  for (guint i = 0; verdict->rules[i] != NULL; i++)
    json_array_add_string_element (rules, verdict->rules[i]);
  json_object_set_string_member (object, "proposal", uid);
  json_object_set_string_member (object, "state", state);
  json_object_set_string_member (object, "decision", rh_decision_name (verdict->decision));
  json_object_set_string_member (object, "risk", rh_risk_name (verdict->risk));
  json_object_set_array_member (object, "rules", rules);
  json_object_set_string_member (object, "reason", verdict->reason);
  json_node_take_object (outcome, object);
  return outcome;
}
