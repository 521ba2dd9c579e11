/* SPDX-License-Identifier: Apache-2.0 */

/* An agent that may propose a markdown, and lies about everything that it can say past the SDK. */

#include "attack.h"

#include <sys/socket.h>
#include <sys/uio.h>

#define CHANNEL 3

/* A call as the SDK would send it, but with a body of our own. */
static JsonNode *
propose_raw (JsonObject *input, const char *lie)
{
  g_autofree char *body =
      g_strdup_printf ("{\"method\":\"propose\",\"params\":{\"action\":\"markdown.apply\",\"target\":\"%s\","
                       "\"parameters\":{\"markdown_pct\":0.2},\"title\":\"A lie\"%s}}",
                       attack_input (input, "season"), lie);
  guint32 header[6] = { 0x314c5952u, 6, 1, 0, (guint32)strlen (body), 0 };
  g_autofree char *packet = g_malloc (sizeof header + strlen (body));
  char answer[65536];
  struct iovec out = { packet, sizeof header + strlen (body) }, in = { answer, sizeof answer - 1 };
  struct msghdr question = { .msg_iov = &out, .msg_iovlen = 1 }, reply = { .msg_iov = &in, .msg_iovlen = 1 };
  ssize_t n;

  memcpy (packet, header, sizeof header);
  memcpy (packet + sizeof header, body, strlen (body)); /* NOLINT(bugprone-not-null-terminated-result): a packet */
  if (sendmsg (CHANNEL, &question, MSG_NOSIGNAL) < 0)
    return attack_verdict (-1);
  n = recvmsg (CHANNEL, &reply, 0);
  if (n <= (ssize_t)sizeof header)
    return attack_result (FALSE, "no answer");
  answer[n] = '\0';
  return attack_result (strstr (answer + sizeof header, "\"error\"") == NULL, answer + sizeof header);
}

ATTACK (claim_agent)
{
  return propose_raw (input, ",\"agent\":\"markdown\"");
}

ATTACK (claim_workspace)
{
  return propose_raw (input, ",\"workspace\":\"other\",\"workspace_id\":2");
}

ATTACK (claim_facts)
{
  return propose_raw (input, ",\"facts\":{\"sell_through\":0.1}");
}

ATTACK (claim_risk)
{
  return propose_raw (input, ",\"risk\":\"low\",\"decision\":\"auto\"");
}

ATTACK (claim_approval)
{
  return propose_raw (input, ",\"state\":\"approved\",\"digest\":\"00\"");
}

ATTACK (absurd_parameter)
{
  g_autoptr (RoyalProposal) proposal = royal_proposal_new ("markdown.apply");
  g_autoptr (GError) refused = NULL;
  g_autoptr (JsonNode) outcome = NULL;

  royal_proposal_set_target (proposal, attack_input (input, "season"));
  royal_proposal_set_title (proposal, "Give it away");
  royal_proposal_set_number (proposal, "markdown_pct", 17.0);
  outcome = royal_run_propose (run, proposal, &refused);
  return outcome == NULL ? attack_result (FALSE, refused->message) : attack_result (TRUE, "a markdown of 1,700 %");
}

ROYAL_AGENT (ROYAL_TASK ("claim_agent", claim_agent),
             ROYAL_TASK ("claim_workspace", claim_workspace),
             ROYAL_TASK ("claim_facts", claim_facts),
             ROYAL_TASK ("claim_risk", claim_risk),
             ROYAL_TASK ("claim_approval", claim_approval),
             ROYAL_TASK ("absurd_parameter", absurd_parameter))
