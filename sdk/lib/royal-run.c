/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-run-private.h"

#include "royal-json.h"
#include "royal-table-builder.h"

#include <math.h>
#include <royal/error.h>
#include <string.h>

#define MESSAGE_MAX 8192
#define PROGRESS_INTERVAL_US (50 * 1000)
#define KEY_MAX 128
#define STATE_VALUE_MAX (64 * 1024)

struct _RoyalRun {
  RoyalLink *link;
  GThread *thread;
  guint64 id;
  const char *run; /* these live in the request */
  const char *agent;
  const char *task;
  const char *workspace;
  JsonObject *request;
  JsonObject *config;
  JsonObject *input;
  gint64 last_progress;
};

RoyalRun *
royal_run_new (RoyalLink *link, const RoyalFrame *request, GError **error)
{
  g_autoptr (RoyalRun) self = NULL;

  g_return_val_if_fail (link != NULL, NULL);
  g_return_val_if_fail (request != NULL && request->body != NULL, NULL);

  self = g_new0 (RoyalRun, 1);
  self->link = link;
  self->thread = g_thread_self ();
  self->id = request->id;
  self->request = json_object_ref (request->body);
  self->run = royal_json_string (self->request, "run", "");
  self->agent = royal_json_string (self->request, "agent", "");
  self->task = royal_json_string (self->request, "task", NULL);
  self->workspace = royal_json_string (self->request, "workspace", "");
  self->config = royal_json_object (self->request, "config");
  self->input = royal_json_object (self->request, "input");
  if (self->task == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "expected a task in RUN");
      return NULL;
    }
  self->config = self->config != NULL ? json_object_ref (self->config) : json_object_new ();
  self->input = self->input != NULL ? json_object_ref (self->input) : json_object_new ();
  return g_steal_pointer (&self);
}

void
royal_run_free (RoyalRun *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->request, json_object_unref);
  if (self->task != NULL)
    {
      json_object_unref (self->config);
      json_object_unref (self->input);
    }
  g_free (self);
}

const char *
royal_run_id (const RoyalRun *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->run;
}

const char *
royal_run_agent (const RoyalRun *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->agent;
}

const char *
royal_run_task (const RoyalRun *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->task;
}

const char *
royal_run_workspace (const RoyalRun *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->workspace;
}

JsonObject *
royal_run_config (const RoyalRun *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->config;
}

JsonObject *
royal_run_input (const RoyalRun *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->input;
}

/* What the wire says went wrong, as the plugin is told. */
static gboolean
set_link_error (RoyalRun *self, const GError *cause, GError **error)
{
  self->link->lost = TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the host is gone: %s", cause->message);
  return FALSE;
}

/* The answer to call @id. What the host says in between is remembered: CANCEL needs no memory, because the host
 * answers the next call with it. */
static RoyalFrame *
receive_reply (RoyalRun *self, guint64 id, GError **error)
{
  while (TRUE)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (RoyalFrame) frame = royal_link_receive (self->link, &local);

      if (frame == NULL)
        {
          set_link_error (self, local, error);
          return NULL;
        }
      if (frame->type == ROYAL_FRAME_REPLY && frame->id == id)
        return g_steal_pointer (&frame);
      if (frame->type == ROYAL_FRAME_SHUTDOWN)
        self->link->shutdown = TRUE;
      else if (frame->type != ROYAL_FRAME_CANCEL)
        {
          g_set_error (&local, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "unexpected message of type %d", frame->type);
          set_link_error (self, local, error);
          return NULL;
        }
    }
}

static gboolean
check_caller (RoyalRun *self, GError **error)
{
  if (self->link->lost)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the host is gone");
      return FALSE;
    }
  if (self->thread == g_thread_self ())
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "a run belongs to the thread that its task was called on");
  return FALSE;
}

/* Asks the host. @text is the body of CALL. */
static RoyalFrame *
call_text (RoyalRun *self, const char *text, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (RoyalFrame) reply = NULL;
  JsonObject *failure;
  gsize length = strlen (text);

  if (!check_caller (self, error))
    return NULL;
  if (length > ROYAL_FRAME_BODY_MAX)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "a call of %zu bytes is longer than 16 MiB", length);
      return NULL;
    }
  if (!royal_link_flush (self->link, &local) ||
      !royal_frame_send_pieces (self->link->fd, ROYAL_FRAME_CALL, ++self->link->last_call, text, length, &local))
    {
      set_link_error (self, local, error);
      return NULL;
    }
  reply = receive_reply (self, self->link->last_call, error);
  if (reply == NULL)
    return NULL;
  failure = royal_json_object (reply->body, "error");
  if (failure == NULL)
    return g_steal_pointer (&reply);
  g_set_error_literal (error, ROYAL_ERROR, (gint)royal_error_code_from_name (royal_json_string (failure, "code", "")),
                       royal_json_string (failure, "message", "the host gave no reason"));
  return NULL;
}

