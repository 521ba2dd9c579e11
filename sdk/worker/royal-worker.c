/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-json.h"
#include "royal-log-writer.h"
#include "royal-module.h"
#include "royal-run-private.h"
#include "royal-sandbox.h"

#include <errno.h>
#include <linux/close_range.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The process that one plugin runs in: takes INIT from descriptor 3, gives up what it will not need, loads the
 * plugin, serves runs one at a time. See docs/wire.md and docs/sandbox.md. */

/* A run's own thread pools are as wide as the CPUs that the worker may use. */
static const char *const thread_variables[] = { "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS" };

#define NICEST 19

static gboolean
set_affinity (JsonObject *init, JsonObject *facts, GError **error)
{
  gint64 keep_off = royal_json_int (init, "keep_off_cpu", -1);
  cpu_set_t set;

  /* All that the system gives, not what the host may have left of it for itself. */
  memset (&set, 0xff, sizeof set);
  if (sched_setaffinity (0, sizeof set, &set) < 0 || sched_getaffinity (0, sizeof set, &set) < 0)
    return royal_sandbox_fail (error, "affinity", "reset", errno);
  if (keep_off >= 0 && keep_off < CPU_SETSIZE && CPU_COUNT (&set) > 1 && CPU_ISSET ((gsize)keep_off, &set))
    {
      CPU_CLR ((gsize)keep_off, &set);
      json_object_set_boolean_member (facts, "own_cpu", TRUE);
    }
  if (sched_setaffinity (0, sizeof set, &set) < 0)
    return royal_sandbox_fail (error, "affinity", "set", errno);
  /* Where the host and its database want a CPU that workers use, they come first. */
  if (setpriority (PRIO_PROCESS, 0, NICEST) < 0)
    return royal_sandbox_fail (error, "priority", "lower", errno);
  json_object_set_int_member (facts, "cpus", CPU_COUNT (&set));
  return TRUE;
}

static gboolean
clean_process (JsonObject *facts, GError **error)
{
  g_autofree char *cpus = g_strdup_printf ("%d", (int)royal_json_int (facts, "cpus", 1));

  if (syscall (SYS_close_range, ROYAL_CHANNEL_FD + 1, ~0U, 0) < 0)
    return royal_sandbox_fail (error, "descriptors", "close", errno);
  if (clearenv () != 0 || chdir ("/") < 0)
    return royal_sandbox_fail (error, "environment", "clear", errno);
  /* So that nothing asks the user database, and with it a socket, for it. */
  setenv ("HOME", "/", 1);
  for (guint i = 0; i < G_N_ELEMENTS (thread_variables); i++)
    setenv (thread_variables[i], cpus, 1);
  return TRUE;
}

static guint
bounded (JsonObject *object, const char *member, guint most)
{
  return (guint)CLAMP (royal_json_int (object, member, 0), 0, (gint64)most);
}

static RoyalModule *
start (JsonObject *init, JsonObject *facts, GError **error)
{
  JsonObject *limits = royal_json_object (init, "limits"), *sandbox = royal_json_object (init, "sandbox");
  const char *sha256 = royal_json_string (init, "sha256", NULL);
  const RoyalSandboxPlan plan = {
    .module = royal_json_string (init, "module", ""),
    .without = (RoyalSandboxLayers)bounded (sandbox, "without", ROYAL_SANDBOX_ALL),
    .user_id = bounded (sandbox, "user_id", G_MAXINT),
    .memory_mb = bounded (limits, "memory_mb", 1u << 30),
    .cpu_s = bounded (limits, "cpu_s", 1u << 30),
    .nofile = bounded (limits, "nofile", 1u << 20),
  };

  if (!g_path_is_absolute (plan.module))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "module: expected an absolute path in INIT");
      return NULL;
    }
  if (!set_affinity (init, facts, error) || !clean_process (facts, error) ||
      !royal_module_verify (plan.module, sha256, error) || !royal_sandbox_apply (&plan, facts, error))
    return NULL;
  return royal_module_load (plan.module, error);
}

static gboolean
send_failed (const GError *failure)
{
  g_autoptr (JsonObject) body = json_object_new ();
  g_autofree char *message = g_utf8_make_valid (failure->message, MIN (strlen (failure->message), 4096));
  const char *code = royal_error_code_name (failure->domain == ROYAL_ERROR ? failure->code : ROYAL_ERROR_FAILED);

  json_object_set_string_member (body, "code", code);
  json_object_set_string_member (body, "message", message);
  return royal_frame_send (ROYAL_CHANNEL_FD, ROYAL_FRAME_FAILED, 0, body, -1, NULL);
}

