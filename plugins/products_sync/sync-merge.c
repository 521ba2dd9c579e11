/* SPDX-License-Identifier: Apache-2.0 */
#include "sync-merge.h"

#include <string.h>

void
sync_conflict_free (SyncConflict *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->base);
  g_free (self->ours);
  g_free (self->theirs);
  g_free (self);
}

static void
add_conflict (GPtrArray *conflicts, const char *path, const char *base, const char *ours, const char *theirs)
{
  SyncConflict *conflict = g_new0 (SyncConflict, 1);

  conflict->path = g_strdup (path);
  conflict->base = g_strdup (base);
  conflict->ours = g_strdup (ours);
  conflict->theirs = g_strdup (theirs);
  g_ptr_array_add (conflicts, conflict);
}

/* (transfer full) (nullable): all of a variant as one object, by which it is compared and shown; NULL when it is not
 * there. */
static char *
unit_value (const SyncFields *fields, const char *unit)
{
  GString *text;

  if (sync_fields_get (fields, unit) == NULL)
    return NULL;
  text = g_string_new ("{");
  for (guint i = 0; i < sync_fields_count (fields); i++)
    {
      const SyncField *field = sync_fields_at (fields, i);

      /* A name within a variant holds no quotes: sync-product.c sees to it. */
      if (sync_path_within (field->path, unit) && field->path[strlen (unit)] == '/')
        g_string_append_printf (text, "%s\"%s\":%s", text->len > 1 ? "," : "", field->path + strlen (unit) + 1,
                                field->value);
    }
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

/* (transfer full) (nullable): a product as what tells it from another; NULL when it is not there. */
static char *
whole_value (const SyncFields *fields)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  if (fields == NULL)
    return NULL;
  for (guint i = 0; i < sync_fields_count (fields); i++)
    {
      const SyncField *field = sync_fields_at (fields, i);

      g_checksum_update (sum, (const guchar *)field->path, (gssize)strlen (field->path) + 1);
      g_checksum_update (sum, (const guchar *)field->value, (gssize)strlen (field->value) + 1);
    }
  return g_strdup_printf ("{\"sha256\":\"%s\"}", g_checksum_get_string (sum));
}

static void
add_whole (GPtrArray *conflicts, const SyncFields *base, const SyncFields *ours, const SyncFields *theirs)
{
  g_autofree char *was = whole_value (base);
  g_autofree char *our = whole_value (ours);
  g_autofree char *their = whole_value (theirs);

  add_conflict (conflicts, "", was, our, their);
}

/* What was found about a variant. */
typedef enum {
  UNIT_FIELDS, /* it is merged field by field */
  UNIT_GONE,
  UNIT_OURS, /* it conflicts */
} Unit;

static Unit
judge_unit (const SyncFields *base,
            const SyncFields *ours,
            const SyncFields *theirs,
            const char *unit,
            GPtrArray *conflicts)
{
  g_autofree char *was = unit_value (base, unit);
  g_autofree char *our = unit_value (ours, unit);
  g_autofree char *their = unit_value (theirs, unit);

  if (was == NULL || (our != NULL && their != NULL))
    return UNIT_FIELDS;
  if ((our == NULL || strcmp (our, was) == 0) && (their == NULL || strcmp (their, was) == 0))
    return UNIT_GONE;
  add_conflict (conflicts, unit, was, our, their);
  return UNIT_OURS;
}

static Unit
unit_of (GHashTable *units,
         const char *path,
         const SyncFields *base,
         const SyncFields *ours,
         const SyncFields *theirs,
         GPtrArray *conflicts)
{
  g_autofree char *unit = sync_path_unit (path);
  gpointer found;
  Unit judged;

  if (unit == NULL)
    return UNIT_FIELDS;
  if (g_hash_table_lookup_extended (units, unit, NULL, &found))
    return (Unit)GPOINTER_TO_UINT (found);
  judged = judge_unit (base, ours, theirs, unit, conflicts);
  g_hash_table_insert (units, g_steal_pointer (&unit), GUINT_TO_POINTER (judged));
  return judged;
}

