/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>
#include <string.h>

#define LOOKS 60
#define LOOK_MS 500

static const char *const columns[] = { "name",    "name",    "kind",  "kind",       "address", "address", "waiting",
                                       "waiting", "sent",    "sent",  "failed",     "failed",  "dead",    "dead",
                                       "last",    "last_at", "error", "last_error", NULL };
static const char *const notice_columns[] = { "id",    "id",       "kind",  "kind",    "events", "events",
                                              "state", "state",    "tries", "attempt", "made",   "made_at",
                                              "ended", "ended_at", "error", "error",   NULL };

/* (transfer none) (nullable): a receiver of a list. */
static JsonObject *
receiver_of (JsonNode *answer, const char *name)
{
  JsonArray *items = royal_json_array (json_node_get_object (answer), "items");

  for (guint i = 0; items != NULL && i < json_array_get_length (items); i++)
    if (g_strcmp0 (royal_json_string (json_array_get_object_element (items, i), "name", NULL), name) == 0)
      return json_array_get_object_element (items, i);
  return NULL;
}

/* (transfer none) (nullable): one of its notifications. */
static JsonObject *
notice_of (JsonObject *receiver, const char *id)
{
  JsonArray *notices = royal_json_array (receiver, "notifications");

  for (guint i = 0; notices != NULL && i < json_array_get_length (notices); i++)
    if (g_strcmp0 (royal_json_string (json_array_get_object_element (notices, i), "id", NULL), id) == 0)
      return json_array_get_object_element (notices, i);
  return NULL;
}

static int
run_list (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/notifications", NULL, &answer);

  return status == CTL_OK ? ctl_print_list (options, answer, columns) : status;
}

static int
run_show (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/notifications", NULL, &answer);
  JsonObject *receiver = status == CTL_OK ? receiver_of (answer, arguments[0]) : NULL;
  g_autoptr (JsonNode) list = NULL;
  JsonObject *object;

  if (status != CTL_OK)
    return status;
  if (receiver == NULL)
    return ctl_fail (CTL_FAILED, "no receiver is `%s`", arguments[0]);
  object = json_object_new ();
  json_object_set_member (object, "items", json_object_dup_member (receiver, "notifications"));
  json_object_set_null_member (object, "next");
  list = royal_json_take_object (object);
  return ctl_print_list (options, list, notice_columns);
}

static int
show (const CtlOptions *options, const char *name, JsonObject *notice)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), notice);

  if (options->json)
    ctl_print_json (node);
  else
    printf ("%s has taken the test %s\n", name, royal_json_string (notice, "id", ""));
  return CTL_OK;
}

/* Looks until it was taken, or is dead. */
static int
await (const CtlOptions *options, const char *name, const char *id)
{
  for (guint i = 0; i < LOOKS; i++)
    {
      g_autoptr (JsonNode) answer = NULL;
      int status = ctl_call (options, "GET", "/notifications", NULL, &answer);
      JsonObject *receiver = status == CTL_OK ? receiver_of (answer, name) : NULL;
      JsonObject *notice = receiver != NULL ? notice_of (receiver, id) : NULL;
      const char *state = royal_json_string (notice, "state", "");
      const char *error = royal_json_string (notice, "error", NULL);

      if (status != CTL_OK)
        return status;
      if (strcmp (state, "sent") == 0)
        return show (options, name, notice);
      if (error != NULL)
        return ctl_fail (CTL_FAILED, "%s: %s", name, error);
      g_usleep (LOOK_MS * 1000);
    }
  return ctl_fail (CTL_FAILED, "%s: the test has not been sent within %u s", name, LOOKS * LOOK_MS / 1000);
}

static int
run_test (const CtlOptions *options, char **arguments)
{
  g_autofree char *escaped = g_uri_escape_string (arguments[0], NULL, TRUE);
  g_autofree char *path = g_strconcat ("/notifications/", escaped, "/test", NULL);
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "POST", path, NULL, &answer);

  if (status != CTL_OK)
    return status;
  return await (options, arguments[0], royal_json_string (json_node_get_object (answer), "id", ""));
}

const CtlCommand ctl_notify_commands[] = {
  { "notify", "list", NULL, "Who is notified, and how that went", 0, 0, NULL, run_list },
  { "notify", "show", "NAME", "The last notifications of a receiver", 1, 1, NULL, run_show },
  { "notify", "test", "NAME", "Send a test to a receiver, and wait until it is there", 1, 1, NULL, run_test },
  { NULL },
};