static gboolean
send_ready (const RoyalModule *module, JsonObject *facts, GError **error)
{
  g_autoptr (JsonObject) body = json_object_new ();
  JsonArray *tasks = json_array_new ();

  for (guint i = 0; i < royal_module_n_tasks (module); i++)
    json_array_add_string_element (tasks, royal_module_task (module, i)->name);
  json_object_set_int_member (body, "abi", royal_module_abi (module));
  json_object_set_array_member (body, "tasks", tasks);
  json_object_set_int_member (body, "landlock_abi", royal_json_int (facts, "landlock_abi", 0));
  json_object_set_boolean_member (body, "seccomp", royal_json_boolean (facts, "seccomp", FALSE));
  json_object_set_object_member (body, "sandbox", json_object_ref (facts));
  return royal_frame_send (ROYAL_CHANNEL_FD, ROYAL_FRAME_READY, 0, body, -1, error);
}

/* What the task returned, made into exactly one of a result and an error: plugins get that wrong. */
static JsonNode *
run_task (const RoyalModule *module, RoyalRun *run, GError **error)
{
  const RoyalTask *task = royal_module_find (module, royal_run_task (run));
  g_autoptr (GError) local = NULL;
  g_autoptr (JsonNode) result = NULL;

  if (task == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "the plugin has no task \"%s\"", royal_run_task (run));
      return NULL;
    }
  result = task->func (run, royal_run_input (run), &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  if (result == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "task \"%s\" returned neither a result nor an error",
                 task->name);
  return g_steal_pointer (&result);
}

static gboolean
serve_run (const RoyalModule *module, RoyalLink *link, const RoyalFrame *frame, GError **error)
{
  g_autoptr (RoyalRun) run = royal_run_new (link, frame, error);
  g_autoptr (GError) failure = NULL;
  g_autoptr (JsonNode) result = NULL;

  if (run == NULL)
    return FALSE;
  result = run_task (module, run, &failure);
  return royal_run_finish (run, result, failure, error);
}

/* Until the host asks for the end, or is gone. */
static gboolean
serve (const RoyalModule *module, gboolean own_cpu, GError **error)
{
  RoyalLink link = { .fd = ROYAL_CHANNEL_FD, .own_cpu = own_cpu };

  while (!link.shutdown && !link.lost)
    {
      g_autoptr (RoyalFrame) frame = royal_link_next (&link, error);

      if (frame == NULL)
        return FALSE;
      if (frame->type == ROYAL_FRAME_SHUTDOWN)
        break;
      /* The run that it meant has just ended. */
      if (frame->type == ROYAL_FRAME_CANCEL)
        continue;
      if (frame->type != ROYAL_FRAME_RUN || frame->body == NULL)
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "expected RUN, found type %d", frame->type);
          return FALSE;
        }
      if (!serve_run (module, &link, frame, error))
        return FALSE;
    }
  return TRUE;
}

static int
probe (void)
{
  g_autoptr (JsonObject) facts = royal_sandbox_probe ();
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), facts);
  g_autofree char *text = royal_json_to_string (node);

  puts (text);
  return EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  g_autoptr (RoyalFrame) init = NULL;
  g_autoptr (RoyalModule) module = NULL;
  g_autoptr (JsonObject) facts = json_object_new ();
  g_autoptr (GError) error = NULL;

  if (argc == 2 && g_str_equal (argv[1], "--probe"))
    return probe ();
  if (argc > 1)
    {
      fputs ("royal-worker is started by its host; by hand only: royal-worker --probe\n", stderr);
      return 2;
    }
  init = royal_frame_receive (ROYAL_CHANNEL_FD, &error);
  if (init == NULL || init->type != ROYAL_FRAME_INIT || init->body == NULL)
    {
      g_printerr ("royal-worker: %s\n", error != NULL ? error->message : "expected INIT");
      return 2;
    }
  royal_log_writer_install ();
  module = start (init->body, facts, &error);
  if (module == NULL)
    {
      send_failed (error);
      return EXIT_FAILURE;
    }
  if (!send_ready (module, facts, &error) || !serve (module, royal_json_boolean (facts, "own_cpu", FALSE), &error))
    {
      g_printerr ("royal-worker: %s\n", error->message);
      return EXIT_FAILURE;
    }
  /* Not through the plugin's destructors: it has nothing left to say. */
  _exit (EXIT_SUCCESS);
}
