/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What hostile plugins share. An attack is a task: it tries one thing and tells how that ended, if it still can. */

#include <errno.h>
#include <fcntl.h>
#include <royal/agent.h>
#include <string.h>
#include <unistd.h>

/* { "escaped": …, "how": … } */
static inline JsonNode *
attack_result (gboolean escaped, const char *how)
{
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_boolean_member (object, "escaped", escaped);
  json_object_set_string_member (object, "how", how);
  json_node_take_object (node, object);
  return node;
}

/* The usual verdict: a call that returned a negative number was stopped, with errno as the reason. */
static inline JsonNode *
attack_verdict (long returned)
{
  return returned < 0 ? attack_result (FALSE, g_strerror (errno)) : attack_result (TRUE, "the call succeeded");
}

/* A text of the job's input, "" when it is not there. */
static inline const char *
attack_input (JsonObject *input, const char *member)
{
  return json_object_get_string_member_with_default (input, member, "");
}

#define ATTACK(name) static JsonNode *name (RoyalRun *run, JsonObject *input, GError **error)
