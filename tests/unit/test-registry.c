/* SPDX-License-Identifier: Apache-2.0 */
#include "elf-maker.h"
#include "rh-registry.h"
#include "royal-json.h"

#include <glib/gstdio.h>
#include <royal/error.h>
#include <sys/stat.h>

typedef struct {
  char *root;
  char *manifests;
  char *plugins;
  char *modules;
  RhRegistry *registry;
  guint changed;
} Fixture;

static void
on_changed (RhRegistry *registry, gpointer data)
{
  ((Fixture *)data)->changed++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->root = g_dir_make_tmp ("royal-registry-XXXXXX", NULL);
  g_assert_nonnull (f->root);
  f->manifests = g_build_filename (f->root, "manifests", NULL);
  f->plugins = g_build_filename (f->root, "plugins", NULL);
  f->modules = g_build_filename (f->root, "data", "modules", NULL);
  g_assert_cmpint (g_mkdir (f->manifests, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (f->plugins, 0700), ==, 0);
  g_autofree char *path = g_strconcat ("/nonexistent::", f->plugins, NULL);
  f->registry = rh_registry_new (f->manifests, path, f->modules);
  g_signal_connect (f->registry, "changed", G_CALLBACK (on_changed), f);
}

static void
remove_all (const char *path)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  if (!g_file_test (path, G_FILE_TEST_IS_SYMLINK) && g_file_test (path, G_FILE_TEST_IS_DIR))
    {
      g_chmod (path, 0700);
      dir = g_dir_open (path, 0, NULL);
      while ((name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *child = g_build_filename (path, name, NULL);
          remove_all (child);
        }
    }
  g_remove (path);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->registry);
  remove_all (f->root);
  g_free (f->root);
  g_free (f->manifests);
  g_free (f->plugins);
  g_free (f->modules);
}

static void
put (const char *folder, const char *name, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) quoted = g_string_new (text);
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_string_replace (quoted, "'", "\"", 0);
  g_file_set_contents (path, quoted->str, -1, &error);
  g_assert_no_error (error);
}

/* A module whose manifest has @id and @abi, asks for two reads and one write, and takes a configuration. */
static void
put_module (Fixture *f, const char *name, const char *id, int abi)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (f->plugins, name, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_printf (text,
                   "{'id':'%s','name':'A','version':'1.2.3','description':'D.','abi':%d,'cluster':'product',"
                   "'tasks':{'one':{'description':'One.','input':{'type':'object','required':['week'],"
                   "'properties':{'week':{'type':'integer'}}}},'two':{'description':'Two.'}},"
                   "'reads':['retail.season','retail.sales'],'writes':[{'action':'markdown.apply'}],"
                   "'config':{'type':'object','additionalProperties':false,'properties':{"
                   "'pct':{'type':'number','default':0.2,'maximum':1},'deep':{'type':'object','default':{}}}}}",
                   id, abi);
  g_string_replace (text, "'", "\"", 0);
  g_autoptr (GByteArray) module = elf_maker_new (text->str);
  g_file_set_contents (path, (const char *)module->data, module->len, &error);
  g_assert_no_error (error);
}

