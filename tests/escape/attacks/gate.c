/* SPDX-License-Identifier: Apache-2.0 */

/* Attacks through the SDK: asking for what was not granted, and lying. */

#include "attack.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

static JsonNode *
propose (RoyalRun *run, RoyalProposal *proposal)
{
  g_autoptr (GError) refused = NULL;
  g_autoptr (JsonNode) outcome = royal_run_propose (run, proposal, &refused);

  if (outcome == NULL)
    return attack_result (FALSE, refused->message);
  return attack_result (strcmp (attack_input (json_node_get_object (outcome), "state"), "denied") != 0,
                        attack_input (json_node_get_object (outcome), "state"));
}

static RoyalProposal *
markdown (JsonObject *input, const char *action)
{
  RoyalProposal *proposal = royal_proposal_new (action);

  royal_proposal_set_target (proposal, attack_input (input, "season"));
  royal_proposal_set_title (proposal, "An attack");
  royal_proposal_set_number (proposal, "markdown_pct", 0.2);
  return proposal;
}

ATTACK (propose_ungranted)
{
  g_autoptr (RoyalProposal) proposal = markdown (input, "markdown.apply");

  return propose (run, proposal);
}

ATTACK (propose_unknown)
{
  g_autoptr (RoyalProposal) proposal = markdown (input, "shopify.price.update");

  return propose (run, proposal);
}

ATTACK (read_ungranted)
{
  g_autoptr (GError) refused = NULL;
  g_autoptr (JsonNode) season = royal_run_get (run, "retail.season", input, &refused);

  return season == NULL ? attack_result (FALSE, refused->message) : attack_result (TRUE, "a season was read");
}

ATTACK (read_table_ungranted)
{
  g_autoptr (GError) refused = NULL;
  g_autoptr (RoyalTable) table = royal_run_read (run, "retail.sales", input, &refused);

  return table == NULL ? attack_result (FALSE, refused->message) : attack_result (TRUE, "a table was read");
}

/* The run belongs to the thread and the time of its task: another one uses it after the end. */
static void *
use_later (void *data)
{
  g_autoptr (GError) refused = NULL;

  sleep (1);
  if (royal_run_check (data, &refused))
    abort ();
  return NULL;
}

ATTACK (use_after_end)
{
  pthread_t thread;

  if (pthread_create (&thread, NULL, use_later, run) != 0)
    return attack_result (FALSE, "no thread");
  pthread_detach (thread);
  return attack_result (FALSE, "a thread goes on after the end of the run");
}

ATTACK (return_nothing)
{
  return NULL;
}

ATTACK (return_garbage)
{
  return json_node_init_string (json_node_alloc (), "\xff\xfe not UTF-8");
}

ATTACK (return_pointer)
{
  return (JsonNode *)0x1234;
}

ATTACK (crash)
{
  raise (SIGSEGV);
  return NULL;
}

ATTACK (aborts)
{
  abort ();
}

ATTACK (exits)
{
  exit (0);
}

ATTACK (never_returns)
{
  while (TRUE)
    sleep (60);
  return NULL;
}

ROYAL_AGENT (ROYAL_TASK ("propose_ungranted", propose_ungranted),
             ROYAL_TASK ("propose_unknown", propose_unknown),
             ROYAL_TASK ("read_ungranted", read_ungranted),
             ROYAL_TASK ("read_table_ungranted", read_table_ungranted),
             ROYAL_TASK ("use_after_end", use_after_end),
             ROYAL_TASK ("return_nothing", return_nothing),
             ROYAL_TASK ("return_garbage", return_garbage),
             ROYAL_TASK ("return_pointer", return_pointer),
             ROYAL_TASK ("crash", crash),
             ROYAL_TASK ("aborts", aborts),
             ROYAL_TASK ("exits", exits),
             ROYAL_TASK ("never_returns", never_returns))
