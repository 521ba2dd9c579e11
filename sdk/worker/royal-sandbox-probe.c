/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-sandbox.h"

#include "royal-json.h"
#include "royal-memfd.h"

#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

static gboolean
has_memfd_seals (void)
{
  int fd = royal_memfd_new ("royal-probe", NULL);
  gboolean sealed;

  if (fd < 0)
    return FALSE;
  sealed = royal_memfd_seal (fd, NULL);
  close (fd);
  return sealed;
}

/* Whether limits for workers could be set in the control group that this process is in. */
static gboolean
has_cgroup (void)
{
  g_autofree char *membership = NULL;
  g_autofree char *procs = NULL;
  const char *own;

  if (!g_file_get_contents ("/proc/self/cgroup", &membership, NULL, NULL))
    return FALSE;
  own = strstr (membership, "0::/");
  if (own == NULL)
    return FALSE;
  g_strdelimit (membership, "\n", '\0');
  procs = g_build_filename (CGROUP_ROOT, own + 3, "cgroup.subtree_control", NULL);
  return access (procs, W_OK) == 0;
}

static gint64
count_cpus (void)
{
  cpu_set_t set;

  return sched_getaffinity (0, sizeof set, &set) == 0 ? CPU_COUNT (&set) : 1;
}

/* In the child: gives everything up and tells what came of it. */
static void
apply_and_tell (int fd)
{
  const RoyalSandboxPlan plan = { .module = "/usr/lib/none" };
  g_autoptr (JsonObject) facts = json_object_new ();
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), facts);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (!royal_sandbox_apply (&plan, facts, &error))
    json_object_set_string_member (facts, "error", error->message);
  text = royal_json_to_string (node);
  _exit (write (fd, text, strlen (text)) < 0 ? 1 : 0);
}

static JsonNode *
try_all (void)
{
  char text[4096];
  int ends[2];
  gssize length = -1;
  pid_t child;

  if (pipe (ends) < 0)
    return json_node_init_null (json_node_alloc ());
  child = fork ();
  if (child == 0)
    apply_and_tell (ends[1]);
  close (ends[1]);
  if (child > 0)
    {
      length = read (ends[0], text, sizeof text);
      waitpid (child, NULL, 0);
    }
  close (ends[0]);

  JsonNode *facts = length > 0 ? royal_json_parse (text, length, "probe", NULL) : NULL;
  return facts != NULL ? facts : json_node_init_null (json_node_alloc ());
}

JsonObject *
royal_sandbox_probe (void)
{
  JsonObject *probe = json_object_new ();

  json_object_set_int_member (probe, "landlock_abi", royal_sandbox_landlock_abi ());
  json_object_set_boolean_member (probe, "seccomp", prctl (PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 && seccomp_api_get () >= 3);
  json_object_set_boolean_member (probe, "no_new_privs", prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) >= 0);
  json_object_set_boolean_member (probe, "memfd_seals", has_memfd_seals ());
  json_object_set_boolean_member (probe, "cgroup", has_cgroup ());
  json_object_set_int_member (probe, "cpus", count_cpus ());
  json_object_set_member (probe, "enforced", try_all ());
  return probe;
}
