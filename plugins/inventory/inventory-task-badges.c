/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory-documents.h"
#include "inventory-tasks.h"

#include <string.h>
#include <trade-table.h>

#define PATH "assets/royal-low-stock.json"
#define WAIT_S (7 * 24 * 60 * 60)

/* The theme SHOP/NUMBER that is configured, and what is to be told there. */
typedef struct {
  const char *theme;
  char *shop;
  JsonNode *list; /* { "skus" }, sorted, each once */
  guint n;
} Badges;

static void
badges_clear (Badges *badges)
{
  g_clear_pointer (&badges->shop, g_free);
  g_clear_pointer (&badges->list, json_node_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Badges, badges_clear)

static JsonObject *
parameter (const char *name, const char *value)
{
  JsonObject *parameters = json_object_new ();

  json_object_set_string_member (parameters, name, value);
  return parameters;
}

static gboolean
find_role (RoyalRun *run, const Badges *badges, gboolean *ret_live, GError **error)
{
  static const TradeColumn wanted[] = { { "theme", ROYAL_COLUMN_STRING, TRUE }, { "role", ROYAL_COLUMN_STRING, TRUE } };
  g_autoptr (JsonObject) parameters = parameter ("shop", badges->shop);
  gint columns[G_N_ELEMENTS (wanted)];
  g_autoptr (RoyalTable) table =
      trade_table_read (run, "shopify.themes", parameters, wanted, G_N_ELEMENTS (wanted), columns, error);

  for (guint64 row = 0; table != NULL && row < royal_table_n_rows (table); row++)
    if (trade_table_is (table, columns[0], row, badges->theme))
      {
        *ret_live = trade_table_is (table, columns[1], row, "MAIN");
        return TRUE;
      }
  if (table != NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND,
                 "there is no theme %s; expected one that was pulled of the shop %s (royalctl shopify pull %s)",
                 badges->theme, badges->shop, badges->shop);
  return FALSE;
}

/* The same stock makes the same list, in whatever order the rows come. */
static void
set_list (Badges *badges, GHashTable *skus)
{
  g_autoptr (GList) sorted = g_list_sort (g_hash_table_get_keys (skus), (GCompareFunc)strcmp);
  JsonArray *array = json_array_new ();
  JsonObject *object = json_object_new ();

  for (GList *l = sorted; l != NULL; l = l->next)
    json_array_add_string_element (array, l->data);
  badges->n = json_array_get_length (array);
  json_object_set_array_member (object, "skus", array);
  badges->list = trade_node (object);
}

static gboolean
find_low (RoyalRun *run, Badges *badges, GError **error)
{
  static const TradeColumn wanted[] = { { "sku", ROYAL_COLUMN_STRING, TRUE },
                                        { "inventory", ROYAL_COLUMN_INT64, TRUE } };
  gint64 low = inventory_figure (royal_run_config (run), "low_stock");
  g_autoptr (GHashTable) skus = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (JsonObject) parameters = parameter ("shop", badges->shop);
  gint columns[G_N_ELEMENTS (wanted)];
  g_autoptr (RoyalTable) table =
      trade_table_read (run, "shopify.variants", parameters, wanted, G_N_ELEMENTS (wanted), columns, error);
  const gint64 *stock = table != NULL ? royal_table_int64 (table, (guint)columns[1]) : NULL;

  if (table == NULL)
    return FALSE;
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    if (stock[row] <= low && !trade_table_is (table, columns[0], row, ""))
      g_hash_table_add (skus, trade_table_text (table, columns[0], row));
  set_list (badges, skus);
  return TRUE;
}

/* By what the file says: Shopify puts a comment before JSON. No file says as much as one of nothing. */
static gboolean
says_so (const Badges *badges, const char *text)
{
  const char *end = g_str_has_prefix (text, "/*") ? strstr (text, "*/") : NULL;
  g_autoptr (JsonNode) said = json_from_string (end != NULL ? end + 2 : text, NULL);

  return *text == '\0' ? badges->n == 0 : said != NULL && json_node_equal (said, badges->list);
}

static gboolean
find_change (RoyalRun *run, const Badges *badges, gboolean *ret_changed, GError **error)
{
  static const TradeColumn wanted[] = { { "path", ROYAL_COLUMN_STRING, TRUE },
                                        { "content", ROYAL_COLUMN_STRING, TRUE } };
  g_autoptr (JsonObject) parameters = parameter ("theme", badges->theme);
  g_autofree char *text = g_strdup ("");
  gint columns[G_N_ELEMENTS (wanted)];
  g_autoptr (RoyalTable) table =
      trade_table_read (run, "shopify.theme_files", parameters, wanted, G_N_ELEMENTS (wanted), columns, error);

  if (table == NULL)
    return FALSE;
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    if (trade_table_is (table, columns[0], row, PATH))
      {
        g_free (text);
        text = trade_table_text (table, columns[1], row);
      }
  *ret_changed = !says_so (badges, text);
  return TRUE;
}

static RoyalProposal *
make_proposal (RoyalRun *run, const Badges *badges)
{
  g_autofree char *text = json_to_string (badges->list, FALSE);
  g_autofree char *title = g_strdup_printf ("Mark %u SKUs as low in stock on the theme %s", badges->n, badges->theme);
  g_autofree char *why =
      g_strdup_printf ("Of %u SKUs the shop %s has %" G_GINT64_FORMAT " units or less; " PATH " says otherwise.",
                       badges->n, badges->shop, inventory_figure (royal_run_config (run), "low_stock"));
  RoyalProposal *proposal = royal_proposal_new ("shopify.theme.files");

  royal_proposal_set_target (proposal, badges->theme);
  royal_proposal_set_node (proposal, "files", trade_node (parameter (PATH, text)));
  royal_proposal_set_title (proposal, title);
  royal_proposal_set_reasoning (proposal, why);
  royal_proposal_add_source (proposal, "shopify.variants");
  royal_proposal_add_source (proposal, "shopify.theme_files");
  royal_proposal_set_deadline (proposal, WAIT_S);
  return proposal;
}

/* @reason: (nullable): why nothing is proposed; takes @outcome, which is of what is. */
static JsonNode *
answer (const Badges *badges, const char *reason, JsonNode *outcome)
{
  JsonObject *result = parameter ("theme", badges->theme);

  json_object_set_boolean_member (result, "proposed", outcome != NULL);
  if (badges->list != NULL)
    json_object_set_int_member (result, "low", badges->n);
  if (reason != NULL)
    json_object_set_string_member (result, "reason", reason);
  if (outcome != NULL)
    json_object_set_member (result, "outcome", outcome);
  return trade_node (result);
}

JsonNode *
inventory_task_badges (RoyalRun *run, JsonObject *input, GError **error)
{
  g_auto (Badges) badges = { .theme = inventory_text (royal_run_config (run), "theme") };
  g_autoptr (RoyalProposal) proposal = NULL;
  gboolean is_live, is_changed;
  JsonNode *outcome;

  if (*badges.theme == '\0')
    return answer (&badges, "no staging theme is configured", NULL);
  badges.shop = g_strndup (badges.theme, strcspn (badges.theme, "/"));
  if (!find_role (run, &badges, &is_live, error))
    return NULL;
  if (is_live)
    return answer (&badges, "the theme is live, and a live theme is not written to", NULL);
  if (!find_low (run, &badges, error) || !find_change (run, &badges, &is_changed, error))
    return NULL;
  if (!is_changed)
    return answer (&badges, "the theme has this list", NULL);
  proposal = make_proposal (run, &badges);
  outcome = royal_run_propose (run, proposal, error);
  return outcome != NULL ? answer (&badges, NULL, outcome) : NULL;
}