/* @params is (transfer full). */
static RoyalFrame *
call (RoyalRun *self, const char *method, JsonNode *params, GError **error)
{
  g_autoptr (JsonNode) owned = params;
  g_autofree char *json = NULL;
  g_autofree char *text = NULL;

  if (!royal_json_check (owned, method, error))
    return NULL;
  json = royal_json_to_string (owned);
  text = g_strdup_printf ("{\"method\":\"%s\",\"params\":%s}", method, json);
  return call_text (self, text, error);
}

/* (transfer full): the result of a reply, a JSON null when there is none. */
static JsonNode *
take_result (RoyalFrame *reply)
{
  JsonNode *result = reply->body != NULL ? json_object_dup_member (reply->body, "result") : NULL;

  return result != NULL ? result : json_node_init_null (json_node_alloc ());
}

static JsonNode *
call_for_result (RoyalRun *self, const char *method, JsonNode *params, GError **error)
{
  g_autoptr (RoyalFrame) reply = call (self, method, params, error);

  return reply != NULL ? take_result (reply) : NULL;
}

static JsonNode *
take_object (JsonObject *object)
{
  JsonNode *node = json_node_init_object (json_node_alloc (), object);

  json_object_unref (object);
  return node;
}

static JsonNode *
resource_params (const char *resource, JsonObject *parameters)
{
  JsonObject *params = json_object_new ();

  json_object_set_string_member (params, "resource", resource);
  json_object_set_object_member (params, "params",
                                 parameters != NULL ? json_object_ref (parameters) : json_object_new ());
  return take_object (params);
}