static void
load (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = rh_registry_load (f->registry, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

/* @faults: the messages, each after its file's name */
static void
expect_faults (Fixture *f, const char *const *faults)
{
  g_autoptr (GError) error = NULL;
  guint generation = rh_registry_generation (f->registry);

  g_assert_false (rh_registry_load (f->registry, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  g_assert_cmpuint (rh_registry_generation (f->registry), ==, generation);

  g_autoptr (GString) text = g_string_new (error->message);
  g_autofree char *manifests = g_strconcat (f->manifests, "/", NULL);
  g_autofree char *plugins = g_strconcat (f->plugins, "/", NULL);
  g_string_replace (text, manifests, "", 0);
  g_string_replace (text, plugins, "", 0);
  g_auto (GStrv) lines = g_strsplit (text->str, "\n", -1);
  for (guint i = 0; lines[i] != NULL || faults[i] != NULL; i++)
    g_assert_cmpstr (lines[i], ==, faults[i]);
}

static void
test_empty (Fixture *f, gconstpointer data)
{
  g_assert_cmpuint (rh_registry_generation (f->registry), ==, 0);
  load (f);
  g_autoptr (GPtrArray) agents = rh_registry_list (f->registry);
  g_assert_cmpuint (agents->len, ==, 0);
  g_assert_cmpuint (rh_registry_generation (f->registry), ==, 1);
  g_assert_cmpuint (f->changed, ==, 1);
  g_assert_null (rh_registry_find (f->registry, "a"));
}

static void
test_defaults (Fixture *f, gconstpointer data)
{
  put_module (f, "a.so", "a", 1);
  put (f->manifests, "a.json", "{'agent':'a','module':'a.so'}");
  put (f->manifests, "policy.json", "not read");
  put (f->manifests, "notes.txt", "not read");
  load (f);

  RhAgent *agent = rh_registry_find (f->registry, "a");
  g_assert_nonnull (agent);
  g_assert_cmpstr (rh_agent_id (agent), ==, "a");
  g_assert_cmpstr (rh_agent_version (agent), ==, "1.2.3");
  g_assert_cmpstr (rh_agent_cluster (agent), ==, "product");
  g_assert_cmpuint (rh_agent_limits (agent)->memory_mb, ==, 1024);
  g_assert_cmpuint (rh_agent_limits (agent)->workers, ==, 2);
  g_assert_cmpuint (rh_agent_limits (agent)->warm, ==, 1);
  g_assert_cmpuint (rh_agent_retry (agent)->attempts, ==, 3);
  g_assert_cmpuint (rh_agent_retry (agent)->backoff_max_ms, ==, 60000);
  g_assert_true (rh_agent_has_task (agent, "one"));
  g_assert_true (rh_agent_has_task (agent, "two"));
  g_assert_false (rh_agent_has_task (agent, "three"));

  /* Asked for is not granted. */
  g_assert_false (rh_agent_may_read (agent, "retail.season"));
  g_assert_null (rh_agent_may_write (agent, "markdown.apply"));

  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), rh_agent_config (agent));
  g_autofree char *config = royal_json_canonical (node);
  g_assert_cmpstr (config, ==, "{\"deep\":{},\"pct\":0.2}");
}

static void
test_granted (Fixture *f, gconstpointer data)
{
  put_module (f, "a.so", "a", 1);
  put (f->manifests, "a.json",
       "{'agent':'a','module':'a.so','cluster':'finance','tasks':['two'],'config':{'pct':0.5},"
       "'grants':{'reads':['retail.sales'],'writes':[{'action':'markdown.apply','limits':{'markdown_pct':{'max':0.3}}}]"
       "},"
       "'limits':{'memory_mb':64.0,'cpu_s':5,'wall_s':9,'workers':4,'warm':3},"
       "'retry':{'attempts':1,'backoff_ms':10,'backoff_max_ms':20}}");
  load (f);

  RhAgent *agent = rh_registry_find (f->registry, "a");
  g_assert_cmpstr (rh_agent_cluster (agent), ==, "finance");
  g_assert_false (rh_agent_has_task (agent, "one"));
  g_assert_true (rh_agent_has_task (agent, "two"));
  g_assert_true (rh_agent_may_read (agent, "retail.sales"));
  g_assert_false (rh_agent_may_read (agent, "retail.season"));
  JsonObject *grant = rh_agent_may_write (agent, "markdown.apply");
  g_assert_nonnull (grant);
  g_assert_true (json_object_has_member (json_object_get_object_member (grant, "limits"), "markdown_pct"));
  g_assert_cmpuint (rh_agent_limits (agent)->memory_mb, ==, 64);
  g_assert_cmpuint (rh_agent_limits (agent)->cpu_s, ==, 5);
  g_assert_cmpuint (rh_agent_limits (agent)->wall_s, ==, 9);
  g_assert_cmpuint (rh_agent_limits (agent)->workers, ==, 4);
  g_assert_cmpuint (rh_agent_limits (agent)->warm, ==, 3);
  g_assert_cmpuint (rh_agent_retry (agent)->attempts, ==, 1);
  g_assert_cmpuint (rh_agent_retry (agent)->backoff_ms, ==, 10);
  g_assert_cmpfloat (json_object_get_double_member (rh_agent_config (agent), "pct"), ==, 0.5);
}

static void
test_input (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) good = royal_json_parse ("{\"week\":4}", -1, "t", NULL);
  g_autoptr (JsonNode) bad = royal_json_parse ("{\"week\":\"4\"}", -1, "t", NULL);
  g_autoptr (JsonNode) array = royal_json_parse ("[]", -1, "t", NULL);

  put_module (f, "a.so", "a", 1);
  put (f->manifests, "a.json", "{'agent':'a','module':'a.so'}");
  load (f);
  RhAgent *agent = rh_registry_find (f->registry, "a");
  g_assert_true (rh_agent_check_input (agent, "one", good, NULL));
  g_assert_true (rh_agent_check_input (agent, "two", bad, NULL));
  g_assert_false (rh_agent_check_input (agent, "one", bad, &error));
  g_assert_cmpstr (error->message, ==, "input: /week: expected an integer, found \"4\"");
  g_clear_error (&error);
  g_assert_false (rh_agent_check_input (agent, "two", array, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (rh_agent_check_input (agent, "three", good, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
}

static void
test_copy (Fixture *f, gconstpointer data)
{
  g_autofree char *original = g_build_filename (f->plugins, "a.so", NULL);
  struct stat st;

  put_module (f, "a.so", "a", 1);
  put (f->manifests, "a.json", "{'agent':'a','module':'a.so'}");
  load (f);

  RhAgent *agent = rh_registry_find (f->registry, "a");
  g_autofree char *expected = g_build_filename (f->modules, rh_agent_sha256 (agent), "agent.so", NULL);
  g_autofree char *folder = g_path_get_dirname (expected);
  g_assert_cmpstr (rh_agent_module (agent), ==, expected);
  g_assert_cmpint (g_stat (expected, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0444);
  g_assert_cmpint (g_stat (folder, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0555);

  /* The original may go: the copy serves. A copy that somebody tampered with is replaced. */
  g_chmod (expected, 0644);
  g_assert_true (g_file_set_contents_full (expected, "x", 1, G_FILE_SET_CONTENTS_NONE, 0644, NULL));
  load (f);
  g_autofree char *contents = NULL;
  gsize length;
  g_assert_true (g_file_get_contents (expected, &contents, &length, NULL));
  g_assert_cmpmem (contents, MIN (length, 4), "\177ELF", 4);
  g_assert_cmpint (g_unlink (original), ==, 0);
  g_assert_true (g_file_test (expected, G_FILE_TEST_EXISTS));
}

static guint
count_copies (Fixture *f)
{
  g_autoptr (GDir) dir = g_dir_open (f->modules, 0, NULL);
  guint count = 0;

  while (g_dir_read_name (dir) != NULL)
    count++;
  return count;
}

static void
test_prune (Fixture *f, gconstpointer data)
{
  put_module (f, "a.so", "a", 1);
  put (f->manifests, "a.json", "{'agent':'a','module':'a.so'}");
  load (f);
  put_module (f, "a.so", "a", 0x1);
  put_module (f, "b.so", "b", 1);
  put (f->manifests, "a.json", "{'agent':'b','module':'b.so'}");
  load (f);
  /* A worker of the old set may still use the old copy. */
  g_assert_cmpuint (count_copies (f), ==, 2);

  g_autofree char *left = g_build_filename (f->modules, ".new-abcdef", NULL);
  g_autofree char *other = g_build_filename (f->modules, "somebody's", NULL);
  g_assert_cmpint (g_mkdir (left, 0555), ==, 0);
  g_assert_cmpint (g_mkdir (other, 0755), ==, 0);
  g_autoptr (RhRegistry) next = rh_registry_new (f->manifests, f->plugins, f->modules);
  g_assert_true (rh_registry_load (next, NULL));
  g_assert_cmpuint (count_copies (f), ==, 2); /* b, and what is none of ours */
  g_assert_true (g_file_test (other, G_FILE_TEST_IS_DIR));
}

static void
test_faults (Fixture *f, gconstpointer data)
{
  static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  g_autofree char *with_hash = g_strdup_printf ("{'agent':'c','module':'c.so','sha256':'%s'}", hash);

  put_module (f, "a.so", "a", 1);
  put_module (f, "c.so", "c", 1);
  put_module (f, "new.so", "new", 2);
  put (f->plugins, "text.so", "no module");
  put (f->manifests, "a.json",
       "{'agent':'a','module':'a.so','config':{'pct':2},'tasks':['won'],'limits':{'workers':1,'warm':2},"
       "'grants':{'reads':['retail.season','retail.seasons'],"
       "'writes':[{'action':'shopify.price.update'},{'action':'markdown.apply'},{'action':'markdown.apply','limits':{'"
       "pct':{'min':1,'max':0.5}}}]}}");
  put (f->manifests, "b.json", "{'agent':'b','module':'b.so'}");
  put (f->manifests, "c.json", with_hash);
  put (f->manifests, "d.json", "{'agent':'d','module':'a.so','enable':false}");
  put (f->manifests, "e.json", "{'agent':'e','module':'a.so'}");
  put (f->manifests, "f.json", "{'agent':'new','module':'new.so'}");
  put (f->manifests, "g.json", "{");
  put (f->manifests, "h.json", "{'agent':'h','module':'text.so'}");
  put (f->manifests, "off.json", "{'agent':'off','module':'off.so','enabled':false}");

  g_autoptr (GError) error = NULL;
  g_assert_false (rh_registry_load (f->registry, &error));
  g_autofree char *c_path = g_build_filename (f->plugins, "c.so", NULL);
  g_autofree char *c_bytes = NULL;
  gsize c_length;
  g_assert_true (g_file_get_contents (c_path, &c_bytes, &c_length, NULL));
  g_autofree char *c_hash = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (guchar *)c_bytes, c_length);
  g_autofree char *c_fault =
      g_strdup_printf ("c.json: /sha256: expected the hash of c.so, which is %s, found %s", c_hash, hash);
  g_autofree char *b_fault =
      g_strdup_printf ("b.json: /module: expected a file in /nonexistent:%s, found no \"b.so\" there", f->plugins);

  const char *const faults[] = {
    "a.json: /limits/warm: expected at most 1, the number of workers, found 2",
    "a.json: /tasks/0: expected a task of the agent's manifest (one, two), found \"won\"; did you mean \"one\"?",
    "a.json: /grants/reads/1: expected a resource of the agent's manifest (retail.season, retail.sales), found "
    "\"retail.seasons\"; did you mean \"retail.season\"?",
    "a.json: /grants/writes/0/action: expected an action of the agent's manifest (markdown.apply), found "
    "\"shopify.price.update\"",
    "a.json: /grants/writes/2/action: expected each action once, found \"markdown.apply\" again",
    "a.json: /grants/writes/2/limits/pct: expected a min that is at most the max 0.5, found 1",
    "a.json: /config/pct: expected at most 1, found 2",
    b_fault,
    c_fault,
    "d.json: unknown member `enable`; did you mean `enabled`?",
    "e.json: /agent: expected \"a\", the id in a.so, found \"e\"",
    "f.json: /module: expected a plugin for ABI 1 or older, found one for ABI 2: the host is older than its SDK",
    "g.json: line 1, column 2: expected a member name in quotes",
    "h.json: /module: expected a plugin: text.so: expected an ELF shared object, found another file",
    NULL,
  };
  expect_faults (f, faults);
  g_assert_cmpuint (f->changed, ==, 0);
  g_assert_false (g_file_test (f->modules, G_FILE_TEST_EXISTS) && count_copies (f) > 0);
}

/* All or nothing: one bad manifest, and the old set goes on serving. */
static void
test_atomic (Fixture *f, gconstpointer data)
{
  put_module (f, "a.so", "a", 1);
  put_module (f, "b.so", "b", 1);
  put (f->manifests, "a.json", "{'agent':'a','module':'a.so'}");
  load (f);
  g_autoptr (RhAgent) old = g_object_ref (rh_registry_find (f->registry, "a"));

  put (f->manifests, "a.json", "{'agent':'a','module':'a.so','config':{'pct':0.7}}");
  put (f->manifests, "b.json", "{'agent':'b','module':'b.so','retry':{'attempts':0}}");
  const char *const faults[] = { "b.json: /retry/attempts: expected at least 1, found 0", NULL };
  expect_faults (f, faults);
  g_assert_true (rh_registry_find (f->registry, "a") == old);
  g_assert_null (rh_registry_find (f->registry, "b"));
  g_assert_cmpuint (f->changed, ==, 1);

  put (f->manifests, "b.json", "{'agent':'b','module':'b.so'}");
  load (f);
  g_assert_true (rh_registry_find (f->registry, "a") != old);
  g_assert_cmpfloat (json_object_get_double_member (rh_agent_config (rh_registry_find (f->registry, "a")), "pct"), ==,
                     0.7);
  g_assert_cmpfloat (json_object_get_double_member (rh_agent_config (old), "pct"), ==, 0.2);
  g_assert_cmpuint (f->changed, ==, 2);
  g_assert_cmpuint (rh_registry_generation (f->registry), ==, 2);
}

static void
test_same_id (Fixture *f, gconstpointer data)
{
  put_module (f, "a.so", "a", 1);
  put (f->manifests, "a.json", "{'agent':'a','module':'a.so'}");
  put (f->manifests, "b.json", "{'agent':'a','module':'a.so'}");
  const char *const faults[] = { "b.json: /agent: expected an agent that no other manifest enables, found \"a\", which "
                                 "a.json enables",
                                 NULL };
  expect_faults (f, faults);

  put (f->manifests, "b.json", "{'agent':'a','module':'a.so','enabled':false}");
  load (f);
}

/* The manifests that Royal ships fit the plugins that it ships. */
static void
test_shipped (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *manifests = g_test_build_filename (G_TEST_DIST, "..", "..", "manifests", NULL);
  g_autofree char *plugins = g_test_build_filename (G_TEST_BUILT, "..", "..", "plugins", NULL);
  g_autofree char *plugin = g_build_filename (plugins, "markdown.so", NULL);
  g_autoptr (RhRegistry) registry = rh_registry_new (manifests, plugins, f->modules);

  if (!g_file_test (plugin, G_FILE_TEST_EXISTS))
    {
      g_test_skip ("the plugins are not built");
      return;
    }
  g_assert_true (rh_registry_load (registry, &error));
  g_assert_no_error (error);
  g_assert_nonnull (rh_registry_find (registry, "markdown"));
}

static void
test_no_folder (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  remove_all (f->manifests);
  g_assert_false (rh_registry_load (f->registry, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
}

#define ADD(name, func) g_test_add ("/registry/" name, Fixture, NULL, set_up, func, tear_down)

/* What a trigger's declaration may not be: under "triggers": { "t": …. */
static void
test_triggers_refused (Fixture *f, gconstpointer data)
{
  static const char *const bad[][2] = {
    { "{'schedule':{'cron':'@daily'}}", "/triggers/t: expected one of task and workflow, found none" },
    { "{'task':'two','workflow':'w','schedule':{'cron':'@daily'}}",
      "/triggers/t: expected one of task and workflow, found both" },
    { "{'task':'two'}", "/triggers/t: expected one of schedule, webhook, event, database, file and email, found none" },
    { "{'task':'two','schedule':{'cron':'@daily'},'event':{'kinds':['job.']}}",
      "/triggers/t: expected one of schedule, webhook, event, database, file and email, found more" },
    { "{'task':'two','schedule':{'cron':'61 * * * *'}}",
      "/triggers/t/schedule/cron: minute: expected a number from 0 to 59, found \"61\"" },
    { "{'task':'two','schedule':{'cron':'@daily','zone':'Mars/Olympus'}}",
      "/triggers/t/schedule/zone: expected the name of a time zone, such as Europe/Paris, found \"Mars/Olympus\"" },
    { "{'task':'three','schedule':{'cron':'@daily'}}",
      "/triggers/t/task: expected a task of the agent's manifest (one, two), found \"three\"" },
    { "{'task':'one','schedule':{'cron':'@daily'}}", "/triggers/t/input: expected a member `week`, found none" },
    { "{'task':'one','schedule':{'cron':'@daily'},'input':{'week':'x'}}",
      "/triggers/t/input/week: expected an integer, found \"x\"" },
    { "{'task':'one','schedule':{'cron':'@daily'},'input':{'week':{'$':'week'}}}",
      "/triggers/t/input/week/$: expected a JSON pointer, such as /body/id" },
    { "{'task':'two','webhook':{'secrets':['a'],'header':'X-S','content':'{timestamp}.{body}'}}",
      "/triggers/t/webhook/timestamp_header: expected the name of a header, as {timestamp} is signed" },
    { "{'task':'two','webhook':{'secrets':['a'],'header':'X-S','id_header':'X-Id'}}",
      "/triggers/t/webhook/id_header: expected {id} in the content: what is not signed protects nothing" },
    { "{'task':'two','webhook':{'secrets':['a'],'header':'X-S','content':'nothing'}}",
      "/triggers/t/webhook/content: expected a text with {body}, found \"nothing\"" },
    { "{'task':'two','database':{'channel':'royal_jobs'}}",
      "/triggers/t/database/channel: expected a channel that begins with royal_on_, found \"royal_jobs\"" },
    { "{'task':'two','file':{'folder':'in'}}", "/triggers/t/file/folder: expected an absolute path, found \"in\"" },
    { "{'task':'two','file':{'folder':'/in','contents':'text','max_bytes':600000}}",
      "/triggers/t/file/max_bytes: expected at most 524288 with contents, found 600000" },
  };

  put_module (f, "a.so", "a", 1);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *manifest = g_strdup_printf ("{'agent':'a','module':'a.so','triggers':{'t':%s}}", bad[i][0]);
      g_autofree char *message = g_strconcat ("a.json: ", bad[i][1], NULL);

      put (f->manifests, "a.json", manifest);
      expect_faults (f, (const char *const[]){ message, NULL });
    }
}

static void
test_triggers (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) happened = royal_json_parse ("{\"body\":{\"a/b\":[1,{\"~\":2}]},\"n\":7}", -1, "x", &error);
  g_autoptr (JsonNode) input = NULL;
  g_autofree char *text = NULL;
  GPtrArray *triggers;

  put_module (f, "a.so", "a", 1);
  put (f->manifests, "a.json",
       "{'agent':'a','module':'a.so','manual':false,'triggers':{'night':{'task':'one','schedule':{'cron':'@daily'},"
       "'input':{'week':{'$':'/n'},'list':[{'$':'/body/a~1b/1/~0'},{'$':'/no'},3],'all':{'$':''},'gone':{'$':'/no'}}},"
       "'off':{'task':'two','enabled':false,'event':{'kinds':['job.']}}}}");
  load (f);
  g_assert_false (rh_agent_is_manual (rh_registry_find (f->registry, "a")));
  triggers = rh_agent_triggers (rh_registry_find (f->registry, "a"));
  g_assert_cmpuint (triggers->len, ==, 1);
  g_assert_cmpstr (rh_trigger_name (triggers->pdata[0]), ==, "a.night");
  g_assert_cmpint (rh_trigger_kind (triggers->pdata[0]), ==, RH_TRIGGER_SCHEDULE);
  g_assert_cmpint (rh_cron_next (rh_trigger_cron (triggers->pdata[0]), rh_trigger_zone (triggers->pdata[0]), 1), ==,
                   86400);
  g_assert_cmpstr (royal_json_string (rh_trigger_options (triggers->pdata[0]), "missed", ""), ==, "once");
  input = rh_trigger_input (triggers->pdata[0], happened);
  text = royal_json_to_string (input);
  g_assert_cmpstr (text, ==, "{\"week\":7,\"list\":[2,3],\"all\":{\"body\":{\"a/b\":[1,{\"~\":2}]},\"n\":7}}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("empty", test_empty);
  ADD ("defaults", test_defaults);
  ADD ("granted", test_granted);
  ADD ("input", test_input);
  ADD ("copy", test_copy);
  ADD ("prune", test_prune);
  ADD ("faults", test_faults);
  ADD ("atomic", test_atomic);
  ADD ("same-id", test_same_id);
  ADD ("shipped", test_shipped);
  ADD ("no-folder", test_no_folder);
  g_test_add ("/registry/triggers", Fixture, NULL, set_up, test_triggers, tear_down);
  g_test_add ("/registry/triggers-refused", Fixture, NULL, set_up, test_triggers_refused, tear_down);
  return g_test_run ();
}
