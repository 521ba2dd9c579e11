/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "rh-policy-diff.h"
#include "rh-sample.h"
#include "royal-json.h"

#include <stdio.h>
#include <string.h>

/* Differences that are shown one by one. */
#define SHOWN_MAX 50

static char *policy_file, *envelope_file, *since, *write_to;
static gboolean document_only, propose;

static const GOptionEntry show_entries[] = {
  { "document", 0, 0, G_OPTION_ARG_NONE, &document_only, "Print the document instead", NULL },
  { NULL },
};
static const GOptionEntry test_entries[] = {
  { "policy", 0, 0, G_OPTION_ARG_FILENAME, &policy_file, "Decide by this policy, here, instead of by the host's",
    "FILE" },
  { "envelope", 0, 0, G_OPTION_ARG_FILENAME, &envelope_file, "As if this envelope had been granted; with --policy",
    "FILE" },
  { NULL },
};
static const GOptionEntry since_entries[] = {
  { "since", 0, 0, G_OPTION_ARG_STRING, &since, "How far back, such as 12h or 30d (the default)", "TIME" },
  { NULL },
};
static const GOptionEntry suggest_entries[] = {
  { "since", 0, 0, G_OPTION_ARG_STRING, &since, "How far back, such as 12h or 30d (the default)", "TIME" },
  { "propose", 0, 0, G_OPTION_ARG_NONE, &propose, "Propose the policy with all suggestions", NULL },
  { "write", 0, 0, G_OPTION_ARG_FILENAME, &write_to, "Write the policy with all suggestions to FILE", "FILE" },
  { NULL },
};

/* (nullable) (transfer full) */
static JsonNode *
read_json (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;
  return royal_json_parse (text, (gssize)length, path, error);
}

/* (nullable) (transfer full) */
static RhPolicy *
read_policy (const char *path, GError **error)
{
  g_autoptr (JsonNode) document = read_json (path, error);

  return document != NULL ? rh_policy_new (document, path, error) : NULL;
}

static JsonNode *
take_array (const char *name, JsonArray *list)
{
  g_autoptr (JsonObject) object = json_object_new ();

  json_object_set_array_member (object, name, list);
  return json_node_init_object (json_node_alloc (), object);
}

/* --- show, check, diff -------------------------------------------------------------------------------------------- */

static int
run_show (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/policy", NULL, &answer);
  JsonArray *sentences;

  if (status != CTL_OK)
    return status;
  if (document_only)
    ctl_print_json (json_object_get_member (json_node_get_object (answer), "document"));
  else if (options->json)
    ctl_print_json (answer);
  if (document_only || options->json)
    return CTL_OK;
  ctl_print_field ("version", royal_json_string (json_node_get_object (answer), "version", "-"));
  sentences = royal_json_array (json_node_get_object (answer), "sentences");
  for (guint i = 0; sentences != NULL && i < json_array_get_length (sentences); i++)
    {
      JsonObject *sentence = json_array_get_object_element (sentences, i);
      g_autofree char *name = ctl_text (sentence, "name");
      g_autofree char *text = ctl_text (sentence, "text");

      printf ("\n%s\n  %s\n", name, text);
    }
  return CTL_OK;
}

static int
run_check (const CtlOptions *options, char **arguments)
{
  int status = CTL_OK;

  for (guint i = 0; arguments[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RhPolicy) policy = read_policy (arguments[i], &error);

      if (policy != NULL)
        printf ("%s: ok, version %s\n", arguments[i], rh_policy_version (policy));
      else
        status = ctl_fail (CTL_FAILED, "%s", error->message);
    }
  return status;
}

static void
print_difference (JsonObject *entry)
{
  static const char *const sides[][2] = { { "from", "-" }, { "to", "+" } };
  g_autofree char *name = ctl_text (entry, "name");
  g_autofree char *change = ctl_text (entry, "change");

  printf ("%s %s\n", name, change);
  for (guint i = 0; i < G_N_ELEMENTS (sides); i++)
    if (json_object_has_member (entry, sides[i][0]))
      {
        g_autofree char *text = ctl_text (entry, sides[i][0]);

        printf ("  %s %s\n", sides[i][1], text);
      }
}

