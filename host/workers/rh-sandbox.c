/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-sandbox.h"

#include "rh-log.h"
#include "royal-channel.h"
#include "royal-json.h"

#define PROBE_TIMEOUT_MS 10000

static const struct {
  guint layer;
  const char *name;
} layers[] = {
  { ROYAL_SANDBOX_LANDLOCK, "landlock" },
  { ROYAL_SANDBOX_SECCOMP, "seccomp" },
  { ROYAL_SANDBOX_RLIMITS, "rlimits" },
};

struct _RhSandbox {
  char *worker;
  guint without;
  gboolean known;
  char *refusal;
  JsonObject *facts;
  GCancellable *cancellable;
  guint timeout;
  RhSandboxCallback callback;
  gpointer data;
};

/* Outlives the sandbox's owner when that goes while the probe runs. */
typedef struct {
  RhSandbox *sandbox;
  GCancellable *cancellable;
} Probe;

RhSandbox *
rh_sandbox_new (const RhWorkersConfig *config)
{
  RhSandbox *self;

  g_return_val_if_fail (config != NULL && config->worker != NULL, NULL);

  self = g_new0 (RhSandbox, 1);
  self->worker = g_strdup (config->worker);
  self->without = config->without;
  self->cancellable = g_cancellable_new ();
  return self;
}

void
rh_sandbox_free (RhSandbox *self)
{
  if (self == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->timeout, g_source_remove);
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->facts, json_object_unref);
  g_free (self->worker);
  g_free (self->refusal);
  g_free (self);
}

/* The probe also gives everything up in a child of its own, as a worker does. */
static char *
trial_fault (JsonObject *facts)
{
  JsonObject *enforced = royal_json_object (facts, "enforced");
  const char *error = royal_json_string (enforced, "error", enforced == NULL ? "the trial was killed" : NULL);

  if (!json_object_has_member (facts, "enforced") || error == NULL)
    return NULL;
  return g_strdup_printf ("the sandbox cannot be applied here, so no plugin is run: %s", error);
}

char *
rh_sandbox_judge (JsonObject *facts, guint without)
{
  gboolean landlock = royal_json_int (facts, "landlock_abi", 0) >= 1 || (without & ROYAL_SANDBOX_LANDLOCK) != 0;
  gboolean seccomp = royal_json_boolean (facts, "seccomp", FALSE) || (without & ROYAL_SANDBOX_SECCOMP) != 0;

  g_return_val_if_fail (facts != NULL, NULL);

  if (landlock && seccomp)
    return without == 0 ? trial_fault (facts) : NULL;
  return g_strdup_printf ("this kernel lacks %s: plugins cannot be confined, so none is run",
                          landlock  ? "seccomp"
                          : seccomp ? "Landlock"
                                    : "Landlock and seccomp");
}

static void
settle (RhSandbox *self, char *refusal)
{
  g_clear_handle_id (&self->timeout, g_source_remove);
  self->known = TRUE;
  self->refusal = refusal;
  if (refusal != NULL)
    rh_log (RH_LOG_ERROR, "sandbox.refused", refusal, NULL);
  self->callback (self, self->data);
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Probe *probe = data;
  g_autoptr (GCancellable) cancellable = probe->cancellable;
  RhSandbox *self = probe->sandbox;
  g_autoptr (GError) error = NULL;
  g_autofree char *out = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (g_subprocess_communicate_utf8_finish (G_SUBPROCESS (source), result, &out, NULL, &error) && out != NULL)
    node = royal_json_parse (out, -1, "the worker's probe", &error);
  if (g_cancellable_is_cancelled (cancellable))
    return;
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    {
      self->facts = json_node_dup_object (node);
      settle (self, rh_sandbox_judge (self->facts, self->without));
    }
  else
    settle (self, g_strdup_printf ("the sandbox could not be probed with %s: %s", self->worker,
                                   error != NULL ? error->message : "expected a JSON object"));
}

static gboolean
on_timeout (gpointer data)
{
  GSubprocess *process = data;

  /* The end of the process ends the wait for it. */
  g_subprocess_force_exit (process);
  return G_SOURCE_CONTINUE;
}

void
rh_sandbox_probe (RhSandbox *self, RhSandboxCallback callback, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;
  Probe *probe;

  g_return_if_fail (self != NULL && callback != NULL && self->callback == NULL);

  self->callback = callback;
  self->data = data;
  for (guint i = 0; i < G_N_ELEMENTS (layers); i++)
    if (self->without & layers[i].layer)
      rh_log (RH_LOG_WARNING, "sandbox.without", "plugins run without a layer of the sandbox, as the operator demands",
              "layer", layers[i].name, NULL);
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error, self->worker,
                              "--probe", NULL);
  if (process == NULL)
    {
      settle (self, g_strdup_printf ("the worker program cannot be started: %s", error->message));
      return;
    }
  probe = g_new0 (Probe, 1);
  probe->sandbox = self;
  probe->cancellable = g_object_ref (self->cancellable);
  self->timeout =
      g_timeout_add_full (G_PRIORITY_DEFAULT, PROBE_TIMEOUT_MS, on_timeout, g_object_ref (process), g_object_unref);
  g_subprocess_communicate_utf8_async (process, NULL, self->cancellable, on_probed, probe);
}

gboolean
rh_sandbox_is_known (RhSandbox *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->known;
}

const char *
rh_sandbox_refusal (RhSandbox *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->refusal;
}

JsonNode *
rh_sandbox_json (RhSandbox *self)
{
  g_autoptr (JsonObject) object = json_object_new ();
  JsonArray *without = json_array_new ();

  g_return_val_if_fail (self != NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (layers); i++)
    if (self->without & layers[i].layer)
      json_array_add_string_element (without, layers[i].name);
  json_object_set_boolean_member (object, "known", self->known);
  json_object_set_array_member (object, "without", without);
  if (self->refusal != NULL)
    json_object_set_string_member (object, "refused", self->refusal);
  else
    json_object_set_null_member (object, "refused");
  if (self->facts != NULL)
    json_object_set_object_member (object, "facts", json_object_ref (self->facts));
  return json_node_init_object (json_node_alloc (), object);
}
