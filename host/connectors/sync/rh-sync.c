/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-sync.h"

#include "rh-sync-resources.h"
#include "royal-json.h"

#include <string.h>

#define NAME "[a-z][a-z0-9_-]{0,62}"

struct _RhSync {
  RhConnectorStore parent_instance;
};

G_DEFINE_FINAL_TYPE (RhSync, rh_sync, RH_TYPE_CONNECTOR_STORE)

static const RhAction actions[] = {
  { "sync.record", "Record a run of a sync", "/royal/schema/action-sync-record.schema.json" },
  { NULL },
};

static const RhResource resources[] = {
  { "sync.state", "What both sides of a sync have had alike, and what people answered", FALSE },
  { NULL },
};

static const RhStoreEffects effects = {
  .assess = { "sync.assess", "select sync_assess ($1, $2::jsonb) as result", 2, FALSE },
  .apply = { "sync.apply", "select sync_apply ($1, $2, $3::jsonb, $4::jsonb) as result", 4, TRUE },
  .verify = { "sync.verify", "select sync_verify ($1) as result", 1, FALSE },
};
static const RhStatement statement_state = { "sync.state", "select sync_state ($1, $2::bigint) as result", 2, FALSE };
static const RhStoreRead reads[] = { { &statement_state, NULL } };
G_STATIC_ASSERT (G_N_ELEMENTS (reads) == G_N_ELEMENTS (resources) - 1);

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

/* The sync's name and the revision's number. */
static GStrv
rh_sync_bind (const RhResource *resource, JsonObject *parameters, GError **error)
{
  GStrv params;

  if (!check_read (parameters, error))
    return NULL;
  params = g_new0 (char *, 3);
  params[0] = g_strconcat (royal_json_string (parameters, "repository", ""), "/",
                           royal_json_string (parameters, "shop", ""), NULL);
  params[1] = g_strdup_printf ("%" G_GINT64_FORMAT, royal_json_int (parameters, "revision", 0));
  return params;
}

static void
rh_sync_class_init (RhSyncClass *class)
{
  RhConnectorStoreClass *store_class = RH_CONNECTOR_STORE_CLASS (class);

  store_class->name = "sync";
  store_class->actions = actions;
  store_class->resources = resources;
  store_class->effects = &effects;
  store_class->reads = reads;
  store_class->validate = rh_sync_validate;
  store_class->bind = rh_sync_bind;
  /* Named here, or the linker would leave the schema out of a program. */
  (void)rh_sync_resources_get_resource ();
}

static void
rh_sync_init (RhSync *self)
{
}

RhSync *
rh_sync_new (RhStore *store)
{
  return rh_connector_store_new (RH_TYPE_SYNC, store);
}
