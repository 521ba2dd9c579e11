/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-auth.h"
#include "rh-request.h"

G_BEGIN_DECLS

/* Answers with a document in which personal data may be sealed: in the open to callers with one of @roles, masked to others.
 * What is secret is masked to everybody, and so is what was erased. */

/* Whether something in the JSON @text may be sealed: FALSE says that nothing is. */
gboolean rh_reveal_is_sealed (const char *text);
/* @text is (transfer full). */
void rh_reveal_text (RhRequest *request, guint status, guint roles, char *text);
/* @body is (transfer full). */
void rh_reveal (RhRequest *request, guint status, guint roles, JsonNode *body);
/* Answers with @column of the one row. */
void rh_reveal_row (RhRequest *request, guint status, guint roles, RhRows *rows, const char *column);

/* Who sees what is personal in a proposal: who may have to answer for it. */
#define RH_REVEAL_PROPOSALS_TO (RH_ROLE_APPROVER | RH_ROLE_OPERATOR | RH_ROLE_ADMIN)
/* A GAsyncReadyCallback: answers @request (transfer full) with the proposal that the gate answers with, or with what is wrong. */
void rh_reveal_answered (GObject *gate, GAsyncResult *result, gpointer request);

G_END_DECLS
