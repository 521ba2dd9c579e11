/* SPDX-License-Identifier: Apache-2.0 */
#include "web-host.h"

#include "royal-json.h"

#include <string.h>

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* Runs royalctl with the words of @line against @host; it must end with @status. Returns what it printed, both streams.
 */
static char *
ctl (WebHost *host, const char *token, int status, const char *line)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "..", "..", "host", "ctl", "royalctl", NULL);
  g_autofree char *command = g_strdup_printf ("'%s' %s", program, line);
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u", host->port);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = NULL;
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  char *out = NULL;

  if (token != NULL)
    {
      g_autofree char *with_url = g_strdup_printf ("%s --url %s", command, url);

      g_assert_true (g_shell_parse_argv (with_url, NULL, &argv, NULL));
      g_subprocess_launcher_setenv (launcher, "ROYAL_TOKEN", token, TRUE);
    }
  else
    g_assert_true (g_shell_parse_argv (command, NULL, &argv, NULL));
  g_subprocess_launcher_setenv (launcher, "ROYAL_SOCKET", host->socket, TRUE);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *)argv, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8_async (process, NULL, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  g_assert_true (g_subprocess_communicate_utf8_finish (process, done, &out, NULL, &error));
  if (!g_subprocess_get_if_exited (process) || g_subprocess_get_exit_status (process) != status)
    g_error ("royalctl %s: expected %d, found %d: %s", line, status, g_subprocess_get_exit_status (process), out);
  return out;
}

static void
assert_ctl (WebHost *host, const char *token, int status, const char *line, const char *expected)
{
  g_autofree char *out = ctl (host, token, status, line);

  if (strstr (out, expected) == NULL)
    g_error ("royalctl %s: expected `%s`, found: %s", line, expected, out);
}

static void
test_host (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *viewer = web_token (host, "viewer");

  assert_ctl (host, NULL, 0, "status", "workspace    default");
  assert_ctl (host, NULL, 0, "--json status", "\"pending_approvals\"");
  assert_ctl (host, NULL, 0, "status --workspace other", "workspace    other");
  assert_ctl (host, viewer, 0, "status", "caller       viewer");
  assert_ctl (host, viewer, 1, "stop now", "does not allow");
  assert_ctl (host, NULL, 0, "stop 'wrong prices'", "wrong prices");
  assert_ctl (host, NULL, 0, "resume", "workspace");
  assert_ctl (host, NULL, 0, "reload", "generation");
  assert_ctl (host, NULL, 0, "agents", "nothing");
  assert_ctl (host, NULL, 1, "agents show none", "no agent is named none");
  assert_ctl (host, NULL, 0, "sandbox", "not known yet");
  assert_ctl (host, NULL, 0, "version", "royalctl");
  assert_ctl (host, NULL, 0, "audit verify", "the audit holds");
  assert_ctl (host, NULL, 0, "audit export", "");
  assert_ctl (host, NULL, 0, "events", "");
}

static void
test_usage (void)
{
  g_autoptr (WebHost) host = web_host_new ();

  assert_ctl (host, NULL, 2, "", "usage: royalctl");
  assert_ctl (host, NULL, 0, "--help", "approvals approve ID");
  assert_ctl (host, NULL, 0, "jobs run --help", "--input=JSON");
  assert_ctl (host, NULL, 2, "frob", "no command is named frob");
  assert_ctl (host, NULL, 2, "jobs frob", "no command is named jobs frob");
  assert_ctl (host, NULL, 2, "jobs run one", "usage: royalctl jobs run AGENT TASK");
  assert_ctl (host, NULL, 2, "jobs run a b --input '{'", "--input");
  assert_ctl (host, NULL, 2, "status --frob", "--frob");
  assert_ctl (host, NULL, 3, "--socket /nonexistent/socket status", "cannot be reached");
  assert_ctl (host, NULL, 1, "manifest check /nonexistent.json", "nonexistent");
}

