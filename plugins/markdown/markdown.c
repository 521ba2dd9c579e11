/* SPDX-License-Identifier: Apache-2.0 */
#include "markdown-model.h"
#include "markdown-tasks.h"

#include <royal/agent.h>
#include <string.h>

#define WAIT_S (3 * 24 * 60 * 60) /* a markdown that nobody answers for three days is overtaken by the sales */

/* What is known of the season when it is looked at. */
typedef struct {
  JsonObject *json;
  MarkdownRates rates;
  MarkdownPlan plan;
  MarkdownSeason season;
  gboolean has_price;
  guint stores;
  guint stores_below; /* stores below the target */
  char *worst;        /* (nullable): the store with the least sell-through */
  guint worst_points;
  gboolean is_measured;
  MarkdownElasticity measured;
  guint measured_markdown;
  char *unmeasured; /* (nullable): why the elasticity is not measured */
} Look;

static void
look_clear (Look *look)
{
  g_clear_pointer (&look->worst, g_free);
  g_clear_pointer (&look->unmeasured, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Look, look_clear)

static gint64
figure (const Look *look, const char *name)
{
  return json_object_get_int_member_with_default (look->json, name, 0);
}

static const char *
text (const Look *look, const char *name)
{
  const char *value = json_object_get_string_member_with_default (look->json, name, "");

  return value != NULL ? value : "";
}

/* "57.5 %", without digits that say nothing. */
static char *
percent (guint points)
{
  if (points % 100 == 0)
    return g_strdup_printf ("%u %%", points / 100);
  if (points % 10 == 0)
    return g_strdup_printf ("%u.%u %%", points / 100, points % 100 / 10);
  return g_strdup_printf ("%u.%02u %%", points / 100, points % 100);
}

static gboolean
read_rate (JsonObject *object, const char *name, double otherwise, guint max, guint *ret_points, GError **error)
{
  if (markdown_points (json_object_get_double_member_with_default (object, name, otherwise), max, ret_points) &&
      *ret_points > 0)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/%s: expected a number above 0 with at most four decimals",
               name);
  return FALSE;
}

static gboolean
read_rates (RoyalRun *run, JsonObject *input, MarkdownRates *rates, GError **error)
{
  JsonObject *config = royal_run_config (run);
  JsonObject *elasticity = json_object_has_member (input, "elasticity") ? input : config;

  return read_rate (config, "target", 0.6, MARKDOWN_ONE, &rates->target, error) &&
         read_rate (config, "cap", 0.4, MARKDOWN_ONE, &rates->cap, error) &&
         read_rate (elasticity, "elasticity", 2.0, 10 * MARKDOWN_ONE, &rates->elasticity, error);
}

/* The answer of a run that proposes nothing. */
static JsonNode *
hold (const Look *look, const char *reason)
{
  g_autoptr (JsonObject) result = json_object_new ();

  json_object_set_string_member (result, "season", text (look, "id"));
  json_object_set_boolean_member (result, "proposed", FALSE);
  json_object_set_string_member (result, "reason", reason);
  json_object_set_double_member (result, "sell_through", look->plan.sell_through / (double)MARKDOWN_ONE);
  return json_node_init_object (json_node_alloc (), result);
}

/* Why nothing is to be proposed; NULL when there is something. */
static char *
reason_to_hold (const Look *look, gint64 week)
{
  g_autofree char *sell_through = percent (look->plan.sell_through);
  g_autofree char *target = percent (look->rates.target);
  g_autofree char *gap = percent (look->plan.gap);

  if (figure (look, "markdowns") > 0)
    return g_strdup ("the season is marked down already; a second markdown is for people to decide");
  if (figure (look, "week") < week)
    return g_strdup_printf ("sales are complete up to week %" G_GINT64_FORMAT
                            ", the checkpoint is week %" G_GINT64_FORMAT,
                            figure (look, "week"), week);
  if (look->plan.verdict == MARKDOWN_NO_GAP)
    return g_strdup_printf ("a sell-through of %s reaches the target of %s", sell_through, target);
  if (look->plan.verdict == MARKDOWN_TOO_SMALL)
    return g_strdup_printf ("the gap of %s to the target of %s rounds to no markdown", gap, target);
  return NULL;
}