static int
run_diff (const CtlOptions *options, char **arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RhPolicy) from = read_policy (arguments[0], &error);
  g_autoptr (RhPolicy) to = from != NULL ? read_policy (arguments[1], &error) : NULL;
  g_autoptr (JsonNode) answer = NULL;
  JsonArray *entries;

  if (to == NULL)
    return ctl_fail (CTL_FAILED, "%s", error->message);
  entries = rh_policy_diff (from, to);
  answer = take_array ("items", entries);
  if (options->json)
    ctl_print_json (answer);
  else if (json_array_get_length (entries) == 0)
    puts ("they decide alike");
  for (guint i = 0; !options->json && i < json_array_get_length (entries); i++)
    print_difference (json_array_get_object_element (entries, i));
  return CTL_OK;
}

/* --- test --------------------------------------------------------------------------------------------------------- */

static void
print_rules (JsonObject *explanation, const char *member)
{
  JsonArray *rules = royal_json_array (explanation, member);

  for (guint i = 0; rules != NULL && i < json_array_get_length (rules); i++)
    {
      JsonObject *rule = json_array_get_object_element (rules, i);
      g_autofree char *name = ctl_text (rule, "name");
      g_autofree char *decision = ctl_text (rule, "decision");
      g_autofree char *seen = ctl_text (rule, json_object_has_member (rule, "facts") ? "facts" : "misses");

      printf ("%-12s %s: %s %s\n", i == 0 ? member : "", name, decision, seen);
    }
}

static int
print_verdict (const CtlOptions *options, JsonNode *answer)
{
  static const char *const members[] = { "asks", "limits" };
  JsonObject *verdict = json_node_get_object (answer);
  JsonObject *explanation = royal_json_object (verdict, "explanation");

  if (options->json)
    {
      ctl_print_json (answer);
      return CTL_OK;
    }
  ctl_print_field ("decision", royal_json_string (verdict, "decision", "-"));
  ctl_print_field ("risk", royal_json_string (verdict, "risk", "-"));
  ctl_print_field ("reason", royal_json_string (verdict, "reason", "-"));
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (json_object_has_member (verdict, members[i]))
      {
        g_autofree char *text = ctl_text (verdict, members[i]);

        ctl_print_field (members[i], text);
      }
  print_rules (explanation, "rules");
  print_rules (explanation, "near");
  ctl_print_field ("otherwise", royal_json_string (explanation, "flip", ""));
  return CTL_OK;
}

/* FALSE with @error set. */
static gboolean
add_envelope (RhSample *sample, GError **error)
{
  g_autoptr (GPtrArray) envelopes = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_envelope_free);
  g_autoptr (JsonNode) document = read_json (envelope_file, error);
  RhEnvelope *envelope = document != NULL ? rh_envelope_new (document, envelope_file, error) : NULL;

  if (envelope == NULL)
    return FALSE;
  g_ptr_array_add (envelopes, envelope);
  rh_sample_set_envelopes (sample, envelopes);
  return TRUE;
}

static int
run_test (const CtlOptions *options, char **arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) document = read_json (arguments[0], &error);
  g_autoptr (RhSample) sample = NULL;
  g_autoptr (RhPolicy) policy = NULL;
  g_autoptr (JsonNode) answer = NULL;
  JsonNode *body;
  int status;

  if (document != NULL)
    sample = rh_sample_new (document, g_get_real_time () / G_USEC_PER_SEC, arguments[0], &error);
  if (envelope_file != NULL && policy_file == NULL)
    return ctl_fail (CTL_USAGE, "--envelope needs --policy: the host decides by what was granted there");
  if (sample != NULL && (envelope_file == NULL || add_envelope (sample, &error)) && policy_file != NULL)
    policy = read_policy (policy_file, &error);
  if (error != NULL)
    return ctl_fail (CTL_FAILED, "%s", error->message);
  if (policy != NULL)
    {
      answer = rh_sample_decide (sample, policy);
      return print_verdict (options, answer);
    }
  body = ctl_body (NULL, NULL);
  json_object_set_member (json_node_get_object (body), "sample", g_steal_pointer (&document));
  status = ctl_call (options, "POST", "/policy/test", body, &answer);
  return status == CTL_OK ? print_verdict (options, answer) : status;
}