static void
test_approvals (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *id = web_proposal (host);
  g_autofree char *other = web_proposal (host);
  g_autofree char *show = g_strdup_printf ("approvals show %s", id);
  g_autofree char *bare = g_strdup_printf ("approvals approve %s", id);
  g_autofree char *stale = g_strdup_printf ("approvals approve %s --digest %s", id, DIGEST_B);
  g_autofree char *yes = g_strdup_printf ("approvals approve %s --yes --note 'seen it'", id);
  g_autofree char *silent = g_strdup_printf ("approvals reject %s", other);
  g_autofree char *reject = g_strdup_printf ("approvals reject %s --reason 'too much'", other);

  assert_ctl (host, NULL, 0, "approvals", id);
  assert_ctl (host, NULL, 0, show, "deadline");
  assert_ctl (host, NULL, 0, show, DIGEST_A);
  assert_ctl (host, NULL, 2, bare, "--digest");
  assert_ctl (host, NULL, 1, stale, "digest is not that");
  assert_ctl (host, NULL, 0, yes, "is approved");
  assert_ctl (host, NULL, 1, yes, "not pending");
  assert_ctl (host, NULL, 2, silent, "--reason");
  assert_ctl (host, NULL, 0, reject, "is rejected");
}

static void
test_revisions (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *id = web_proposal (host);
  g_autofree char *approver = web_token (host, "approver");
  g_autofree char *items = g_strdup_printf ("approvals items %s", id);
  g_autofree char *revisions = g_strdup_printf ("approvals revisions %s", id);
  g_autofree char *nothing = g_strdup_printf ("approvals modify %s", id);
  g_autofree char *odd = g_strdup_printf ("approvals modify %s --parameters '{'", id);
  g_autofree char *exclude = g_strdup_printf ("approvals approve %s --digest %s --exclude 1,x", id, DIGEST_A);
  g_autofree char *made = ctl (host, approver, 0, "delegations add --to vic --hours 2 --note away --json");
  g_autoptr (JsonNode) node = json_from_string (made, NULL);
  const char *delegation = json_object_get_string_member (json_node_get_object (node), "id");
  g_autofree char *revoke = g_strdup_printf ("delegations revoke %s", delegation);

  assert_ctl (host, NULL, 0, items, "nothing");
  assert_ctl (host, NULL, 0, revisions, "pending");
  assert_ctl (host, NULL, 2, nothing, "--inputs");
  assert_ctl (host, NULL, 2, odd, "--parameters");
  assert_ctl (host, NULL, 2, exclude, "found x");
  assert_ctl (host, NULL, 0, "delegations", "vic");
  assert_ctl (host, NULL, 2, "delegations add --to vic", "--hours");
  assert_ctl (host, approver, 0, revoke, "is revoked");
}

static void
test_jobs (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *made = ctl (host, NULL, 0, "jobs run markdown week --input '{\"week\":4}' --json --key k9");
  g_autoptr (JsonNode) job = json_from_string (made, NULL);
  const char *id = json_object_get_string_member (json_node_get_object (job), "id");
  g_autofree char *cancel = g_strdup_printf ("jobs cancel %s", id);

  assert_ctl (host, NULL, 0, "jobs run markdown week --key k9", id);
  assert_ctl (host, NULL, 0, "jobs list --state queued", id);
  assert_ctl (host, NULL, 0, cancel, "cancelled");
  assert_ctl (host, NULL, 1, "jobs run markdown week --key k9 --wait", "cancelled");
  assert_ctl (host, NULL, 1, "jobs show none", "no job none");
}

static void
test_tokens (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *made = ctl (host, NULL, 0, "token create --name ci --role operator --expires 12h --json");
  g_autoptr (JsonNode) node = json_from_string (made, NULL);
  JsonObject *token = json_node_get_object (node);
  g_autofree char *revoke = g_strdup_printf ("token revoke %s", json_object_get_string_member (token, "id"));
  const char *secret = json_object_get_string_member (token, "token");

  assert_ctl (host, NULL, 0, "token list", "in 11 h");
  assert_ctl (host, secret, 0, "jobs", "");
  assert_ctl (host, NULL, 2, "token create --name x --role viewer --expires soon", "soon");
  assert_ctl (host, NULL, 0, revoke, "is revoked");
  assert_ctl (host, secret, 1, "jobs", "revoked");
}

