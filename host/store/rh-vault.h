/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-personal.h"
#include "rh-secrets.h"

G_BEGIN_DECLS

/* Personal data, sealed with a key for each person. A sealed field is { "sealed": the key's id, "value": base64 of nonce, sealed
 * text and tag }, by XChaCha20-Poly1305; workspace and key are bound to it. A key's id is a hash of it, so that whoever signs
 * a sealed field signs what is in it. Keys are in the database (migrations/0016_privacy.sql), sealed as secrets are, and
 * nowhere else: none is kept here from one call to the next, so that what was erased opens for nobody from then on. */
#define RH_TYPE_VAULT (rh_vault_get_type ())
G_DECLARE_FINAL_TYPE (RhVault, rh_vault, RH, VAULT, GObject)

RhVault *rh_vault_new (RhStore *store, RhSecrets *secrets) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_vault_seal_async:
 * @personal: its documents are changed, in place, when this ends well; to be kept until then
 *
 * Seals each field that is in a class, and each text elsewhere in the documents that holds one's value. Without such a
 * field it ends well and at once. A host without a key fails with %ROYAL_ERROR_CONFLICT.
 */
void rh_vault_seal_async (RhVault *self, gint64 workspace, RhPersonal *personal, GAsyncReadyCallback callback,
                          gpointer data);
gboolean rh_vault_seal_finish (RhVault *self, GAsyncResult *result, GError **error);

/**
 * RhVaultReader:
 * @RH_VAULT_CONNECTOR, @RH_VAULT_WORKER: the write, the run: sees all
 * @RH_VAULT_PERSON: a person who may: all but what is secret
 *
 * For whom something is opened.
 */
typedef enum { RH_VAULT_CONNECTOR, RH_VAULT_WORKER, RH_VAULT_PERSON } RhVaultReader;

/**
 * rh_vault_open_async:
 * @documents: (element-type JsonNode): objects or arrays, changed in place when this ends well
 * @only: (nullable): a key's id: nothing that another sealed is opened for a person
 *
 * Opens every sealed field. For a connector or a worker one that does not open is an error, %ROYAL_ERROR_NOT_FOUND when it was
 * erased; for a person it stays sealed.
 */
void rh_vault_open_async (RhVault *self, gint64 workspace, GPtrArray *documents, RhVaultReader reader, const char *only,
                          GAsyncReadyCallback callback, gpointer data);
gboolean rh_vault_open_finish (RhVault *self, GAsyncResult *result, GError **error);

/* Writes RH_PERSONAL_MASK over every sealed field of @node, in place. */
void rh_vault_mask (JsonNode *node);

/**
 * rh_vault_disarm:
 * @node: (transfer full)
 *
 * What is sealed where it is recorded is opened where it is used. So nothing that looks sealed may come in from outside, from a
 * plugin, a peer or an event: it is masked. What people send is refused instead, where they send it.
 *
 * Returns: (transfer full): @node, or what stands for it
 */
JsonNode *rh_vault_disarm (JsonNode *node) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