static int
run_explain (const CtlOptions *options, char **arguments)
{
  g_autofree char *escaped = g_uri_escape_string (arguments[0], NULL, TRUE);
  g_autofree char *path = g_strconcat ("/policy/explain/", escaped, NULL);
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", path, NULL, &answer);

  return status == CTL_OK ? print_verdict (options, answer) : status;
}

/* --- backtest, suggest -------------------------------------------------------------------------------------------- */

/* (transfer full): --since as a time; NULL when it is none, which was said. */
static char *
since_time (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) then = NULL;
  gint64 seconds;

  if (!ctl_parse_duration (since != NULL ? since : "30d", &seconds))
    {
      ctl_fail (CTL_USAGE, "--since: expected a number and s, m, h or d, found %s", since);
      return NULL;
    }
  then = g_date_time_add_seconds (now, -(double)seconds);
  return g_date_time_format (then, "%Y-%m-%dT%H:%M:%SZ");
}

static void
print_change (JsonObject *line)
{
  g_autofree char *id = ctl_text (line, "proposal");
  g_autofree char *agent = ctl_text (line, "agent");
  g_autofree char *action = ctl_text (line, "action");
  g_autofree char *target = ctl_text (line, "target");
  g_autofree char *from = ctl_text (line, "from");
  g_autofree char *to = ctl_text (line, "to");
  g_autofree char *reason = ctl_text (line, "reason");

  printf ("%s  %s → %s  %s by %s on %s: %s\n", id, from, to, action, agent, target, reason);
}

static void
print_summary (JsonObject *summary, guint shown)
{
  JsonArray *changes = royal_json_array (summary, "changes");
  gint64 differ = royal_json_int (summary, "differ", 0);

  if (differ > (gint64)shown)
    printf ("… and %" G_GINT64_FORMAT " more (--json prints all)\n", differ - (gint64)shown);
  printf ("%" G_GINT64_FORMAT " proposals, %" G_GINT64_FORMAT " decided otherwise\n",
          royal_json_int (summary, "proposals", 0), differ);
  for (guint i = 0; changes != NULL && i < json_array_get_length (changes); i++)
    {
      JsonObject *change = json_array_get_object_element (changes, i);

      printf ("  %s → %s: %" G_GINT64_FORMAT "\n", royal_json_string (change, "from", ""),
              royal_json_string (change, "to", ""), royal_json_int (change, "n", 0));
    }
}

static int
print_backtest (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint shown = 0;

  for (guint i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
    {
      g_autoptr (JsonNode) node = royal_json_parse (lines[i], -1, "answer", NULL);
      JsonObject *line = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      JsonObject *summary = royal_json_object (line, "summary");

      if (summary != NULL)
        {
          print_summary (summary, shown);
          return CTL_OK;
        }
      if (line != NULL && shown < SHOWN_MAX)
        {
          print_change (line);
          shown++;
        }
    }
  return ctl_fail (CTL_FAILED, "the host's answer ended before its summary");
}

static int
run_backtest (const CtlOptions *options, char **arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) document = read_json (arguments[0], &error);
  g_autoptr (RhPolicy) policy = document != NULL ? rh_policy_new (document, arguments[0], &error) : NULL;
  g_autofree char *from = NULL;
  g_autofree char *sent = NULL;
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) body = NULL;
  g_autoptr (GBytes) bytes = NULL;
  int status;

  if (policy == NULL)
    return ctl_fail (CTL_FAILED, "%s", error->message);
  from = since_time ();
  if (from == NULL)
    return CTL_USAGE;
  body = ctl_body ("since", from, NULL);
  json_object_set_member (json_node_get_object (body), "policy", g_steal_pointer (&document));
  sent = royal_json_to_string (body);
  bytes = g_bytes_new (sent, strlen (sent));
  status = ctl_call_text (options, "POST", "/policy/backtest", "application/json", bytes, &text);
  if (status != CTL_OK || !options->json)
    return status == CTL_OK ? print_backtest (text) : status;
  fputs (text, stdout);
  return CTL_OK;
}

