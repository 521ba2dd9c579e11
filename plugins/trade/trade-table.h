/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <royal/agent.h>

G_BEGIN_DECLS

/* What agents that trade read: tables of known columns, and amounts in whole cents. */

typedef struct {
  const char *name;
  RoyalColumnType type;
  gboolean required;
} TradeColumn;

/**
 * trade_table_read:
 * @resource: what is read, such as `suppliers.records`
 * @parameters: (nullable): what the read is asked
 * @columns: (array length=n): what it has to have
 * @ret_places: (array length=n): where each is in the table; -1 for one that may be absent, and is
 *
 * Returns: (transfer full): the table, or NULL with @error set: %ROYAL_ERROR_INVALID, naming the column, when it is not
 * what was expected, and what royal_run_read() says.
 */
RoyalTable *trade_table_read (RoyalRun *run,
                              const char *resource,
                              JsonObject *parameters,
                              const TradeColumn *columns,
                              guint n,
                              gint *ret_places,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): a cell's text; "" for one that is empty, or in a column that is not there (-1). */
char *trade_table_text (const RoyalTable *table, gint column, guint64 row) G_GNUC_WARN_UNUSED_RESULT;
/* A cell's number, whether whole or not; NAN for one that is empty, or in a column that is not there (-1). */
double trade_table_figure (const RoyalTable *table, gint column, guint64 row);
/* Whether a cell has this text. */
gboolean trade_table_is (const RoyalTable *table, gint column, guint64 row, const char *text);

/* Reads an amount such as `89.90` as cents. FALSE when @text is not one, or is of more than nine digits before the
 * point. */
gboolean trade_cents (const char *text, gint64 *ret_cents) G_GNUC_WARN_UNUSED_RESULT;
/* The same of a task's input, which has to have it; %ROYAL_ERROR_INVALID names it. */
gboolean
trade_input_cents (JsonObject *input, const char *name, gint64 *ret_cents, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A share or score, to four places, as it is told. */
double trade_rounded (double value);
/* The same for percents in words. */
int trade_percent (double share);

/* Returns: (transfer full): a node of @object, which it takes. */
JsonNode *trade_node (JsonObject *object) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: (transfer full): texts as an array of JSON. */
JsonArray *trade_texts (const GPtrArray *texts) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
