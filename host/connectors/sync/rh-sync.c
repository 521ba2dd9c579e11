/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-sync.h"

#include "rh-connector-store.h"
#include "rh-connector-task.h"
#include "rh-sync-resources.h"
#include "royal-json.h"

#include <string.h>

#define NAME "[a-z][a-z0-9_-]{0,62}"

struct _RhSync {
  GObject parent_instance;
  RhStore *store;
};

static void rh_sync_connector_init (RhConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RhSync,
                               rh_sync,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RH_TYPE_CONNECTOR, rh_sync_connector_init))

static const RhAction actions[] = {
  { "sync.record", "Record a run of a sync", "/royal/schema/action-sync-record.schema.json" },
  { NULL },
};

static const RhResource resources[] = {
  { "sync.state", "What both sides of a sync have had alike, and what people answered", FALSE },
  { NULL },
};

/* Each yields one row with one jsonb named `result`. */
static const RhStatement statement_assess = { "sync.assess", "select sync_assess ($1, $2::jsonb) as result", 2, FALSE };
static const RhStatement statement_apply = { "sync.apply", "select sync_apply ($1, $2, $3::jsonb, $4::jsonb) as result",
                                             4, TRUE };
static const RhStatement statement_verify = { "sync.verify", "select sync_verify ($1) as result", 1, FALSE };
static const RhStatement statement_state = { "sync.state", "select sync_state ($1, $2::bigint) as result", 2, FALSE };

static const char *
rh_sync_name (RhConnector *connector)
{
  return "sync";
}

static const RhAction *
rh_sync_actions (RhConnector *connector)
{
  return actions;
}

static const RhResource *
rh_sync_resources (RhConnector *connector)
{
  return resources;
}

static gboolean
rh_sync_validate (RhConnector *connector,
                  const char *action,
                  const char *target,
                  JsonObject *parameters,
                  GError **error)
{
  if (target == NULL || !g_regex_match_simple ("^" NAME "/" NAME "$", target, G_REGEX_DOLLAR_ENDONLY, 0))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "target: expected a sync's name, REPOSITORY/SHOP, found `%.150s`", target != NULL ? target : "");
      return FALSE;
    }
  if (json_object_has_member (parameters, "commit") == json_object_has_member (parameters, "held"))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/held: expected with a commit, and not without one");
  return FALSE;
}

static void
call (RhConnector *connector,
      const RhStatement *statement,
      gint64 workspace,
      const char *const *params,
      GCancellable *cancellable,
      GAsyncReadyCallback callback,
      gpointer data,
      gpointer tag)
{
  rh_connector_store_call (connector, RH_SYNC (connector)->store, statement, workspace, params, cancellable, callback,
                           data, tag);
}

static void
rh_sync_assess_async (RhConnector *connector,
                      const RhEffect *effect,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  g_autofree char *parameters = rh_connector_store_text (effect->parameters);
  const char *const params[] = { effect->target, parameters };

  call (connector, &statement_assess, effect->workspace, params, cancellable, callback, data, rh_sync_assess_async);
}

static void
rh_sync_apply_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  g_autofree char *parameters = rh_connector_store_text (effect->parameters);
  g_autofree char *before = royal_json_to_string (effect->before);
  const char *const params[] = { effect->key, effect->target, parameters, before };

  call (connector, &statement_apply, effect->workspace, params, NULL, callback, data, rh_sync_apply_async);
}

static void
rh_sync_verify_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  const char *const params[] = { effect->key };

  call (connector, &statement_verify, effect->workspace, params, NULL, callback, data, rh_sync_verify_async);
}

static gboolean
check_read (JsonObject *parameters, GError **error)
{
  static const char *const names[] = { "repository", "shop", "revision", NULL };
  g_autoptr (GList) members = parameters != NULL ? json_object_get_members (parameters) : NULL;

  for (GList *l = members; l != NULL; l = l->next)
    if (!g_strv_contains (names, l->data))
      {
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "sync.state: no parameter is named `%.100s`",
                     (char *)l->data);
        return FALSE;
      }
  for (guint i = 0; i < 2; i++)
    if (!g_regex_match_simple ("^" NAME "$", royal_json_string (parameters, names[i], ""), G_REGEX_DOLLAR_ENDONLY, 0))
      {
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "sync.state: /%s: expected a name", names[i]);
        return FALSE;
      }
  return TRUE;
}

static void
rh_sync_get_async (RhConnector *connector,
                   gint64 workspace,
                   const char *resource,
                   JsonObject *parameters,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer data)
{
  g_autofree char *revision = g_strdup_printf ("%" G_GINT64_FORMAT, royal_json_int (parameters, "revision", 0));
  g_autofree char *target = NULL;
  const char *params[] = { NULL, revision };
  GError *error = NULL;

  if (!check_read (parameters, &error))
    {
      g_task_report_error (connector, callback, data, rh_sync_get_async, error);
      return;
    }
  target = g_strconcat (royal_json_string (parameters, "repository", ""), "/",
                        royal_json_string (parameters, "shop", ""), NULL);
  params[0] = target;
  call (connector, &statement_state, workspace, params, cancellable, callback, data, rh_sync_get_async);
}

static void
rh_sync_dispose (GObject *object)
{
  g_clear_object (&RH_SYNC (object)->store);
  G_OBJECT_CLASS (rh_sync_parent_class)->dispose (object);
}

static void
rh_sync_class_init (RhSyncClass *class)
{
  G_OBJECT_CLASS (class)->dispose = rh_sync_dispose;
  /* Named here, or the linker would leave the schema out of a program. */
  (void)rh_sync_resources_get_resource ();
}

static void
rh_sync_init (RhSync *self)
{
}

static void
rh_sync_connector_init (RhConnectorInterface *iface)
{
  iface->name = rh_sync_name;
  iface->actions = rh_sync_actions;
  iface->resources = rh_sync_resources;
  iface->validate = rh_sync_validate;
  iface->lane = rh_connector_store_lane;
  iface->assess_async = rh_sync_assess_async;
  iface->assess_finish = rh_connector_task_document;
  iface->apply_async = rh_sync_apply_async;
  iface->apply_finish = rh_connector_task_node;
  iface->verify_async = rh_sync_verify_async;
  iface->verify_finish = rh_connector_store_verify;
  iface->get_async = rh_sync_get_async;
  iface->get_finish = rh_connector_task_node;
}

RhSync *
rh_sync_new (RhStore *store)
{
  RhSync *self;

  g_return_val_if_fail (RH_IS_STORE (store), NULL);

  self = g_object_new (RH_TYPE_SYNC, NULL);
  self->store = g_object_ref (store);
  return self;
}