/* One store's sums, which end where the next store begins. */
static void
add_store (Look *look, const char *store, gsize length, gint64 sold, double forecast)
{
  double share = forecast > 0 ? sold / forecast : 1;
  guint points = (guint)(CLAMP (share, 0, 10) * MARKDOWN_ONE + 0.5);

  look->stores++;
  if (points < look->rates.target)
    look->stores_below++;
  if (look->worst == NULL || points < look->worst_points)
    {
      g_free (look->worst);
      look->worst = g_strndup (store, length);
      look->worst_points = points;
    }
}

/* How the stores stand, from one read of all of them; the table is ordered by store. */
static gboolean
look_at_stores (RoyalRun *run, JsonObject *parameters, Look *look, GError **error)
{
  g_autoptr (RoyalTable) table = royal_run_read (run, "retail.sales", parameters, error);
  gint store = table != NULL ? royal_table_find (table, "store") : -1;
  gint units = table != NULL ? royal_table_find (table, "units") : -1;
  gint forecast = table != NULL ? royal_table_find (table, "forecast") : -1;
  const gint64 *sold;
  const double *planned;
  const char *name = NULL;
  gsize length = 0;
  gint64 sold_sum = 0;
  double planned_sum = 0;

  if (table == NULL)
    return FALSE;
  sold = units >= 0 ? royal_table_int64 (table, (guint)units) : NULL;
  planned = forecast >= 0 ? royal_table_double (table, (guint)forecast) : NULL;
  if (store < 0 || sold == NULL || planned == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "retail.sales: expected the columns store, units, forecast");
      return FALSE;
    }
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    {
      gsize n = 0;
      const char *next = royal_table_string (table, (guint)store, row, &n);

      if (name != NULL && (n != length || next == NULL || memcmp (next, name, n) != 0))
        {
          add_store (look, name, length, sold_sum, planned_sum);
          sold_sum = 0;
          planned_sum = 0;
        }
      name = next;
      length = n;
      sold_sum += sold[row];
      planned_sum += planned[row];
    }
  if (name != NULL)
    add_store (look, name, length, sold_sum, planned_sum);
  return TRUE;
}

/* What the rest of the season would have to sell more, to close the gap by its end, and which markdown does that by the
 * elasticity that the category's history shows. */
