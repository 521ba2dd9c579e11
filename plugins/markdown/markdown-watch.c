/* SPDX-License-Identifier: Apache-2.0 */
#include "markdown-model.h"
#include "markdown-tasks.h"

static gint64
figure (JsonObject *season, const char *name)
{
  return json_object_get_int_member_with_default (season, name, 0);
}

/* Why there is nothing to watch; NULL when there is. */
static const char *
reason_to_rest (JsonObject *season)
{
  if (figure (season, "markdowns") == 0)
    return "the season is not marked down";
  if (figure (season, "forecast_to_date") <= 0)
    return "the season has no forecast to measure its sales by";
  if (figure (season, "weeks_left") <= 0)
    return "the season is over";
  return NULL;
}

static JsonNode *
answer (JsonObject *season, gboolean above, guint variance, const char *reason)
{
  g_autoptr (JsonObject) result = json_object_new ();

  json_object_set_string_member (result, "season", json_object_get_string_member_with_default (season, "id", ""));
  json_object_set_boolean_member (result, "proposed", FALSE);
  json_object_set_boolean_member (result, "reforecast", above);
  json_object_set_string_member (result, "reason", reason);
  json_object_set_double_member (result, "variance", variance / (double)MARKDOWN_ONE);
  json_object_set_int_member (result, "week", figure (season, "week"));
  json_object_set_int_member (result, "weeks_left", figure (season, "weeks_left"));
  json_object_set_int_member (result, "sold", figure (season, "sold"));
  json_object_set_int_member (result, "forecast", figure (season, "forecast_to_date"));
  return json_node_init_object (json_node_alloc (), result);
}

JsonNode *
markdown_task_watch (RoyalRun *run, JsonObject *input, GError **error)
{
  double configured = json_object_get_double_member_with_default (royal_run_config (run), "variance", 0.2);
  g_autoptr (JsonNode) node = royal_run_get (run, "retail.season", input, error);
  JsonObject *season = node != NULL ? json_node_get_object (node) : NULL;
  g_autofree char *words = NULL;
  guint threshold;
  guint variance = 0;
  gboolean above;

  if (season == NULL)
    return NULL;
  if (!markdown_points (configured, 10 * MARKDOWN_ONE, &threshold))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/variance: expected a number with at most four decimals");
      return NULL;
    }
  if (reason_to_rest (season) != NULL)
    return answer (season, FALSE, 0, reason_to_rest (season));
  if (!markdown_variance (figure (season, "sold"), figure (season, "forecast_to_date"), threshold, &variance, &above))
    return answer (season, FALSE, 0, "the season's figures are out of range");
  words =
      g_strdup_printf ("after week %" G_GINT64_FORMAT " of a season that is marked down, %" G_GINT64_FORMAT
                       " units are sold where %" G_GINT64_FORMAT " were expected: %u.%02u %% off, %s %u.%02u %%",
                       figure (season, "week"), figure (season, "sold"), figure (season, "forecast_to_date"),
                       variance / 100, variance % 100, above ? "above" : "not above", threshold / 100, threshold % 100);
  return answer (season, above, variance, words);
}
