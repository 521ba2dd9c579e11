/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-schema.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What of some documents is personal: the fields that their schemas put into a class, and their values, so that these can be
 * found again wherever somebody has written them. docs/privacy.md says what follows from it. */
typedef struct _RhPersonal RhPersonal;

/* Stands in a text for what was personal in it. */
#define RH_PERSONAL_MASK "(personal)"

/* @scope: what the documents are of, such as an action's name: a field of which nobody is the subject is named by it. */
RhPersonal *rh_personal_new (const char *scope) G_GNUC_WARN_UNUSED_RESULT;
void rh_personal_free (RhPersonal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhPersonal, rh_personal_free)

/* What is added from now on is of somebody else: a subject that is named holds for what is added after it too.
 * @scope: (nullable): it is of another scope, too */
void rh_personal_next (RhPersonal *self, const char *scope);

/**
 * rh_personal_add:
 * @schema: (nullable): whose classes hold; NULL: nothing of it is in a class, but it may hold the values of others
 * @document: an object or array, which is sealed with the others, in place
 *
 * Returns: TRUE; FALSE with %ROYAL_ERROR_INVALID when it cannot be told what is personal, or of whom.
 */
gboolean rh_personal_add (RhPersonal *self, RoyalSchema *schema, JsonNode *document, GError **error);

/* The same for a document that stays as it is: only its values are known from now on. */
gboolean rh_personal_know (RhPersonal *self, RoyalSchema *schema, JsonNode *document, GError **error);

/* Forgets the documents; the values stay known. */
void rh_personal_forget_documents (RhPersonal *self);

/* Whether nothing is in a class. */
gboolean rh_personal_is_empty (const RhPersonal *self);

/* (transfer full): @text with what is personal masked. Values of less than four characters are not looked for: they would be
 * found everywhere. */
char *rh_personal_mask (const RhPersonal *self, const char *text);
/* Whether it would change. */
gboolean rh_personal_is_in (const RhPersonal *self, const char *text);
/* Masks every text in @node, which is an object or array, in place. */
void rh_personal_mask_node (const RhPersonal *self, JsonNode *node);
/* @self and @error may be NULL. */
void rh_personal_mask_error (const RhPersonal *self, GError *error);

/* --- For the vault ------------------------------------------------------------------------------------------------ */

/* (element-type utf8): of whom the documents hold something, as keys. */
GHashTable *rh_personal_subjects (const RhPersonal *self);

/**
 * RhPersonalFunc:
 * @subject: of whom it is
 *
 * Returns: (transfer full) (nullable): what is to stand in the place of @value; NULL leaves it
 */
typedef JsonNode *(*RhPersonalFunc) (JsonNode *value, const char *subject, RoyalClass class, gpointer data);

/* Calls @func for each field that is in a class, then for each text elsewhere in the documents that holds one's value. */
void rh_personal_replace (RhPersonal *self, RhPersonalFunc func, gpointer data);

/* Whether @node stands for a sealed field: { "sealed": a key's id, "value": base64 }. */
gboolean rh_personal_is_token (JsonNode *node);
/* Whether there is one in it. */
gboolean rh_personal_has_token (JsonNode *node);

/* Calls @func for each sealed field below @node, which is an object or array, in place; @subject is the key's id. */
void rh_personal_replace_tokens (JsonNode *node, RhPersonalFunc func, gpointer data);

G_END_DECLS
