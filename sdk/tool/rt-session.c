/* SPDX-License-Identifier: Apache-2.0 */
#include "rt-session.h"

#include "royal-channel.h"
#include "royal-json.h"
#include "rt-worker.h"

#include <royal/error.h>
#include <unistd.h>

typedef struct {
  const RtSession *session;
  RtOutcome *outcome;
  RoyalChannel *channel;
  GMainLoop *loop;
  guint timeout;
  gboolean finished; /* the task has ended, or there was none */
} Runner;

void
rt_outcome_free (RtOutcome *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->facts, json_object_unref);
  g_clear_pointer (&self->result, json_node_unref);
  g_clear_error (&self->error);
  g_clear_pointer (&self->proposals, g_ptr_array_unref);
  g_clear_pointer (&self->reads, g_hash_table_unref);
  g_clear_pointer (&self->writes, g_hash_table_unref);
  g_free (self);
}

static RtOutcome *
outcome_new (void)
{
  RtOutcome *self = g_new0 (RtOutcome, 1);

  self->proposals = g_ptr_array_new_with_free_func ((GDestroyNotify)(void *)json_node_unref);
  self->reads = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->writes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

static JsonObject *
make_request (const RtSession *session)
{
  JsonObject *request = json_object_new ();
  g_autofree char *run = g_uuid_string_random ();

  json_object_set_string_member (request, "run", run);
  json_object_set_string_member (request, "task", session->task);
  json_object_set_string_member (request, "workspace", "local");
  json_object_set_string_member (request, "agent", royal_manifest_id (session->plugin->manifest));
  json_object_set_member (request, "config", json_node_copy (session->config));
  json_object_set_member (request, "input", json_node_copy (session->input));
  json_object_set_int_member (request, "deadline_ms", (gint64)session->timeout_s * 1000);
  return request;
}

static void
on_ready (RoyalChannel *channel, JsonObject *facts, gpointer data)
{
  Runner *self = data;

  self->outcome->facts = json_object_ref (facts);
  if (self->session->task == NULL)
    {
      self->finished = TRUE;
      royal_channel_shutdown (channel);
      return;
    }
  g_autoptr (JsonObject) request = make_request (self->session);
  g_autoptr (GError) error = NULL;
  if (!royal_channel_run (channel, request, &error))
    royal_channel_kill (channel, error);
}

/* What the manifest does not ask for, no operator can grant. */
static gboolean
check_asked (const char *const *asked, const char *name, const char *kind, const char *list, GError **error)
{
  if (g_strv_contains (asked, name))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_GRANTED, "%s %s is not in the manifest's \"%s\"", kind, name, list);
  return FALSE;
}

static gboolean
take_resource (Runner *self, JsonObject *params, const char **ret_resource, GError **error)
{
  const char *resource = royal_json_string (params, "resource", "");

  if (!check_asked (royal_manifest_reads (self->session->plugin->manifest), resource, "resource", "reads", error))
    return FALSE;
  g_hash_table_add (self->outcome->reads, g_strdup (resource));
  *ret_resource = resource;
  return TRUE;
}

typedef JsonNode *(*MethodFunc) (Runner *self, JsonObject *params, GError **error);

static JsonNode *
call_check (Runner *self, JsonObject *params, GError **error)
{
  return json_node_new (JSON_NODE_NULL);
}

static JsonNode *
call_get (Runner *self, JsonObject *params, GError **error)
{
  const char *resource;

  return take_resource (self, params, &resource, error) ? rt_fixtures_get (self->session->fixtures, resource, error)
                                                        : NULL;
}

/* As royal_run_propose() has it. */
static JsonNode *
make_answer (Runner *self)
{
  static const struct {
    const char *state, *decision, *risk;
  } answers[] = {
    { "pending", "approve", "high" },
    { "approved", "auto", "low" },
    { "denied", "deny", "high" },
  };
  g_autofree char *id = g_strdup_printf ("local-%u", self->outcome->proposals->len);
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonArray *rules = json_array_new ();

  json_array_add_string_element (rules, "royal-agent");
  json_object_set_string_member (object, "proposal", id);
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    if (g_str_equal (answers[i].state, self->session->answer))
      {
        json_object_set_string_member (object, "state", answers[i].state);
        json_object_set_string_member (object, "decision", answers[i].decision);
        json_object_set_string_member (object, "risk", answers[i].risk);
      }
  json_object_set_array_member (object, "rules", rules);
  json_node_take_object (node, object);
  return node;
}

static JsonNode *
call_propose (Runner *self, JsonObject *params, GError **error)
{
  const char *action = royal_json_string (params, "action", "");
  JsonNode *node;

  if (!check_asked (royal_manifest_writes (self->session->plugin->manifest), action, "action", "writes", error))
    return NULL;
  g_hash_table_add (self->outcome->writes, g_strdup (action));
  node = json_node_init_object (json_node_alloc (), params);
  g_ptr_array_add (self->outcome->proposals, node);
  if (self->session->on_proposal != NULL)
    self->session->on_proposal (params, self->session->data);
  return make_answer (self);
}

