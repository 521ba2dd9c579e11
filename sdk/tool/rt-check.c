/* SPDX-License-Identifier: Apache-2.0 */
#include "rt-commands.h"

#include "royal-elf.h"
#include "royal-json.h"
#include "royal-seal.h"
#include "rt-session.h"

#include <royal/error.h>
#include <royal/version.h>
#include <stdio.h>
#include <string.h>

#define LOAD_TIMEOUT_S 30

typedef struct {
  gboolean json;
  guint errors;
  guint warnings;
  JsonArray *findings; /* with --json */
} Report;

/* What the sandbox kills or refuses, and what to do instead. */
typedef struct {
  const char *symbol;
  const char *reason;
} Forbidden;

static const char no_network[] = "there is no network in the sandbox, the call kills the worker; ask the host with "
                                 "royal_run_get() or royal_run_read()";
static const char no_process[] = "no program can be started in the sandbox, the call kills the worker";
static const char no_fork[] = "no process can be made in the sandbox, the call kills the worker; threads can";
static const char no_signal[] = "no process can be signalled from the sandbox, the call kills the worker";
static const char no_pipe[] = "a run has no one to share it with, the call kills the worker";
static const char no_trace[] = "other processes are out of reach in the sandbox, the call kills the worker";
static const char no_files[] =
    "no file can be written in the sandbox, the call kills the worker; keep small state with "
    "royal_run_state_put()";
static const char no_names[] = "it asks a service over a socket, which kills the worker";

static const Forbidden forbidden[] = {
  { "accept", no_network },
  { "accept4", no_network },
  { "bind", no_network },
  { "connect", no_network },
  { "listen", no_network },
  { "socket", no_network },
  { "socketpair", no_network },
  { "getaddrinfo", no_network },
  { "memfd_create", no_pipe },
  { "pipe", no_pipe },
  { "pipe2", no_pipe },
  { "shm_open", no_pipe },
  { "gethostbyname", no_network },
  { "execl", no_process },
  { "execle", no_process },
  { "execlp", no_process },
  { "execv", no_process },
  { "execve", no_process },
  { "execveat", no_process },
  { "execvp", no_process },
  { "execvpe", no_process },
  { "fexecve", no_process },
  { "popen", no_process },
  { "posix_spawn", no_process },
  { "posix_spawnp", no_process },
  { "system", no_process },
  { "g_spawn_async", no_process },
  { "g_spawn_async_with_pipes", no_process },
  { "g_spawn_command_line_async", no_process },
  { "g_spawn_command_line_sync", no_process },
  { "g_spawn_sync", no_process },
  { "g_subprocess_new", no_process },
  { "g_subprocess_newv", no_process },
  { "clone", no_fork },
  { "daemon", no_fork },
  { "fork", no_fork },
  { "forkpty", no_fork },
  { "vfork", no_fork },
  { "kill", no_signal },
  { "killpg", no_signal },
  { "pidfd_send_signal", no_signal },
  { "sigqueue", no_signal },
  { "process_vm_readv", no_trace },
  { "process_vm_writev", no_trace },
  { "ptrace", no_trace },
  { "chmod", no_files },
  { "creat", no_files },
  { "creat64", no_files },
  { "mkdir", no_files },
  { "mkostemp", no_files },
  { "mkstemp", no_files },
  { "mkstemp64", no_files },
  { "rename", no_files },
  { "rmdir", no_files },
  { "tmpfile", no_files },
  { "unlink", no_files },
  { "g_file_set_contents", no_files },
  { "getpwnam", no_names },
  { "getpwuid", no_names },
  { "mount", "the sandbox kills a worker that calls it" },
  { "setuid", "the sandbox kills a worker that calls it" },
  { "unshare", "the sandbox kills a worker that calls it" },
};

static void say (Report *self, const char *level, const char *what, const char *format, ...) G_GNUC_PRINTF (4, 5);

