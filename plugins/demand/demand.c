/* SPDX-License-Identifier: Apache-2.0 */
#include "demand-outlook.h"
#include "demand-season.h"

#include <fc-apportion.h>
#include <math.h>

#define PRECISE 1e9         /* shares are written with nine decimals */
#define EPOCH_JULIAN 719163 /* 1970-01-01, as GDate counts */

/* Takes @object. */
static JsonNode *
object_node (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

static JsonNode *
array_node (JsonArray *array)
{
  JsonNode *node = json_node_init_array (json_node_alloc (), array);

  json_array_unref (array);
  return node;
}

/* A share of whole billionths, so that what is told sums to exactly 1. */
static void
share_out (const double *weights, gsize n, double *ret_shares)
{
  g_autofree gint64 *units = g_new (gint64, n);

  if (!fc_apportion (weights, n, (gint64)PRECISE, units))
    return;
  for (gsize i = 0; i < n; i++)
    ret_shares[i] = (double)units[i] / PRECISE;
}

static JsonObject *
describe_cluster (const DemandSeason *season, const FcFactors *factors, guint cluster, double share)
{
  JsonObject *object = json_object_new ();
  JsonArray *stores = json_array_new ();
  g_autofree double *weights = g_new0 (double, season->n_stores);

  for (gsize i = 0; i < season->n_stores; i++)
    weights[i] = factors->kmeans->cluster[i] == cluster ? factors->factor[i] : 0;
  share_out (weights, season->n_stores, weights);
  for (gsize i = 0; i < season->n_stores; i++)
    if (factors->kmeans->cluster[i] == cluster)
      {
        JsonObject *store = json_object_new ();

        json_object_set_string_member (store, "store", demand_season_store (season, i));
        json_object_set_double_member (store, "factor", weights[i]);
        json_array_add_object_element (stores, store);
      }
  json_object_set_string_member (object, "name", fc_factors_cluster_name (cluster));
  json_object_set_double_member (object, "share", share);
  json_object_set_array_member (object, "stores", stores);
  return object;
}

static void
set_clusters (RoyalProposal *proposal, const DemandSeason *season, guint32 seed)
{
  g_autoptr (FcFactors) factors = fc_factors_new (season->stores, season->n_stores, seed);
  JsonArray *clusters = json_array_new ();
  JsonObject *clustering = json_object_new ();
  double shares[FC_FACTORS_CLUSTERS] = { 0 };

  share_out (factors->share, factors->kmeans->k, shares);
  for (guint c = 0; c < factors->kmeans->k; c++)
    json_array_add_object_element (clusters, describe_cluster (season, factors, c, shares[c]));
  json_object_set_double_member (clustering, "inertia", factors->kmeans->inertia);
  json_object_set_double_member (clustering, "silhouette", factors->kmeans->silhouette);
  royal_proposal_set_node (proposal, "clusters", array_node (clusters));
  royal_proposal_set_node (proposal, "clustering", object_node (clustering));
}

static void
set_curve (RoyalProposal *proposal, const DemandOutlook *outlook)
{
  JsonArray *curve = json_array_new ();

  for (gsize i = 0; i < outlook->forecast->h; i++)
    json_array_add_int_element (curve, outlook->curve[i]);
  royal_proposal_set_node (proposal, "curve", array_node (curve));
}

/* The weeks err together, so the bounds of the total are the sums of theirs: wide rather than narrow. */
static JsonObject *
describe_interval (const DemandOutlook *outlook, gint64 sold, double level, double width)
{
  JsonObject *interval = json_object_new ();
  JsonArray *lower = json_array_new (), *upper = json_array_new (), *total = json_array_new ();
  double low_sum = (double)sold, high_sum = (double)sold;

  for (gsize i = 0; i < outlook->forecast->h; i++)
    {
      double half = width * outlook->forecast->sd[i], mean = MAX (outlook->forecast->mean[i], 0);
      double low = MAX (mean - half, 0), high = mean + half;

      json_array_add_double_element (lower, round (low * 100) / 100);
      json_array_add_double_element (upper, round (high * 100) / 100);
      low_sum += low;
      high_sum += high;
    }
  json_array_add_double_element (total, floor (low_sum));
  json_array_add_double_element (total, ceil (high_sum));
  json_object_set_double_member (interval, "level", level);
  json_object_set_array_member (interval, "lower", lower);
  json_object_set_array_member (interval, "upper", upper);
  json_object_set_array_member (interval, "total", total);
  return interval;
}

static void
set_intervals (RoyalProposal *proposal, const DemandOutlook *outlook, gint64 sold)
{
  JsonArray *intervals = json_array_new ();

  json_array_add_object_element (intervals, describe_interval (outlook, sold, 0.8, outlook->width80));
  json_array_add_object_element (intervals, describe_interval (outlook, sold, 0.95, outlook->width95));
  royal_proposal_set_node (proposal, "intervals", array_node (intervals));
}

static void
set_share (JsonObject *object, const char *name, double value)
{
  if (isfinite (value))
    json_object_set_double_member (object, name, round (value * 1e6) / 1e6);
  else
    json_object_set_null_member (object, name);
}

/* What each method says by itself, and how far it was from what was sold. */
static void
set_members (RoyalProposal *proposal, const DemandOutlook *outlook, gint64 sold)
{
  JsonObject *members = json_object_new (), *hindcast = json_object_new ();

  for (gsize i = 0; i < outlook->n_members; i++)
    {
      const DemandMember *member = &outlook->members[i];
      const char *name = g_str_equal (member->method->name, "sarima") ? "arima" : member->method->name;
      g_autofree char *key = g_strconcat (name, "_forecast", NULL);
      JsonObject *score;

      if (member->has_total)
        json_object_set_int_member (members, key, sold + member->total);
      if (member->hindcast == NULL)
        continue;
      score = json_object_new ();
      set_share (score, "mape", member->hindcast->score.mape);
      set_share (score, "smape", member->hindcast->score.smape);
      set_share (score, "mase", member->hindcast->score.mase);
      set_share (score, "mase52", member->hindcast->score.mase52);
      set_share (score, "total", member->hindcast->score.total);
      set_share (score, "owa", member->hindcast->owa);
      json_object_set_object_member (hindcast, member->method->name, score);
    }
  json_object_set_int_member (members, "total_season_demand", sold + outlook->total);
  royal_proposal_set_node (proposal, "members", object_node (members));
  royal_proposal_set_node (proposal, "hindcast", object_node (hindcast));
}

static gsize
peak_week (const DemandOutlook *outlook)
{
  gsize peak = 0;

  for (gsize i = 1; i < outlook->forecast->h; i++)
    if (outlook->curve[i] > outlook->curve[peak])
      peak = i;
  return peak;
}

static const FcHindcast *
used_hindcast (const DemandOutlook *outlook)
{
  for (gsize i = 0; i < outlook->n_members; i++)
    if (outlook->members[i].method == outlook->method)
      return outlook->members[i].hindcast;
  return NULL;
}

/* Whatever of the history is not as it was sold. */
static void
add_history_words (GString *words, const DemandSeason *season, const FcClean *clean)
{
  GDate week;
  char day[16];

  if (season->history->n_partial > 0)
    g_string_append_printf (
        words, " In %" G_GSIZE_FORMAT " weeks the sales of some stores are not known: the others stand for them.",
        season->history->n_partial);
  if (clean->leading + clean->missing + clean->outliers > 0)
    g_string_append_printf (words,
                            " Of the history, %" G_GSIZE_FORMAT
                            " weeks before the first sale were left out, %" G_GSIZE_FORMAT
                            " missing weeks filled and %" G_GSIZE_FORMAT " outliers replaced.",
                            clean->leading, clean->missing, clean->outliers);
  if (clean->shift.week == 0)
    return;
  g_date_clear (&week, 1);
  g_date_set_julian (&week, (guint32)(EPOCH_JULIAN + clean->start_day + 7 * (gint64)clean->shift.week));
  g_date_strftime (day, sizeof day, "%Y-%m-%d", &week);
  g_string_append_printf (
      words, " Since the week of %s sales are %.2f times what they were: the weeks before count at that level.", day,
      clean->shift.factor);
}

static void
add_words (RoyalProposal *proposal, const DemandSeason *season, const DemandOutlook *outlook)
{
  const FcClean *clean = outlook->clean;
  const FcHindcast *hindcast = used_hindcast (outlook);
  g_autoptr (GString) words = g_string_new (NULL);

  g_string_append_printf (
      words, "By %s (%s), from %" G_GSIZE_FORMAT " weeks of %s demand. The peak is week %" G_GINT64_FORMAT ".",
      outlook->method->name, outlook->method->title, clean->n, fc_demand_to_string (clean->demand),
      season->from_week + (gint64)peak_week (outlook));
  if (hindcast != NULL && isfinite (hindcast->score.mape))
    g_string_append_printf (
        words, " From %" G_GSIZE_FORMAT " earlier origins it was %.1f %% off by week and %.1f %% in total.",
        outlook->origins, 100 * hindcast->score.mape, 100 * hindcast->score.total);
  add_history_words (words, season, clean);
  royal_proposal_set_reasoning (proposal, words->str);
  if (hindcast == NULL)
    royal_proposal_add_risk (proposal, "The history is too short to tell how well the method would have done before.");
  if (clean->demand == FC_DEMAND_INTERMITTENT)
    royal_proposal_add_risk (
        proposal,
        "Most weeks sell nothing: only their rate is forecast, or last year's weeks where these come back each year.");
  if (clean->shift.week > 0)
    royal_proposal_add_risk (proposal, "Sales moved to another level: that they stay there is an assumption.");
  royal_proposal_add_risk (proposal, "Sales are forecast, not demand: what was out of stock is not in the history.");
  royal_proposal_set_confidence (proposal, hindcast != NULL && isfinite (hindcast->score.mape)
                                               ? CLAMP (1 - hindcast->score.mape, 0.1, 0.95)
                                               : 0.5);
}

static RoyalProposal *
make_proposal (RoyalRun *run, const DemandSeason *season, const DemandOutlook *outlook, JsonObject *input)
{
  RoyalProposal *proposal = royal_proposal_new ("forecast.record");
  const char *reason = json_object_get_string_member_with_default (input, "reason", NULL);
  g_autofree char *title = g_strdup_printf ("Forecast %" G_GINT64_FORMAT " units of %s",
                                            season->history->sold + outlook->total, season->name);
  g_autofree char *plan = g_strdup_printf ("retail.plan %s", season->id);
  g_autofree char *history = g_strdup_printf ("retail.history %s", season->id);

  royal_proposal_set_target (proposal, season->id);
  royal_proposal_set_title (proposal, title);
  royal_proposal_set_string (proposal, "season", season->id);
  royal_proposal_set_string (proposal, "method", outlook->method->name);
  royal_proposal_set_int (proposal, "total", season->history->sold + outlook->total);
  if (season->from_week > 1)
    royal_proposal_set_int (proposal, "from_week", season->from_week);
  if (reason != NULL && *reason != '\0')
    royal_proposal_set_string (proposal, "reason", reason);
  set_curve (proposal, outlook);
  set_intervals (proposal, outlook, season->history->sold);
  set_members (proposal, outlook, season->history->sold);
  set_clusters (proposal, season,
                (guint32)json_object_get_int_member_with_default (royal_run_config (run), "seed", FC_FACTORS_SEED));
  add_words (proposal, season, outlook);
  royal_proposal_add_source (proposal, plan);
  royal_proposal_add_source (proposal, history);
  return proposal;
}

/* The answer of a run that proposes nothing. */
static JsonNode *
hold (const DemandSeason *season, const char *format, gint64 first, gint64 second)
{
  JsonObject *result = json_object_new ();
  g_autoptr (GString) reason = g_string_new (format);
  g_autofree char *one = g_strdup_printf ("%" G_GINT64_FORMAT, first);
  g_autofree char *two = g_strdup_printf ("%" G_GINT64_FORMAT, second);

  g_string_replace (reason, "{1}", one, 0);
  g_string_replace (reason, "{2}", two, 0);
  json_object_set_string_member (result, "season", season->id);
  json_object_set_boolean_member (result, "proposed", FALSE);
  json_object_set_string_member (result, "reason", reason->str);
  return object_node (result);
}

static JsonNode *
propose (RoyalRun *run, const DemandSeason *season, const DemandOutlook *outlook, JsonObject *input, GError **error)
{
  g_autoptr (RoyalProposal) proposal = make_proposal (run, season, outlook, input);
  JsonNode *outcome;
  JsonObject *result;

  royal_run_progress (run, 0.95, "proposing the forecast");
  outcome = royal_run_propose (run, proposal, error);
  if (outcome == NULL)
    return NULL;
  result = json_object_new ();
  json_object_set_string_member (result, "season", season->id);
  json_object_set_boolean_member (result, "proposed", TRUE);
  json_object_set_string_member (result, "method", outlook->method->name);
  json_object_set_int_member (result, "total", season->history->sold + outlook->total);
  json_object_set_int_member (result, "weeks", season->weeks);
  json_object_set_int_member (result, "from_week", season->from_week);
  json_object_set_int_member (result, "peak_week", season->from_week + (gint64)peak_week (outlook));
  json_object_set_member (result, "outcome", outcome);
  return object_node (result);
}

static JsonNode *
plan_season (RoyalRun *run, JsonObject *input, gboolean running, GError **error)
{
  JsonObject *config = royal_run_config (run);
  const char *usual = json_object_get_string_member_with_default (config, "method", "ensemble_prophet_arima");
  gint64 limit = json_object_get_int_member_with_default (config, "max_total", 100000);
  g_autoptr (DemandSeason) season = NULL;
  g_autoptr (DemandOutlook) outlook = NULL;
  gint64 total;

  royal_run_progress (run, 0, "reading the season and its history");
  season = demand_season_read (run, input, running, error);
  if (season == NULL)
    return NULL;
  if (season->from_week > season->weeks)
    return hold (season, "all {1} weeks of the season are sold; nothing is left to forecast", season->weeks, 0);
  outlook =
      demand_outlook_new (run, season, json_object_get_string_member_with_default (input, "method", usual), error);
  if (outlook == NULL)
    return NULL;
  total = season->history->sold + outlook->total;
  if (total <= 0)
    return hold (season, "the forecast is {1} units; more than 0 were expected", total, 0);
  if (total > limit)
    return hold (season, "the forecast of {1} units is above the configured limit of {2}", total, limit);
  return propose (run, season, outlook, input, error);
}

static JsonNode *
forecast (RoyalRun *run, JsonObject *input, GError **error)
{
  return plan_season (run, input, FALSE, error);
}

static JsonNode *
reforecast (RoyalRun *run, JsonObject *input, GError **error)
{
  return plan_season (run, input, TRUE, error);
}

ROYAL_AGENT (ROYAL_TASK ("forecast", forecast), ROYAL_TASK ("reforecast", reforecast))
