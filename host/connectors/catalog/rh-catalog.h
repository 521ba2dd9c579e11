/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector-store.h"

G_BEGIN_DECLS

/* The catalog connector: suppliers' listings, their demand, others' prices, suppliers' records and the workspace's goals,
 * which an operator uploads or sets (rh-retail-import.h), and the opportunities that came of them; all in the host's own
 * database.
 *
 * Action `product.opportunity.open`: the target is the listing's product; docs/schema/action-product-opportunity-open.schema.json.
 * Price and cost must be the feed's. At most one opportunity of a product is open; the inverse withdraws it.
 *
 * Reads, without parameters:
 * `catalog.feed`: a table of product, title, supplier, price, cost, shipping (texts such as `89.90`; empty: not known),
 *   shipping_days, rating (doubles), reviews (int64), sold (double); by product and supplier.
 * `catalog.signals`: a table of product, week (the first day, days since 1970-01-01), value (double).
 * `market.prices`: a table of variant, competitor, price (texts).
 * `suppliers.records`: a table of supplier, orders, late, failed (int64), shipping_days, rating (doubles), reviews, messages,
 *   answered (int64). What is null is not known.
 * `catalog.opportunities`: a document { opportunities: [{ id, product, supplier, title, price, cost, margin, state,
 *   opened_at }] }, the latest first.
 * `ceo.goals`: a document { goals: { margin?, revenue?, conversion? } }.
 * `ceo.signals`: a document { revenue: [{ week, amount }], traffic: [{ week, visits, orders }], launches: { days, ended, failed } }, the
 *   oldest week first (days since 1970-01-01), twelve at most. */
#define RH_TYPE_CATALOG (rh_catalog_get_type ())
G_DECLARE_FINAL_TYPE (RhCatalog, rh_catalog, RH, CATALOG, RhConnectorStore)

RhCatalog *rh_catalog_new (RhStore *store) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
