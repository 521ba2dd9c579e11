/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>
#include <string.h>

/* What the host found when it tried the sandbox on itself, layer by layer. */

static char *
tell_identity (JsonObject *tried, JsonObject *facts)
{
  return g_strdup_printf ("user %" G_GINT64_FORMAT "%s, %s, %s", royal_json_int (tried, "user_id", -1),
                          royal_json_boolean (tried, "own_user_namespace", FALSE) ? " in a namespace of its own" : "",
                          royal_json_boolean (tried, "capabilities", TRUE) ? "CAPABILITIES" : "no capabilities",
                          royal_json_boolean (tried, "no_new_privs", FALSE) ? "no new privileges" : "NEW PRIVILEGES");
}

static char *
tell_limits (JsonObject *tried, JsonObject *facts)
{
  return g_strdup_printf ("memory, CPU time, %" G_GINT64_FORMAT " descriptors, %" G_GINT64_FORMAT " threads; memory %s",
                          royal_json_int (tried, "descriptors", 0), royal_json_int (tried, "threads", 0),
                          royal_json_boolean (facts, "cgroup", FALSE) ? "also by control group" : "by address space");
}

static char *
tell_landlock (JsonObject *tried, JsonObject *facts)
{
  return g_strdup_printf ("ABI %" G_GINT64_FORMAT ": no files but its module and the system's libraries, to read",
                          royal_json_int (tried, "landlock_abi", 0));
}

static char *
tell_seccomp (JsonObject *tried, JsonObject *facts)
{
  return g_strdup ("no network, no programs, no processes, no writes to files");
}

static gboolean
has_identity (JsonObject *tried)
{
  return royal_json_boolean (tried, "no_new_privs", FALSE) && !royal_json_boolean (tried, "capabilities", TRUE);
}

static gboolean
has_limits (JsonObject *tried)
{
  return royal_json_int (tried, "descriptors", 0) > 0;
}

static gboolean
has_landlock (JsonObject *tried)
{
  return royal_json_int (tried, "landlock_abi", 0) > 0;
}

static gboolean
has_seccomp (JsonObject *tried)
{
  return royal_json_boolean (tried, "seccomp", FALSE);
}

static const struct {
  const char *name;
  gboolean (*has) (JsonObject *tried);
  char *(*tell) (JsonObject *tried, JsonObject *facts);
} layers[] = {
  { "identity", has_identity, tell_identity },
  { "rlimits", has_limits, tell_limits },
  { "landlock", has_landlock, tell_landlock },
  { "seccomp", has_seccomp, tell_seccomp },
};

static gboolean
is_left_out (JsonObject *answer, const char *layer)
{
  JsonArray *without = royal_json_array (answer, "without");

  for (guint i = 0; without != NULL && i < json_array_get_length (without); i++)
    if (strcmp (json_array_get_string_element (without, i), layer) == 0)
      return TRUE;
  return FALSE;
}

static void
print_verdict (JsonObject *answer)
{
  JsonArray *without = royal_json_array (answer, "without");
  g_autofree char *refused = ctl_clean (royal_json_string (answer, "refused", ""));

  if (!royal_json_boolean (answer, "known", FALSE))
    puts ("not known yet: the sandbox is being tried");
  else if (*refused != '\0')
    printf ("no plugin is run: %s\n", refused);
  else if (without != NULL && json_array_get_length (without) > 0)
    puts ("PLUGINS ARE NOT FULLY CONFINED: layers are left out by configuration");
  else
    puts ("plugins are confined");
}

static void
print_layers (JsonObject *answer)
{
  JsonObject *facts = royal_json_object (answer, "facts");
  JsonObject *tried = royal_json_object (facts, "enforced");

  if (tried == NULL)
    return;
  printf ("\n%-9s %-9s %s\n", "LAYER", "HERE", "DETAIL");
  for (guint i = 0; i < G_N_ELEMENTS (layers); i++)
    {
      gboolean out = is_left_out (answer, layers[i].name), has = layers[i].has (tried);
      g_autofree char *detail = has && !out ? layers[i].tell (tried, facts) : g_strdup ("-");

      printf ("%-9s %-9s %s\n", layers[i].name, out ? "LEFT OUT" : has ? "enforced" : "MISSING", detail);
    }
}

static int
run_sandbox (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/sandbox", NULL, &answer);

  if (status != CTL_OK)
    return status;
  if (options->json)
    ctl_print_json (answer);
  else
    {
      print_verdict (json_node_get_object (answer));
      print_layers (json_node_get_object (answer));
    }
  return CTL_OK;
}

const CtlCommand ctl_sandbox_commands[] = {
  { "sandbox", NULL, NULL, "What the kernel enforces on workers here", 0, 0, NULL, run_sandbox },
  { NULL },
};