JsonNode *
royal_run_get (RoyalRun *self, const char *resource, JsonObject *parameters, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (resource != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return call_for_result (self, "get", resource_params (resource, parameters), error);
}

RoyalTable *
royal_run_read (RoyalRun *self, const char *resource, JsonObject *parameters, GError **error)
{
  g_autoptr (RoyalFrame) reply = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (resource != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  reply = call (self, "read", resource_params (resource, parameters), error);
  if (reply == NULL)
    return NULL;
  if (reply->table_fd < 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "read: the host answered without a table");
      return NULL;
    }
  return royal_table_open (reply->table_fd, error);
}

JsonNode *
royal_run_propose (RoyalRun *self, RoyalProposal *proposal, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (proposal != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return call_for_result (self, "propose", royal_proposal_to_json (proposal), error);
}

gboolean
royal_run_check (RoyalRun *self, GError **error)
{
  g_autoptr (RoyalFrame) reply = NULL;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  reply = call_text (self, "{\"method\":\"check\",\"params\":{}}", error);
  return reply != NULL;
}

/* (transfer full): @message as it may travel: UTF-8, at most 8 KiB, cut between characters. */
static char *
bound_message (const char *message)
{
  g_autofree char *valid = g_utf8_make_valid (message, -1);
  const char *end = valid + MIN (strlen (valid), MESSAGE_MAX);

  if (*end != '\0')
    end = g_utf8_find_prev_char (valid, end + 1);
  return g_strndup (valid, (gsize)(end - valid));
}

/* What needs no answer. That the host is gone shows at the next call. */
static void
tell (RoyalRun *self, RoyalFrameType type, JsonObject *body)
{
  g_autoptr (JsonNode) node = take_object (body);
  g_autofree char *text = royal_json_to_string (node);
  g_autoptr (GError) error = NULL;

  if (!royal_link_flush (self->link, &error) ||
      !royal_frame_send_pieces (self->link->fd, type, self->id, text, strlen (text), &error))
    self->link->lost = TRUE;
}

void
royal_run_progress (RoyalRun *self, double fraction, const char *message)
{
  gint64 now = g_get_monotonic_time ();
  g_autofree char *bounded = NULL;
  JsonObject *body;

  g_return_if_fail (self != NULL);
  g_return_if_fail (isfinite (fraction));

  if (!check_caller (self, NULL) || (fraction < 1 && now - self->last_progress < PROGRESS_INTERVAL_US))
    return;
  self->last_progress = now;
  bounded = bound_message (message != NULL ? message : "");
  body = json_object_new ();
  json_object_set_double_member (body, "fraction", CLAMP (fraction, 0, 1));
  json_object_set_string_member (body, "message", bounded);
  tell (self, ROYAL_FRAME_PROGRESS, body);
}

void
royal_run_log (RoyalRun *self, const char *format, ...)
{
  g_autofree char *message = NULL;
  g_autofree char *bounded = NULL;
  JsonObject *body;
  va_list args;

  g_return_if_fail (self != NULL);
  g_return_if_fail (format != NULL);

  if (!check_caller (self, NULL))
    return;
  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  bounded = bound_message (message);
  body = json_object_new ();
  json_object_set_string_member (body, "message", bounded);
  tell (self, ROYAL_FRAME_LOG, body);
}

static gboolean
check_key (const char *key, GError **error)
{
  gsize length = strlen (key);

  if (length >= 1 && length <= KEY_MAX)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "state: expected a key of 1 to %d bytes, found %zu", KEY_MAX,
               length);
  return FALSE;
}

JsonNode *
royal_run_state_get (RoyalRun *self, const char *key, gint64 *version, GError **error)
{
  g_autoptr (JsonNode) result = NULL;
  JsonObject *params, *answer;
  JsonNode *value;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (key != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_key (key, error))
    return NULL;
  params = json_object_new ();
  json_object_set_string_member (params, "key", key);
  result = call_for_result (self, "state.get", take_object (params), error);
  if (result == NULL)
    return NULL;
  answer = JSON_NODE_HOLDS_OBJECT (result) ? json_node_get_object (result) : NULL;
  if (version != NULL)
    *version = royal_json_int (answer, "version", 0);
  value = answer != NULL ? json_object_dup_member (answer, "value") : NULL;
  return value != NULL ? value : json_node_init_null (json_node_alloc ());
}

gboolean
royal_run_state_put (RoyalRun *self, const char *key, JsonNode *value, gint64 expected_version, GError **error)
{
  g_autoptr (JsonNode) result = NULL;
  g_autofree char *text = NULL;
  JsonObject *params;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (key != NULL && value != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_key (key, error))
    return FALSE;
  text = royal_json_to_string (value);
  if (strlen (text) > STATE_VALUE_MAX)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "state: a value of %zu bytes is longer than 64 KiB",
                   strlen (text));
      return FALSE;
    }
  params = json_object_new ();
  json_object_set_string_member (params, "key", key);
  json_object_set_member (params, "value", json_node_copy (value));
  json_object_set_int_member (params, "version", expected_version);
  result = call_for_result (self, "state.put", take_object (params), error);
  return result != NULL;
}

static char *
failure_text (const GError *failure)
{
  g_autofree char *message = bound_message (failure->message);
  const char *code = royal_error_code_name (failure->domain == ROYAL_ERROR ? failure->code : ROYAL_ERROR_FAILED);
  JsonObject *body = json_object_new (), *object = json_object_new ();
  g_autoptr (JsonNode) node = NULL;

  json_object_set_string_member (object, "code", code);
  json_object_set_string_member (object, "message", message);
  json_object_set_object_member (body, "error", object);
  node = take_object (body);
  return royal_json_to_string (node);
}

static char *
result_text (JsonNode *result, GError **error)
{
  g_autofree char *json = NULL;
  gsize length;

  if (!royal_json_check (result, "result", error))
    return NULL;
  json = royal_json_to_string (result);
  length = strlen (json);
  if (length < ROYAL_FRAME_BODY_MAX - 16)
    return g_strconcat ("{\"result\":", json, "}", NULL);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "a result of %zu bytes is longer than 16 MiB", length);
  return NULL;
}

gboolean
royal_run_finish (RoyalRun *self, JsonNode *result, const GError *failure, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *text = NULL;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (result != NULL || failure != NULL, FALSE);

  if (failure == NULL)
    {
      text = result_text (result, &local);
      failure = local;
    }
  if (failure != NULL)
    text = failure_text (failure);
  return royal_link_answer (self->link, self->id, text, error);
}
