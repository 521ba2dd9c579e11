/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>

/* How a season stands, as a table and a chart. */

#define BAR 40

/* A bar: what is sold as full blocks, the forecast as a mark in it or as shade behind it. (transfer full) */
static char *
bar_of (gint64 forecast, gint64 sold, gboolean has_sold, gint64 most)
{
  GString *out = g_string_new (NULL);
  gint64 mark = most > 0 ? (forecast * BAR + most / 2) / most : 0;
  gint64 full = has_sold && most > 0 ? (sold * BAR + most / 2) / most : 0;

  for (gint64 i = 0; i < MAX (mark, full); i++)
    g_string_append (out, i + 1 == mark && has_sold ? "│" : i < full ? "█" : "░");
  return g_string_free (out, FALSE);
}

void
ctl_print_weeks (JsonArray *weeks)
{
  gint64 most = 0;

  for (guint i = 0; i < json_array_get_length (weeks); i++)
    {
      JsonObject *week = json_array_get_object_element (weeks, i);

      most = MAX (most, MAX (royal_json_int (week, "forecast", 0), royal_json_int (week, "sold", 0)));
    }
  printf ("\nweek  from        forecast      sold\n");
  for (guint i = 0; i < json_array_get_length (weeks); i++)
    {
      JsonObject *week = json_array_get_object_element (weeks, i);
      gboolean has_sold = !json_object_get_null_member (week, "sold");
      gint64 forecast = royal_json_int (week, "forecast", 0);
      gint64 sold = royal_json_int (week, "sold", 0);
      g_autofree char *bar = bar_of (forecast, sold, has_sold, most);
      g_autofree char *units = has_sold ? g_strdup_printf ("%" G_GINT64_FORMAT, sold) : g_strdup ("-");

      printf ("%4" G_GINT64_FORMAT "  %s  %8" G_GINT64_FORMAT "  %8s  %s\n", royal_json_int (week, "week", 0),
              royal_json_string (week, "start", ""), forecast, units, bar);
    }
  printf ("      █ sold   ░ expected   │ the forecast of a week that is sold\n");
}