static JsonNode *
call_state_get (Runner *self, JsonObject *params, GError **error)
{
  return rt_fixtures_state_get (self->session->fixtures, params, error);
}

static JsonNode *
call_state_put (Runner *self, JsonObject *params, GError **error)
{
  return rt_fixtures_state_put (self->session->fixtures, params, error);
}

/* The one method that is answered with a table. */
static gboolean
reply_read (Runner *self, guint64 id, JsonObject *params, GError **error)
{
  const char *resource;
  int fd = -1;

  if (take_resource (self, params, &resource, error))
    fd = rt_fixtures_read (self->session->fixtures, resource, error);
  if (fd < 0)
    return FALSE;
  royal_channel_reply_table (self->channel, id, fd);
  close (fd);
  return TRUE;
}

static JsonNode *
call_method (Runner *self, const char *method, JsonObject *params, GError **error)
{
  static const struct {
    const char *name;
    MethodFunc func;
  } methods[] = {
    { "check", call_check },         { "get", call_get }, { "propose", call_propose }, { "state.get", call_state_get },
    { "state.put", call_state_put },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    if (g_str_equal (methods[i].name, method))
      return methods[i].func (self, params, error);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "unknown method %s", method);
  return NULL;
}

static void
on_call (RoyalChannel *channel, guint64 id, const char *method, JsonObject *params, gpointer data)
{
  Runner *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) result = NULL;

  self->channel = channel;
  if (g_str_equal (method, "read"))
    {
      if (reply_read (self, id, params, &error))
        return;
    }
  else
    result = call_method (self, method, params, &error);
  if (result != NULL)
    royal_channel_reply (channel, id, result);
  else
    royal_channel_reply_error (channel, id, error);
}

static void
on_log (RoyalChannel *channel, const char *message, gpointer data)
{
  const Runner *self = data;

  if (self->session->on_log != NULL)
    self->session->on_log (message, self->session->data);
}

static void
on_progress (RoyalChannel *channel, double fraction, const char *message, gpointer data)
{
  const Runner *self = data;

  if (self->session->on_progress != NULL)
    self->session->on_progress (fraction, message, self->session->data);
}

static void
on_done (RoyalChannel *channel, JsonNode *result, const GError *error, gpointer data)
{
  Runner *self = data;

  self->finished = TRUE;
  if (error != NULL)
    self->outcome->error = g_error_copy (error);
  else
    self->outcome->result = result != NULL ? json_node_copy (result) : json_node_new (JSON_NODE_NULL);
  royal_channel_shutdown (channel);
}

static void
on_closed (RoyalChannel *channel, const GError *error, int signal, gpointer data)
{
  Runner *self = data;

  if (!self->finished && self->outcome->error == NULL)
    self->outcome->error = error != NULL
                               ? g_error_copy (error)
                               : g_error_new (ROYAL_ERROR, ROYAL_ERROR_FAILED, "the worker ended before the task did");
  g_main_loop_quit (self->loop);
}

static gboolean
on_timeout (gpointer data)
{
  Runner *self = data;
  g_autoptr (GError) error =
      g_error_new (ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "the task did not end within %u s", self->session->timeout_s);

  self->timeout = 0;
  royal_channel_kill (self->channel, error);
  return G_SOURCE_REMOVE;
}

static void
run_loop (Runner *self)
{
  if (self->session->on_start != NULL)
    self->session->on_start (royal_channel_pid (self->channel), self->session->data);
  if (self->session->timeout_s > 0)
    self->timeout = g_timeout_add_seconds (self->session->timeout_s, on_timeout, self);
  g_main_loop_run (self->loop);
  g_clear_handle_id (&self->timeout, g_source_remove);
  royal_channel_detach (self->channel);
}

RtOutcome *
rt_session_run (const RtSession *session, GError **error)
{
  g_return_val_if_fail (session != NULL, NULL);
  g_return_val_if_fail (session->plugin != NULL, NULL);

  static const RoyalChannelEvents events = { on_ready, on_call, on_log, on_progress, on_done, on_closed };
  g_autofree char *worker = rt_worker_find (error);
  if (worker == NULL)
    return NULL;

  const RoyalLaunch launch = {
    .worker = worker,
    .module = session->plugin->copy,
    .sha256 = session->plugin->sha256,
    .agent = royal_manifest_id (session->plugin->manifest),
    .keep_off_cpu = -1,
    .without = session->sandbox ? 0 : ROYAL_SANDBOX_ALL,
  };
  g_autoptr (RtOutcome) outcome = outcome_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Runner runner = { .session = session, .outcome = outcome, .loop = loop };
  g_autoptr (RoyalChannel) channel = royal_channel_launch (&launch, &events, &runner, error);
  if (channel == NULL)
    return NULL;

  runner.channel = channel;
  run_loop (&runner);
  return g_steal_pointer (&outcome);
}
