/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A secret's value: in memory that is locked where the kernel allows it, is in no core dump, and is wiped when the last
 * reference goes. Never to be logged, told, or handed to a worker. */
typedef struct _RhSecret RhSecret;

#define RH_SECRET_MAX ((gsize)65536)

/* Copies @bytes, which are still the caller's to wipe. */
RhSecret *rh_secret_new (gconstpointer bytes, gsize length) G_GNUC_WARN_UNUSED_RESULT;
RhSecret *rh_secret_ref (RhSecret *self);
void rh_secret_unref (RhSecret *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhSecret, rh_secret_unref)

/* A byte 0 stands behind it. */
const char *rh_secret_bytes (const RhSecret *self);
gsize rh_secret_length (const RhSecret *self);

/* Whether it is one: a-z, 0-9, _ and -, beginning with a letter, at most 63. */
gboolean rh_secret_is_name (const char *name);

G_END_DECLS
