/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "inventory-network.h"

#include <royal/agent.h>

G_BEGIN_DECLS

/* What the tasks have in common: how they read what the host hands them, and their words. */

/* A member that is missing, or null, is 0, "" or NULL. (transfer none) */
gint64 inventory_figure (JsonObject *object, const char *name);
const char *inventory_text (JsonObject *object, const char *name);
JsonArray *inventory_list (JsonObject *object, const char *name);

/* The member @i of @list when it is an object, else NULL. (transfer none) */
JsonObject *inventory_member (JsonArray *list, guint i);

/* Reads a rate of the configuration or the input, in basis points. FALSE when it has more than four decimals or is not from 0
 * to 1. */
gboolean inventory_rate (JsonObject *object, const char *name, guint *ret_points, GError **error);

/* Reads an amount such as `89.90` as cents. FALSE when it is not one. */
gboolean inventory_cents (const char *text, gint64 *ret_cents);

/* "57.5 %", without digits that say nothing. */
char *inventory_percent (guint points);

/* The parameters of a read: { "season" }. */
JsonObject *inventory_parameters (JsonObject *input) G_GNUC_WARN_UNUSED_RESULT;

/* The answer of a run that proposes nothing. */
JsonNode *inventory_hold (const char *season, const char *reason) G_GNUC_WARN_UNUSED_RESULT;

/**
 * inventory_read_network:
 * @forecast: the document `retail.forecast`
 *
 * Returns: (transfer full): its clusters and stores; NULL with %ROYAL_ERROR_INVALID, naming the place.
 */
InventoryNetwork *inventory_read_network (JsonObject *forecast, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * InventoryWeeks:
 * @from: the first week that is looked at
 * @to: the last one
 * @units: (array) by store of the network: the forecast of these weeks
 * @rows: how many rows of these weeks there were
 */
typedef struct {
  gint64 from;
  gint64 to;
  gint64 *units;
  guint64 rows;
} InventoryWeeks;

/**
 * inventory_read_weeks:
 * @network: the stores to look for; others are passed over
 * @weeks: which weeks, and an array for what is found
 *
 * Reads what the stores are expected to sell from the table `retail.sales`.
 */
gboolean inventory_read_weeks (RoyalRun             *run,
                               JsonObject           *parameters,
                               const InventoryNetwork *network,
                               InventoryWeeks       *weeks,
                               GError              **error);

G_END_DECLS