static void
say (Report *self, const char *level, const char *what, const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  self->errors += g_str_equal (level, "error");
  self->warnings += g_str_equal (level, "warning");
  if (!self->json)
    {
      printf ("%-8s %-9s %s\n", level, what, text);
      return;
    }
  JsonObject *finding = json_object_new ();
  json_object_set_string_member (finding, "level", level);
  json_object_set_string_member (finding, "check", what);
  json_object_set_string_member (finding, "message", text);
  json_array_add_object_element (self->findings, finding);
}

static void
describe (Report *self, RoyalManifest *manifest)
{
  g_autofree char *tasks = g_strjoinv (", ", (char **)royal_manifest_tasks (manifest));
  g_autofree char *reads = g_strjoinv (", ", (char **)royal_manifest_reads (manifest));
  g_autofree char *writes = g_strjoinv (", ", (char **)royal_manifest_writes (manifest));

  say (self, "ok", "manifest", "%s %s; tasks: %s; asks to read: %s; asks to write: %s", royal_manifest_id (manifest),
       royal_manifest_version (manifest), tasks, reads[0] != '\0' ? reads : "nothing",
       writes[0] != '\0' ? writes : "nothing");
  if (royal_manifest_abi (manifest) > ROYAL_ABI)
    say (self, "error", "abi", "the manifest names ABI %u, this SDK speaks %u: update the SDK or rebuild with this one",
         royal_manifest_abi (manifest), ROYAL_ABI);
  else
    say (self, "ok", "abi", "%u", royal_manifest_abi (manifest));
}

static void
check_exports (Report *self, RoyalElf *elf)
{
  const char *const *exports = royal_elf_exports (elf);

  if (g_strv_contains (exports, ROYAL_AGENT_SYMBOL))
    say (self, "ok", "symbol", "%s is exported", ROYAL_AGENT_SYMBOL);
  else
    say (self, "error", "symbol", "expected the exported symbol %s: does the source have ROYAL_AGENT (…)?",
         ROYAL_AGENT_SYMBOL);
  guint others = g_strv_length ((char **)exports) - g_strv_contains (exports, ROYAL_AGENT_SYMBOL);
  if (others > 0)
    say (self, "warning", "symbol", "%u more symbols are exported: build with -fvisibility=hidden", others);
}

static void
check_imports (Report *self, RoyalElf *elf)
{
  const char *const *imports = royal_elf_imports (elf);
  guint before = self->errors;

  for (gsize i = 0; i < G_N_ELEMENTS (forbidden); i++)
    if (g_strv_contains (imports, forbidden[i].symbol))
      say (self, "error", "imports", "%s: %s", forbidden[i].symbol, forbidden[i].reason);
  if (self->errors == before)
    say (self, "ok", "imports", "%u symbols, none that the sandbox forbids", g_strv_length ((char **)imports));
}

/* The names of the tasks in code, from READY. */
static GStrv
tasks_of (JsonObject *facts)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  JsonArray *tasks = royal_json_array (facts, "tasks");

  for (guint i = 0; tasks != NULL && i < json_array_get_length (tasks); i++)
    {
      JsonNode *name = json_array_get_element (tasks, i);
      if (JSON_NODE_HOLDS_VALUE (name) && json_node_get_value_type (name) == G_TYPE_STRING)
        g_strv_builder_add (names, json_node_get_string (name));
    }
  return g_strv_builder_end (names);
}

static void
compare_tasks (Report *self, RoyalManifest *manifest, JsonObject *facts)
{
  const char *const *stated = royal_manifest_tasks (manifest);
  g_auto (GStrv) coded = tasks_of (facts);
  guint before = self->errors;

  for (guint i = 0; stated[i] != NULL; i++)
    if (!g_strv_contains ((const char *const *)coded, stated[i]))
      say (self, "error", "tasks", "%s is in the manifest but not in the code: add ROYAL_TASK (\"%s\", …)", stated[i],
           stated[i]);
  for (guint i = 0; coded[i] != NULL; i++)
    if (!g_strv_contains (stated, coded[i]))
      say (self, "error", "tasks", "%s is in the code but not in the manifest: add it to \"tasks\"", coded[i]);
  if (self->errors == before)
    say (self, "ok", "tasks", "code and manifest agree on %u", g_strv_length (coded));
}

