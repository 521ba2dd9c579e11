/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>

static gboolean sure;

static const GOptionEntry erase_entries[] = {
  { "yes", 0, 0, G_OPTION_ARG_NONE, &sure, "Do it: nobody can take it back", NULL },
  { NULL },
};

static int
run_export (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "POST", "/privacy/export", ctl_body ("subject", arguments[0], NULL), &answer);

  /* What is held is nested too deeply for a table. */
  if (status == CTL_OK)
    ctl_print_json (answer);
  return status;
}

static int
run_erase (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status;

  if (!sure)
    return ctl_fail (CTL_USAGE, "this destroys the key of all that is held of %s, for good: say --yes", arguments[0]);
  status = ctl_call (options, "POST", "/privacy/erase", ctl_body ("subject", arguments[0], NULL), &answer);
  if (status != CTL_OK)
    return status;
  if (options->json)
    ctl_print_json (answer);
  else
    printf ("erased: key %s is no more\n", royal_json_string (json_node_get_object (answer), "key", "-"));
  return CTL_OK;
}

const CtlCommand ctl_privacy_commands[] = {
  { "privacy", "export", "SUBJECT", "All that is held of a person, in the open", 1, 1, NULL, run_export },
  { "privacy", "erase", "SUBJECT", "Destroy the key of all that is held of a person", 1, 1, erase_entries, run_erase },
  { NULL },
};
