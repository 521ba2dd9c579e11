/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SyncField:
 * @path: such as `title`, `variants/SKU-1/price` or `tags/summer`; `~1` stands for a slash within a name, `~0` for a tilde
 * @value: its JSON on one line
 */
typedef struct {
  char *path;
  char *value;
} SyncField;

/**
 * SyncFields:
 *
 * All fields of one product in the order of their paths' bytes, each path once. What has no value has no field. A variant has,
 * beside its fields, one that only says that it is there: `variants/SKU-1`.
 */
typedef struct _SyncFields SyncFields;

SyncFields *sync_fields_new (void) G_GNUC_WARN_UNUSED_RESULT;
SyncFields *sync_fields_copy (const SyncFields *self) G_GNUC_WARN_UNUSED_RESULT;
void sync_fields_free (SyncFields *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SyncFields, sync_fields_free)

/* @value: (nullable): NULL takes the field away. Cheap at the end, so add in order. */
void sync_fields_set (SyncFields *self, const char *path, const char *value);
/* (nullable) */
const char *sync_fields_get (const SyncFields *self, const char *path);
guint sync_fields_count (const SyncFields *self);
const SyncField *sync_fields_at (const SyncFields *self, guint i);
/* NULL is a product that is not there, and equal to another one. */
gboolean sync_fields_equal (const SyncFields *a, const SyncFields *b);

/* Whether @path is @unit or within it; everything is within "". */
gboolean sync_path_within (const char *path, const char *unit);
/* (transfer full): the path of @name within @parent; "" is the product. */
char *sync_path_join (const char *parent, const char *name) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full): what a segment of a path stands for. */
char *sync_path_name (const char *segment, gsize length) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full) (nullable): the variant that @path is of, or is: `variants/SKU-1`. */
char *sync_path_unit (const char *path) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