static gboolean
measure (RoyalRun *run, JsonObject *parameters, Look *look, GError **error)
{
  g_autoptr (GError) local = NULL;
  MarkdownOutlook rest = markdown_outlook (&look->season, 0);
  double gap = (double)look->rates.target * (double)figure (look, "forecast_total") / MARKDOWN_ONE -
               (double)figure (look, "sold");

  look->is_measured = markdown_measure (run, parameters, &look->measured, &look->unmeasured, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (look->is_measured && rest.units <= 0)
    {
      look->is_measured = FALSE;
      look->unmeasured = g_strdup ("nothing sold so far to raise");
    }
  if (look->is_measured)
    look->measured_markdown = markdown_round (
        markdown_measured_markdown (look->measured.value, MAX (gap, 0) / (double)rest.units), look->rates.cap);
  return TRUE;
}

static void
append_measured (GString *words, const Look *look)
{
  g_autofree char *markdown = percent (look->measured_markdown);

  if (look->is_measured)
    g_string_append_printf (
        words,
        " The category's history shows an elasticity of sales to price of %.2f (95 %%: %.2f to %.2f, %u "
        "weeks), by which %s closes the gap.",
        look->measured.value, look->measured.low, look->measured.high, look->measured.weeks, markdown);
  else
    g_string_append_printf (words, " The elasticity cannot be measured: %s.", look->unmeasured);
}

static void
add_reasoning (RoyalProposal *proposal, const Look *look)
{
  g_autofree char *sell_through = percent (look->plan.sell_through);
  g_autofree char *target = percent (look->rates.target);
  g_autofree char *gap = percent (look->plan.gap);
  g_autofree char *cap = percent (look->rates.cap);
  g_autofree char *markdown = percent (look->plan.markdown);
  g_autofree char *worst = percent (look->worst_points);
  g_autoptr (GString) words = g_string_new (NULL);

  g_string_append_printf (
      words,
      "After week %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
      " units are sold: a sell-through of %s, %s short of the target of %s. Times the elasticity of "
      "%.4g%s, to the nearest 5 %%: %s.",
      figure (look, "week"), figure (look, "sold"), figure (look, "forecast_total"), sell_through, gap, target,
      look->rates.elasticity / (double)MARKDOWN_ONE, look->plan.capped ? ", capped" : "", markdown);
  if (look->plan.capped)
    g_string_append_printf (words, " The formula asked for more than the cap of %s.", cap);
  if (look->worst != NULL)
    g_string_append_printf (words, " %u of %u stores are below the target; the lowest is %s with %s.",
                            look->stores_below, look->stores, look->worst, worst);
  append_measured (words, look);
  royal_proposal_set_reasoning (proposal, words->str);
}

/* An alternative, with what it would bring compared with the markdown that is proposed. */
static void
add_alternative (RoyalProposal *proposal, const Look *look, guint markdown, const char *description, const char *pros)
{
  MarkdownOutlook chosen = markdown_outlook (&look->season, look->plan.markdown);
  MarkdownOutlook other = markdown_outlook (&look->season, markdown);
  g_autofree char *cons =
      g_strdup_printf ("sells an estimated %" G_GINT64_FORMAT " units, leaves %" G_GINT64_FORMAT "%s", other.units,
                       other.left, look->has_price ? "" : "; without prices its impact cannot be estimated");

  royal_proposal_add_alternative (proposal, description, pros, cons,
                                  look->has_price ? (other.revenue - chosen.revenue) / 100.0 : 0);
}

/* What the measured elasticity asks for, and what it then brings, compared with what it says of the proposed markdown.
 */
static void
add_measured_alternative (RoyalProposal *proposal, const Look *look)
{
  guint proposed = look->plan.markdown;
  guint other = look->measured_markdown;
  MarkdownOutlook chosen =
      markdown_outlook_at (&look->season, proposed, markdown_measured_lift (look->measured.value, proposed));
  MarkdownOutlook outlook =
      markdown_outlook_at (&look->season, other, markdown_measured_lift (look->measured.value, other));
  g_autofree char *share = percent (other);
  g_autofree char *description =
      other > 0 ? g_strdup_printf ("Mark down %s, by the measured elasticity of %.2f", share, look->measured.value)
                : g_strdup_printf ("Hold the price, by the measured elasticity of %.2f", look->measured.value);
  g_autofree char *cons = g_strdup_printf ("by it sells an estimated %" G_GINT64_FORMAT
                                           " units, leaves %" G_GINT64_FORMAT "; the past is no promise",
                                           outlook.units, outlook.left);

  royal_proposal_add_alternative (proposal, description, "rests on the category's own history", cons,
                                  look->has_price ? (double)(outlook.revenue - chosen.revenue) / 100 : 0);
}

static void
add_alternatives (RoyalProposal *proposal, const Look *look)
{
  guint deeper = MIN (look->plan.markdown + 2 * MARKDOWN_STEP, look->rates.cap / MARKDOWN_STEP * MARKDOWN_STEP);

  add_alternative (proposal, look, 0, "Hold the price for the rest of the season", "keeps the margin of each unit");
  if (deeper > look->plan.markdown)
    {
      g_autofree char *share = percent (deeper);
      g_autofree char *description = g_strdup_printf ("Mark down %s", share);

      add_alternative (proposal, look, deeper, description, "clears more stock, sooner");
    }
  if (look->is_measured && look->measured_markdown != look->plan.markdown)
    add_measured_alternative (proposal, look);
}

static void
add_claims (RoyalProposal *proposal, const Look *look)
{
  MarkdownOutlook outlook = markdown_outlook (&look->season, look->plan.markdown);
  double variance = json_object_get_double_member_with_default (look->json, "variance", 1);

  /* Beyond 20 % the forecast itself, and with it the sell-through, is in doubt. */
  royal_proposal_set_confidence (proposal, variance > 0.2 ? 0.6 : 0.8);
  royal_proposal_add_claim (proposal, "lift", look->plan.lift / (double)MARKDOWN_ONE);
  royal_proposal_add_claim (proposal, "units", (double)outlook.units);
  if (look->is_measured)
    {
      royal_proposal_add_claim (proposal, "measured_elasticity", look->measured.value);
      royal_proposal_add_claim (proposal, "measured_lift",
                                markdown_measured_lift (look->measured.value, look->plan.markdown) /
                                    (double)MARKDOWN_ONE);
    }
  if (look->has_price)
    royal_proposal_add_claim (proposal, "revenue", outlook.revenue / 100.0);
}

static RoyalProposal *
make_proposal (const Look *look)
{
  RoyalProposal *proposal = royal_proposal_new ("markdown.apply");
  g_autofree char *markdown = percent (look->plan.markdown);
  g_autofree char *lift = percent (look->plan.lift);
  g_autofree char *title = g_strdup_printf ("Mark down %s %s", text (look, "name"), markdown);
  g_autofree char *description =
      g_strdup_printf ("Takes %s off the list price in all %" G_GINT64_FORMAT " stores for the %" G_GINT64_FORMAT
                       " weeks that are left. Sales are expected to rise by %s.",
                       markdown, figure (look, "stores"), figure (look, "weeks_left"), lift);
  g_autofree char *season = g_strdup_printf ("retail.season %s", text (look, "id"));
  g_autofree char *sales = g_strdup_printf ("retail.sales %s", text (look, "id"));

  royal_proposal_set_target (proposal, text (look, "id"));
  royal_proposal_set_number (proposal, "markdown_pct", look->plan.markdown / (double)MARKDOWN_ONE);
  royal_proposal_set_title (proposal, title);
  royal_proposal_set_description (proposal, description);
  add_reasoning (proposal, look);
  royal_proposal_add_source (proposal, season);
  royal_proposal_add_source (proposal, sales);
  royal_proposal_add_risk (proposal, "The margin of every unit that would have sold at the full price is reduced.");
  royal_proposal_add_risk (proposal, "The elasticity is configured, not measured: the rise of sales is an assumption.");
  if (look->stores_below < look->stores)
    royal_proposal_add_risk (proposal, "The markdown is the same in all stores, also in those that reach the target.");
  add_alternatives (proposal, look);
  add_claims (proposal, look);
  royal_proposal_set_priority (proposal, look->plan.capped ? ROYAL_PRIORITY_HIGH : ROYAL_PRIORITY_NORMAL);
  royal_proposal_set_deadline (proposal, WAIT_S);
  return proposal;
}

static JsonNode *
propose (RoyalRun *run, const Look *look, GError **error)
{
  g_autoptr (RoyalProposal) proposal = make_proposal (look);
  JsonNode *outcome = royal_run_propose (run, proposal, error);
  g_autoptr (JsonObject) result = NULL;

  if (outcome == NULL)
    return NULL;
  result = json_object_new ();
  json_object_set_string_member (result, "season", text (look, "id"));
  json_object_set_boolean_member (result, "proposed", TRUE);
  json_object_set_double_member (result, "sell_through", look->plan.sell_through / (double)MARKDOWN_ONE);
  json_object_set_double_member (result, "markdown_pct", look->plan.markdown / (double)MARKDOWN_ONE);
  json_object_set_double_member (result, "lift", look->plan.lift / (double)MARKDOWN_ONE);
  json_object_set_int_member (result, "stores_below", look->stores_below);
  json_object_set_member (result, "outcome", outcome);
  return json_node_init_object (json_node_alloc (), result);
}

static JsonNode *
checkpoint (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (JsonObject) parameters = json_object_new ();
  g_autoptr (JsonNode) season = NULL;
  g_autofree char *reason = NULL;
  g_auto (Look) look = { 0 };

  if (!read_rates (run, input, &look.rates, error))
    return NULL;
  json_object_set_string_member (parameters, "season",
                                 json_object_get_string_member_with_default (input, "season", ""));
  season = royal_run_get (run, "retail.season", parameters, error);
  if (season == NULL)
    return NULL;
  look.json = json_node_get_object (season);
  look.season = (MarkdownSeason){
    figure (&look, "sold"),
    figure (&look, "forecast_to_date"),
    figure (&look, "forecast_total") - figure (&look, "forecast_to_date"),
    figure (&look, "units_left"),
    0,
  };
  look.has_price = markdown_cents (text (&look, "list_price"), &look.season.price);
  if (!markdown_plan (look.season.sold, figure (&look, "forecast_total"), &look.rates, &look.plan))
    return hold (&look, "the season has no forecast to measure its sales by");

  reason = reason_to_hold (&look, json_object_get_int_member_with_default (royal_run_config (run), "week", 6));
  if (reason != NULL)
    return hold (&look, reason);
  royal_run_progress (run, 0.5, "reading the stores");
  if (!look_at_stores (run, parameters, &look, error))
    return NULL;
  royal_run_progress (run, 0.7, "measuring the elasticity");
  if (!measure (run, parameters, &look, error))
    return NULL;
  return propose (run, &look, error);
}

ROYAL_AGENT (ROYAL_TASK ("checkpoint", checkpoint), ROYAL_TASK ("watch", markdown_task_watch))
