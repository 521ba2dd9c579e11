/* SPDX-License-Identifier: Apache-2.0 */
#include "sync-fields.h"

#include <string.h>

struct _SyncFields {
  GArray *rows; /* SyncField */
};

static void
field_clear (gpointer data)
{
  SyncField *field = data;

  g_free (field->path);
  g_free (field->value);
}

SyncFields *
sync_fields_new (void)
{
  SyncFields *self = g_new0 (SyncFields, 1);

  self->rows = g_array_new (FALSE, FALSE, sizeof (SyncField));
  g_array_set_clear_func (self->rows, field_clear);
  return self;
}

SyncFields *
sync_fields_copy (const SyncFields *self)
{
  SyncFields *copy;

  if (self == NULL)
    return NULL;
  copy = sync_fields_new ();
  for (guint i = 0; i < self->rows->len; i++)
    sync_fields_set (copy, sync_fields_at (self, i)->path, sync_fields_at (self, i)->value);
  return copy;
}

void
sync_fields_free (SyncFields *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->rows);
  g_free (self);
}

/* The place of the first field that does not come before @path. */
static guint
find (const SyncFields *self, const char *path)
{
  guint low = 0;
  guint high = self->rows->len;

  if (high > 0 && strcmp (sync_fields_at (self, high - 1)->path, path) < 0)
    return high;
  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (strcmp (sync_fields_at (self, middle)->path, path) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

void
sync_fields_set (SyncFields *self, const char *path, const char *value)
{
  guint i;
  gboolean found;

  g_return_if_fail (self != NULL && path != NULL);

  i = find (self, path);
  found = i < self->rows->len && strcmp (sync_fields_at (self, i)->path, path) == 0;
  if (found && value != NULL)
    {
      SyncField *field = &g_array_index (self->rows, SyncField, i);

      g_free (field->value);
      field->value = g_strdup (value);
    }
  else if (found)
    g_array_remove_index (self->rows, i);
  else if (value != NULL)
    {
      const SyncField field = { g_strdup (path), g_strdup (value) };

      g_array_insert_val (self->rows, i, field);
    }
}

const char *
sync_fields_get (const SyncFields *self, const char *path)
{
  guint i;

  g_return_val_if_fail (path != NULL, NULL);

  if (self == NULL)
    return NULL;
  i = find (self, path);
  return i < self->rows->len && strcmp (sync_fields_at (self, i)->path, path) == 0 ? sync_fields_at (self, i)->value
                                                                                   : NULL;
}

guint
sync_fields_count (const SyncFields *self)
{
  return self != NULL ? self->rows->len : 0;
}

const SyncField *
sync_fields_at (const SyncFields *self, guint i)
{
  g_return_val_if_fail (self != NULL && i < self->rows->len, NULL);

  return &g_array_index (self->rows, SyncField, i);
}

gboolean
sync_fields_equal (const SyncFields *a, const SyncFields *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  if (a->rows->len != b->rows->len)
    return FALSE;
  for (guint i = 0; i < a->rows->len; i++)
    if (strcmp (sync_fields_at (a, i)->path, sync_fields_at (b, i)->path) != 0 ||
        strcmp (sync_fields_at (a, i)->value, sync_fields_at (b, i)->value) != 0)
      return FALSE;
  return TRUE;
}

gboolean
sync_path_within (const char *path, const char *unit)
{
  gsize n = strlen (unit);

  return n == 0 || (strncmp (path, unit, n) == 0 && (path[n] == '\0' || path[n] == '/'));
}

char *
sync_path_join (const char *parent, const char *name)
{
  GString *path = g_string_new (parent);

  if (path->len > 0)
    g_string_append_c (path, '/');
  for (const char *p = name; *p != '\0'; p++)
    if (*p == '~' || *p == '/')
      g_string_append (path, *p == '~' ? "~0" : "~1");
    else
      g_string_append_c (path, *p);
  return g_string_free (path, FALSE);
}

char *
sync_path_name (const char *segment, gsize length)
{
  GString *name = g_string_sized_new (length);

  for (gsize i = 0; i < length; i++)
    if (segment[i] == '~' && i + 1 < length)
      g_string_append_c (name, segment[++i] == '1' ? '/' : '~');
    else
      g_string_append_c (name, segment[i]);
  return g_string_free (name, FALSE);
}

char *
sync_path_unit (const char *path)
{
  static const char folder[] = "variants/";
  const char *end;

  if (!g_str_has_prefix (path, folder))
    return NULL;
  end = strchr (path + strlen (folder), '/');
  return end != NULL ? g_strndup (path, (gsize)(end - path)) : g_strdup (path);
}