static int
write_policy (JsonNode *policy)
{
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *data = NULL;
  g_autofree char *text = NULL;

  json_generator_set_root (generator, policy);
  json_generator_set_pretty (generator, TRUE);
  data = json_generator_to_data (generator, NULL);
  text = g_strconcat (data, "\n", NULL);
  if (!g_file_set_contents (write_to, text, -1, &error))
    return ctl_fail (CTL_FAILED, "%s", error->message);
  printf ("%s has them all; try it: royalctl policy backtest %s\n", write_to, write_to);
  return CTL_OK;
}

static int
propose_policy (const CtlOptions *options, JsonObject *answer, JsonNode *policy, JsonArray *suggestions)
{
  g_autofree char *title =
      g_strdup_printf ("Move %u thresholds by what people answered", json_array_get_length (suggestions));
  JsonObject *parameters = json_object_new ();

  json_object_set_member (parameters, "document", json_node_ref (policy));
  return ctl_propose (options, "policy.change", "policy", title, parameters,
                      ctl_seen_policy (royal_json_string (answer, "version", NULL)));
}

static int
run_suggest (const CtlOptions *options, char **arguments)
{
  static const char *const columns[] = { "rule",     "rule",
                                         "agent",    "agent",
                                         "n",        "n",
                                         "asked",    "asked",
                                         "approved", "approved",
                                         "rate",     "approval_rate",
                                         "wait s",   "median_wait_s",
                                         "moved",    "modification_distance",
                                         "failed",   "failed",
                                         "undone",   "undone",
                                         NULL };
  g_autofree char *from = since_time ();
  g_autofree char *path = from != NULL ? g_strconcat ("/policy/suggest?since=", from, NULL) : NULL;
  g_autoptr (JsonNode) answer = NULL;
  JsonArray *suggestions, *rules;
  JsonNode *policy;
  int status = path != NULL ? ctl_call (options, "GET", path, NULL, &answer) : CTL_USAGE;

  if (status != CTL_OK)
    return status;
  policy = json_object_get_member (json_node_get_object (answer), "policy");
  if (options->json)
    ctl_print_json (answer);
  if (options->json)
    return CTL_OK;
  rules = royal_json_array (json_node_get_object (answer), "rules");
  suggestions = royal_json_array (json_node_get_object (answer), "suggestions");
  if (rules != NULL && json_array_get_length (rules) > 0)
    ctl_print_table (rules, columns);
  if (suggestions == NULL || json_array_get_length (suggestions) == 0)
    puts ("nothing to suggest");
  for (guint i = 0; suggestions != NULL && i < json_array_get_length (suggestions); i++)
    {
      g_autofree char *text = ctl_text (json_array_get_object_element (suggestions, i), "text");

      printf ("%s\n", text);
    }
  if (policy == NULL || JSON_NODE_HOLDS_NULL (policy))
    return CTL_OK;
  if (write_to != NULL)
    status = write_policy (policy);
  return propose && status == CTL_OK ? propose_policy (options, json_node_get_object (answer), policy, suggestions)
                                     : status;
}

const CtlCommand ctl_policy_commands[] = {
  { "policy", "show", NULL, "The policy in force, as sentences", 0, 0, show_entries, run_show },
  { "policy", "test", "SAMPLE.json", "What is decided of a sample, why, and what would change it", 1, 1, test_entries,
    run_test },
  { "policy", "explain", "PROPOSAL", "Why a proposal was decided so", 1, 1, NULL, run_explain },
  { "policy", "check", "FILE...", "Check policies, without a host", 1, 1000, NULL, run_check },
  { "policy", "diff", "A B", "What is different in policy B, without a host", 2, 2, NULL, run_diff },
  { "policy", "backtest", "NEW.json", "What a policy would have decided of what was recorded", 1, 1, since_entries,
    run_backtest },
  { "policy", "suggest", NULL, "What answers and outcomes say of rules and thresholds", 0, 0, suggest_entries,
    run_suggest },
  { NULL },
};