static void
test_users (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *made = ctl (host, NULL, 0, "user add vera --roles viewer,operator");
  g_autofree char *password = g_strstrip (g_strdup (made));

  g_assert_cmpuint (strlen (password), >=, 24);
  assert_ctl (host, NULL, 0, "user list", "vera");
  assert_ctl (host, NULL, 0, "user list", "operator");
  assert_ctl (host, NULL, 2, "user add paul", "--roles");
  assert_ctl (host, NULL, 1, "user add vera --roles viewer", "already");
  assert_ctl (host, NULL, 1, "user add paul --roles king", "roles");
  assert_ctl (host, NULL, 0, "user unlock vera", "may try again");
  assert_ctl (host, NULL, 0, "user password vera", "shown once");
  assert_ctl (host, NULL, 0, "user revoke vera", "no session");
  assert_ctl (host, NULL, 0, "user disable vera", "is disabled");
  assert_ctl (host, NULL, 1, "user disable nobody", "no user nobody");
}

static char *
write_csv (const char *name, const char *text)
{
  char *path = g_build_filename (royal_test_dir (), name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static void
test_season (void)
{
#define HISTORY "store_id,category_id,week_start_date,units_sold\n"
  static const struct {
    const char *csv;
    const char *how;
    const char *message;
  } faults[] = {
    { HISTORY "s9,dresses,2025-01-05,1\n", "--history", "history: line 2, column store_id: no store is `s9`" },
    { HISTORY "s1,dresses,2025-01-05,1.5\n", "--history",
      "history: line 2, column units_sold: expected whole units from 0 to 1000000000, found `1.5`" },
    { HISTORY "s1,dresses,2025-01-05,1\ns1,dresses,2025-01-19,1\n", "--history",
      "history: line 3, column week_start_date: store s1, category dresses has no row for the week of 2025-01-12" },
    { "store_id,week_number\n", "--season women-s-dresses-2025-03-01",
      "actuals: line 1: the column `units_sold` is missing" },
    { "store_id,week_number,units_sold\ns1,2,1\ns1,2,1\n", "--season women-s-dresses-2025-03-01",
      "actuals: line 3, column week_number: store s1, week 2 stands on line 2 already" },
  };
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *stores = write_csv ("stores.csv", "store_id,name\ns1,One\ns2,Two\n");
  g_autofree char *forecast =
      write_csv ("forecast.csv", "store_id,week_number,units\ns1,1,10\ns1,2,20\ns2,1,5\ns2,2,5\n");
  g_autofree char *actuals = write_csv ("actuals.csv", "store_id,week_number,units_sold\ns1,1,9\ns2,1,6\n");
  g_autofree char *odd = write_csv ("odd.csv", "store_id,week_number,units_sold\ns1,1,many\n");
  g_autofree char *load = g_strdup_printf ("season load --json --category dresses --name \"Women's Dresses\""
                                           " --start 2025-03-01 --weeks 2 --stores '%s' --forecast '%s' --actuals '%s'",
                                           stores, forecast, actuals);
  g_autofree char *made = ctl (host, NULL, 0, load);
  g_autoptr (JsonNode) node = json_from_string (made, NULL);
  const char *season = json_object_get_string_member (json_node_get_object (node), "season");
  g_autofree char *show = g_strdup_printf ("season show %s --json", season);
  g_autofree char *wrong = g_strdup_printf ("season load --code women-s-dresses-2025-03-01 --actuals '%s'", odd);

  assert_ctl (host, NULL, 0, show, "women-s-dresses-2025-03-01");
  assert_ctl (host, NULL, 0, "season", "Women's Dresses");
  assert_ctl (host, NULL, 1, wrong, "line 2, column units_sold");
  assert_ctl (host, NULL, 1, "season show none", "none");
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *file = write_csv ("faults.csv", faults[i].csv);
      g_autofree char *real = g_strdup_printf ("season upload '%s' %s", file, faults[i].how);
      g_autofree char *dry = g_strconcat (real, " --dry-run", NULL);

      assert_ctl (host, NULL, 1, dry, faults[i].message);
      assert_ctl (host, NULL, 1, real, faults[i].message);
    }
  assert_ctl (host, NULL, 2, "season load", "--stores");
}

static void
test_catalog (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *feed = write_csv ("feed.csv", "product,supplier,title,price,cost\nlamp,acme,A lamp,39.90,12.00\n");
  g_autofree char *odd = write_csv ("odd-feed.csv", "product,supplier,title,price,cost\nlamp,acme,A lamp,39.90,low\n");
  g_autofree char *try = g_strdup_printf ("catalog upload catalog '%s' --dry-run", feed);
  g_autofree char *load = g_strdup_printf ("catalog upload catalog '%s'", feed);
  g_autofree char *wrong = g_strdup_printf ("catalog upload catalog '%s'", odd);
  g_autofree char *other = g_strdup_printf ("catalog upload stores '%s'", feed);

  assert_ctl (host, NULL, 0, try, "added                    1");
  assert_ctl (host, NULL, 0, load, "added                    1");
  assert_ctl (host, NULL, 0, load, "unchanged                1");
  assert_ctl (host, NULL, 1, wrong, "line 2, column cost");
  assert_ctl (host, NULL, 2, other, "catalog, signals, prices, suppliers and traffic");
  assert_ctl (host, NULL, 0, "catalog opportunities", "nothing");
  assert_ctl (host, NULL, 0, "goals margin=0.4 revenue=250000", "margin                   0.4");
  assert_ctl (host, NULL, 0, "goals margin=", "revenue                  250000");
  assert_ctl (host, NULL, 1, "goals margin=2", "/margin: expected less than 1");
  assert_ctl (host, NULL, 1, "goals speed=2", "speed");
  assert_ctl (host, NULL, 2, "goals margin", "NAME=NUMBER");
}

/* What is suggested is made of the policy in force, and proposed as that: people approved up to 27, and rejected from
 * 28 on. */
static void
test_suggest (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (WebAnswer) in_force = web_expect (host, 200, NULL, "GET", "/api/v1/policy", NULL);
  g_autofree char *seen = g_strdup_printf ("{\"version\":\"%s\"}",
                                           royal_json_string (json_node_get_object (in_force->json), "version", "-"));

  royal_test_sql (
      host->owner,
      "insert into proposals (workspace_id, state, action, target, agent, agent_version, agent_sha256, cluster,"
      " parameters, words, claims, before, facts, preview, risk, decision, rules, reason, policy_version, digest,"
      " created_by, decided_by, decided_at, expires_at)"
      " select workspace_id, s.state, 'price.set', 's' || i, 'a', '1', '', 'c', '{}', '{}', '{}', '{}',"
      " jsonb_build_object ('x', s.x + i * s.step), '{}', 'high', 'approve', '{large}', 'because', 'v', repeat ('d', "
      "64),"
      " 'a', 'ann', now (), now () + interval '1 hour' from workspaces,"
      " (values ('executed', 20.0, 0.2, 35), ('rejected', 28.0, 1.0, 8)) s (state, x, step, n), generate_series (0, n) "
      "i"
      " where name = 'default'");
  assert_ctl (host, NULL, 0, "policy suggest --propose", seen);
}

/* Offline, and by the host: the policy in force notifies below 20 and asks from there on. */
static void
test_policy (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *viewer = web_token (host, "viewer");
  g_autofree char *id = web_proposal (host);
  g_autofree char *sample = write_csv ("sample.json", "{\"agent\":\"a\",\"action\":\"b\",\"facts\":{\"x\":25}}");
  g_autofree char *odd = write_csv ("odd.json", "{\"agent\":\"a\"}");
  g_autofree char *policy =
      write_csv ("new.json", "{\"rules\":[{\"name\":\"all\",\"match\":{\"action\":\"*\"},\"risk\":\"low\","
                             "\"decision\":\"auto\"}]}");
  g_autofree char *broken =
      write_csv ("broken.json", "{\"rules\":[],\"quiet_hours\":[{\"name\":\"q\",\"time_zone\":\"Nowhere\",\"from\":"
                                "\"22:00\",\"to\":\"06:00\",\"decision\":\"deny\"}]}");
  g_autofree char *by_host = g_strdup_printf ("policy test '%s'", sample);
  g_autofree char *offline = g_strdup_printf ("policy test '%s' --policy '%s' --socket /nonexistent", sample, policy);
  g_autofree char *by_odd = g_strdup_printf ("policy test '%s'", odd);
  g_autofree char *check = g_strdup_printf ("policy check '%s'", policy);
  g_autofree char *check_broken = g_strdup_printf ("policy check '%s'", broken);
  g_autofree char *diff = g_strdup_printf ("policy diff '%s' '%s'", policy, policy);
  g_autofree char *backtest = g_strdup_printf ("policy backtest '%s' --since 1d", policy);
  g_autofree char *all = g_strdup_printf ("policy backtest '%s' --json", policy);
  g_autofree char *explain = g_strdup_printf ("policy explain %s", id);
  g_autofree char *wrong = g_strdup_printf ("policy backtest '%s' --since soon", policy);
  g_autofree char *set = g_strdup_printf ("policy set --seen c0ffee '%s'", policy);

  assert_ctl (host, viewer, 0, "policy show", "For * where x is below 20, it passes and people are told.");
  assert_ctl (host, viewer, 0, "policy show --document", "\"large\"");
  assert_ctl (host, viewer, 0, by_host, "otherwise    x 25 → below 20 would need no person");
  assert_ctl (host, NULL, 0, offline, "decision     auto");
  assert_ctl (host, NULL, 1, by_odd, "odd.json: ");
  assert_ctl (host, NULL, 0, check, "ok, version ");
  assert_ctl (host, NULL, 1, check_broken, "broken.json: /quiet_hours/0/time_zone: expected a time zone");
  assert_ctl (host, NULL, 0, diff, "they decide alike");
  assert_ctl (host, NULL, 0, backtest, "approve → auto: ");
  assert_ctl (host, NULL, 0, backtest, id);
  assert_ctl (host, NULL, 0, all, "{\"summary\":{\"proposals\":");
  assert_ctl (host, NULL, 2, wrong, "--since");
  assert_ctl (host, viewer, 1, backtest, "does not allow");
  assert_ctl (host, NULL, 0, "policy suggest", "nothing to suggest");
  assert_ctl (host, NULL, 0, set, "{\"version\":\"c0ffee\"}");
  assert_ctl (host, NULL, 1, explain, "the policy that decided it is not known any more");
  royal_test_sql (
      host->owner,
      "insert into policies (workspace_id, version, document) select workspace_id, repeat ('c', 64),"
      " '{\"rules\":[{\"name\":\"then\",\"match\":{\"action\":\"*\"},\"risk\":\"high\",\"decision\":\"approve\"}]}'"
      " from workspaces where name = 'default'; update proposals set policy_version = repeat ('c', 64)");
  assert_ctl (host, viewer, 0, explain, "rule then asks a person");
  assert_ctl (host, NULL, 1, "policy explain none", "no proposal none");
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/ctl/host", test_host);
  g_test_add_func ("/ctl/usage", test_usage);
  g_test_add_func ("/ctl/approvals", test_approvals);
  g_test_add_func ("/ctl/revisions", test_revisions);
  g_test_add_func ("/ctl/jobs", test_jobs);
  g_test_add_func ("/ctl/tokens", test_tokens);
  g_test_add_func ("/ctl/users", test_users);
  g_test_add_func ("/ctl/season", test_season);
  g_test_add_func ("/ctl/catalog", test_catalog);
  g_test_add_func ("/ctl/policy", test_policy);
  g_test_add_func ("/ctl/suggest", test_suggest);
  return royal_test_run ();
}
