/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-request.h"

G_BEGIN_DECLS

/* Pages: { "items": […], "next": "…" | null }; `next` is the cursor of the page after this one. */
#define RH_LIST_MAX 200
#define RH_LIST_DEFAULT 50

/* Answers with a page of @column's documents; @limit is what was asked for, 0 = everything at once. */
void rh_list_reply (RhRequest *request, RhRows *rows, const char *column, const char *cursor, gint64 limit);

/* The same with documents in which personal data may be sealed: rh_reveal_text(). */
void rh_list_reveal (RhRequest *request, RhRows *rows, const char *column, const char *cursor, gint64 limit, guint roles);

/**
 * rh_list_run:
 * @statement: takes states (text[] or null), the cursor (or null) and the limit; yields `cursor` and @column
 * @states: the states that exist, ended by NULL; what `?state=` may name, beside `all`, separated by commas
 */
void rh_list_run (RhRequest *request, const RhStatement *statement, const char *const *states, RhRequestRows then);

/* The limit that the request asks for; it was checked by rh_list_run(). */
gint64 rh_list_limit (RhRequest *request);

G_END_DECLS