/* What stands at one path in the three, and where each goes on. */
typedef struct {
  const SyncFields *side[3]; /* (nullable): base, ours, theirs */
  guint next[3];
  const char *path;
  const char *value[3];
} Walk;

static gboolean
step (Walk *self)
{
  self->path = NULL;
  for (guint i = 0; i < 3; i++)
    if (self->next[i] < sync_fields_count (self->side[i]))
      {
        const char *path = sync_fields_at (self->side[i], self->next[i])->path;

        if (self->path == NULL || strcmp (path, self->path) < 0)
          self->path = path;
      }
  if (self->path == NULL)
    return FALSE;
  for (guint i = 0; i < 3; i++)
    {
      const SyncField *field =
          self->next[i] < sync_fields_count (self->side[i]) ? sync_fields_at (self->side[i], self->next[i]) : NULL;
      gboolean here = field != NULL && strcmp (field->path, self->path) == 0;

      self->value[i] = here ? field->value : NULL;
      self->next[i] += here;
    }
  return TRUE;
}

static SyncFields *
merge_fields (const SyncFields *base, const SyncFields *ours, const SyncFields *theirs, GPtrArray *conflicts)
{
  g_autoptr (GHashTable) units = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  SyncFields *merged = sync_fields_new ();
  Walk walk = { .side = { base, ours, theirs } };

  while (step (&walk))
    {
      const char *was = walk.value[0];
      const char *our = walk.value[1];
      const char *their = walk.value[2];
      Unit unit = unit_of (units, walk.path, base, ours, theirs, conflicts);

      if (unit == UNIT_GONE)
        continue;
      if (unit == UNIT_OURS || g_strcmp0 (our, their) == 0 || g_strcmp0 (their, was) == 0)
        sync_fields_set (merged, walk.path, our);
      else if (g_strcmp0 (our, was) == 0)
        sync_fields_set (merged, walk.path, their);
      else
        {
          add_conflict (conflicts, walk.path, was, our, their);
          sync_fields_set (merged, walk.path, our);
        }
    }
  return merged;
}

SyncFields *
sync_merge (const SyncFields *base, const SyncFields *ours, const SyncFields *theirs, GPtrArray *conflicts)
{
  const SyncFields *one = ours != NULL ? ours : theirs;

  g_return_val_if_fail (conflicts != NULL, NULL);

  if (ours != NULL && theirs != NULL)
    return merge_fields (base, ours, theirs, conflicts);
  if (one == NULL)
    return NULL;
  if (base == NULL)
    return sync_fields_copy (one);
  if (sync_fields_equal (one, base))
    return NULL;
  add_whole (conflicts, base, ours, theirs);
  return sync_fields_copy (ours);
}

void
sync_settle (SyncFields **base, const SyncFields *loser, const char *path)
{
  g_return_if_fail (base != NULL && path != NULL);

  if (*path == '\0')
    {
      g_clear_pointer (base, sync_fields_free);
      *base = sync_fields_copy (loser);
      return;
    }
  if (*base == NULL)
    *base = sync_fields_new ();
  for (guint i = sync_fields_count (*base); i-- > 0;)
    if (sync_path_within (sync_fields_at (*base, i)->path, path))
      {
        g_autofree char *gone = g_strdup (sync_fields_at (*base, i)->path);

        sync_fields_set (*base, gone, NULL);
      }
  for (guint i = 0; i < sync_fields_count (loser); i++)
    if (sync_path_within (sync_fields_at (loser, i)->path, path))
      sync_fields_set (*base, sync_fields_at (loser, i)->path, sync_fields_at (loser, i)->value);
}

char *
sync_conflict_digest (const SyncConflict *self)
{
  const char *parts[] = { self->path, self->base, self->ours, self->theirs };
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      /* Each with what tells it from none, and its end. */
      g_checksum_update (sum, (const guchar *)(parts[i] != NULL ? "+" : "-"), 1);
      if (parts[i] != NULL)
        g_checksum_update (sum, (const guchar *)parts[i], (gssize)strlen (parts[i]) + 1);
    }
  return g_strdup (g_checksum_get_string (sum));
}
