/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"

G_BEGIN_DECLS

/* As many as one proposal may hold. */
#define RH_ITEMS_MAX 1000

/**
 * RhItem:
 * @number: its place in the batch, from 1; 0 of a single proposal
 * @receipt: (nullable): for an inverse: the receipt of what it undoes
 * @approved: (nullable): what was observed when a person approved this, in a proposal that this one stands for
 * @assessment: NULL until it was observed
 *
 * What a proposal touches: a single one has one of these, a batch up to RH_ITEMS_MAX.
 */
typedef struct {
  guint number;
  char *target;
  JsonObject *parameters;
  JsonObject *receipt;
  JsonNode *approved;
  RhAssessment *assessment;
} RhItem;

/* @parameters is (transfer none). */
RhItem *rh_item_new (guint number, const char *target, JsonObject *parameters) G_GNUC_WARN_UNUSED_RESULT;
void rh_item_free (RhItem *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhItem, rh_item_free)

/**
 * rh_item_check_target:
 *
 * A target is shown to people beside what the host states: it must be printable, and must not turn the writing round.
 *
 * Returns: TRUE; FALSE with %ROYAL_ERROR_INVALID, naming @pointer.
 */
gboolean rh_item_check_target (const char *target, const char *pointer, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): { "item", "target", "parameters", "before", "facts", "preview" } of an item that was observed. */
JsonObject *rh_item_row (const RhItem *self) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_items_root:
 * @rows: rows as rh_item_row() or proposal_items_page() in SQL make them, in order
 *
 * Returns: (transfer full): the root that the digest of a batch covers, hexadecimal: a Merkle tree as RFC 6962 has it,
 * each leaf the canonical JSON of { item, target, parameters, before, facts }.
 */
char *rh_items_root (JsonArray *rows) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_items_totals:
 * @items: (element-type RhItem): all observed
 *
 * Returns: (transfer full): the facts of a batch as a whole: `items`, and NAME_sum, NAME_min and NAME_max of each
 * numeric fact that every item has: a total over some of them would say less than it seems to.
 */
JsonObject *rh_items_totals (GPtrArray *items) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): what a batch shows: how many, and what happens to the first of them. */
JsonNode *rh_items_preview (GPtrArray *items, const char *title) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