static void
try_load (Report *self, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RtPlugin) plugin = rt_plugin_load (path, &error);
  RtSession session = { .plugin = plugin, .sandbox = TRUE, .timeout_s = LOAD_TIMEOUT_S };
  g_autoptr (RtOutcome) outcome = plugin != NULL ? rt_session_run (&session, &error) : NULL;

  if (outcome == NULL)
    {
      say (self, "error", "load", "%s", error->message);
      return;
    }
  if (outcome->error != NULL)
    {
      say (self, "error", "load", "%s", outcome->error->message);
      return;
    }
  say (self, "ok", "load", "loaded in the sandbox");
  compare_tasks (self, plugin->manifest, outcome->facts);
}

/* Only whether it holds: which keys are trusted is the host's to say. */
static void
check_seal (Report *self, const char *path, GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *key = royal_seal_verify (bytes, path, &error);
  char id[ROYAL_SEAL_ID_SIZE];

  if (key != NULL)
    {
      royal_seal_key_id (key, id);
      say (self, "ok", "signature", "by the key %s", id);
    }
  else if (g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND))
    say (self, "ok", "signature", "not signed");
  else
    say (self, "error", "signature", "%s", error->message);
}

static gboolean
is_module (GBytes *bytes)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);

  return length >= 4 && memcmp (data, "\177ELF", 4) == 0;
}

static void
check_module (Report *self, const char *path, GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoyalElf) elf = royal_elf_new (bytes, path, &error);
  g_autoptr (RoyalManifest) manifest = NULL;

  if (elf == NULL)
    {
      say (self, "error", "module", "%s", error->message);
      return;
    }
  check_exports (self, elf);
  check_imports (self, elf);
  manifest = royal_manifest_read_bytes (bytes, path, &error);
  if (manifest == NULL)
    {
      say (self, "error", "manifest", "%s", error->message);
      return;
    }
  describe (self, manifest);
  check_seal (self, path, bytes);
  try_load (self, path);
}

static void
check_manifest (Report *self, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoyalManifest) manifest = royal_manifest_read_file (path, &error);

  if (manifest != NULL)
    describe (self, manifest);
  else
    say (self, "error", "manifest", "%s", error->message);
}

static int
finish (Report *self)
{
  if (!self->json)
    {
      printf ("%u errors, %u warnings\n", self->errors, self->warnings);
      return self->errors == 0 ? RT_OK : RT_FAILED;
    }
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  json_object_set_int_member (object, "errors", self->errors);
  json_object_set_int_member (object, "warnings", self->warnings);
  json_object_set_array_member (object, "findings", self->findings);
  json_node_take_object (node, object);
  g_autofree char *text = royal_json_to_string (node);
  printf ("%s\n", text);
  return self->errors == 0 ? RT_OK : RT_FAILED;
}

int
rt_check (int argc, char **argv)
{
  Report report = { FALSE };
  int status;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &report.json, "Print the findings as one JSON object", NULL },
    { NULL },
  };

  if (!rt_options (&argc, &argv, entries, "PLUGIN|MANIFEST",
                   "Checks a plugin (.so) or a manifest (.json): the manifest against its schema, the ABI, exported "
                   "and imported\nsymbols, then loads the plugin in the sandbox and compares its tasks with the "
                   "manifest's.",
                   NULL, 1, 1, &status))
    return status;

  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = royal_elf_read (argv[1], &error);
  if (bytes == NULL)
    return rt_fail (g_steal_pointer (&error));
  if (report.json)
    report.findings = json_array_new ();
  if (is_module (bytes))
    check_module (&report, argv[1], bytes);
  else if (g_str_has_suffix (argv[1], ".so"))
    say (&report, "error", "module", "%s: expected an ELF shared object, found another file", argv[1]);
  else
    check_manifest (&report, argv[1]);
  return finish (&report);
}
