/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-test.h"

#include <rh-retail-import.h>
#include <rh-retail.h>
#include <royal-json.h>
#include <string.h>

G_BEGIN_DECLS

/* What tests of the retail connector share: a store and a workspace of its own for each test. */

/* The reference season: 50 stores, 12 weeks, 8,000 units of forecast, 4,000 sold by week 6. */
#define SEASON                                                                                                         \
  "{\"code\":\"SS25\",\"category\":\"dresses\",\"category_name\":\"Women's Dresses\",\"name\":\"Dresses\","            \
  "\"start\":\"2025-03-01\",\"weeks\":12,\"list_price\":\"89.90\",\"unit_cost\":\"31.00\"}"
/* The workspace of the test that runs. */
#define NEWEST " where workspace_id = (select max (workspace_id) from workspaces)"
#define ACTUALS "{\"season\":\"SS25\"}"

typedef struct {
  const char *path;
  void (*func) (void);
} RetailCase;

extern RhStore *retail_store;
extern RhConnector *retail_connector;
extern gint64 retail_workspace;

/* One effect on the season, as the gate hands it over. */
typedef struct {
  RhEffect effect;
  JsonNode *parameters;
  JsonNode *before;
  JsonNode *receipt;
} RetailEffect;

char *retail_file (const char *kind);
char *retail_value (const char *sql);
void retail_assert_value (const char *sql, const char *expected);
void retail_new_workspace (void);
void retail_run (gconstpointer data);
JsonNode *retail_json (const char *text);
JsonObject *retail_object (JsonNode *node);
JsonNode *retail_import (const char *kind, const char *season, const char *csv, gboolean dry_run, GError **error);
/* Imports what must hold; checks the counts. */
void retail_import_ok (const char *kind, const char *season, const char *csv, gboolean dry_run, gint64 added,
                       gint64 changed, gint64 unchanged);
void retail_import_fails (const char *kind, const char *season, const char *csv, const char *message);
/* The same of @length bytes, which may hold a NUL: a dry run tells it, and the import. */
void retail_import_bytes_fails (
    const char *kind, const char *season, const char *text, gsize length, const char *message);
void retail_load_season (void);
JsonNode *retail_get (const char *resource, const char *parameters, GError **error);
void retail_effect_clear (RetailEffect *self);
RhAssessment *retail_assess (const RhEffect *effect, GError **error);
JsonNode *retail_act (const RhEffect *effect, gboolean undo, GError **error);
RhVerify retail_verify (const RhEffect *effect, JsonNode **ret_receipt);
void retail_assert_same (JsonNode *a, JsonNode *b);
void retail_assert_conflict (const RhEffect *effect, gboolean undo, const char *message);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RetailEffect, retail_effect_clear)

G_END_DECLS
