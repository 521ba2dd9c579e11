/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-rows-private.h"

#include "royal-json.h"

#include <string.h>

struct _RhRows {
  PGresult *result;
  gpointer made; /* see rh_rows_keep() */
  GDestroyNotify free_made;
};

RhRows *
rh_rows_new (PGresult *result)
{
  RhRows *self;

  g_return_val_if_fail (result != NULL, NULL);

  self = g_new0 (RhRows, 1);
  self->result = result;
  return self;
}

void
rh_rows_free (RhRows *self)
{
  if (self == NULL)
    return;
  rh_rows_keep (self, NULL, NULL);
  PQclear (self->result);
  g_free (self);
}

guint
rh_rows_n (RhRows *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return (guint)PQntuples (self->result);
}

/* PQfnumber() folds case and allocates; a column that is not there is a bug in the caller. */
static int
find (RhRows *self, guint row, const char *column)
{
  int n = PQnfields (self->result);

  if (row >= (guint)PQntuples (self->result))
    g_error ("no row %u of %d", row, PQntuples (self->result));
  for (int i = 0; i < n; i++)
    if (strcmp (PQfname (self->result, i), column) == 0)
      return i;
  g_error ("no column \"%s\" among the %d of a statement's rows", column, n);
}

static const char *
cell (RhRows *self, guint row, const char *column)
{
  int i = find (self, row, column);

  return PQgetisnull (self->result, (int)row, i) ? NULL : PQgetvalue (self->result, (int)row, i);
}

gboolean
rh_rows_is_null (RhRows *self, guint row, const char *column)
{
  g_return_val_if_fail (self != NULL && column != NULL, TRUE);

  return cell (self, row, column) == NULL;
}

const char *
rh_rows_string (RhRows *self, guint row, const char *column)
{
  g_return_val_if_fail (self != NULL && column != NULL, NULL);

  return cell (self, row, column);
}

gint64
rh_rows_int64 (RhRows *self, guint row, const char *column)
{
  g_autoptr (GError) error = NULL;
  const char *text;
  gint64 value = 0;

  g_return_val_if_fail (self != NULL && column != NULL, 0);

  text = cell (self, row, column);
  if (text != NULL && !g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &value, &error))
    g_error ("column \"%s\" holds no integer: %s", column, error->message);
  return value;
}

gboolean
rh_rows_boolean (RhRows *self, guint row, const char *column)
{
  const char *text;

  g_return_val_if_fail (self != NULL && column != NULL, FALSE);

  text = cell (self, row, column);
  if (text != NULL && strcmp (text, "t") != 0 && strcmp (text, "f") != 0)
    g_error ("column \"%s\" holds no boolean: %s", column, text);
  return text != NULL && text[0] == 't';
}

JsonNode *
rh_rows_json (RhRows *self, guint row, const char *column)
{
  g_autoptr (GError) error = NULL;
  const char *text;
  JsonNode *node;

  g_return_val_if_fail (self != NULL && column != NULL, NULL);

  text = cell (self, row, column);
  if (text == NULL)
    return NULL;
  node = royal_json_read (text, column, &error);
  if (node == NULL)
    g_error ("column \"%s\" holds no JSON: %s", column, error != NULL ? error->message : "empty");
  return node;
}

void
rh_rows_keep (RhRows *self, gpointer made, GDestroyNotify free_made)
{
  g_return_if_fail (self != NULL && (made == NULL || free_made != NULL));

  if (self->made != NULL)
    self->free_made (self->made);
  self->made = made;
  self->free_made = free_made;
}

gpointer
rh_rows_kept (RhRows *self, GDestroyNotify free_made)
{
  g_return_val_if_fail (self != NULL && free_made != NULL, NULL);

  return self->free_made == free_made ? self->made : NULL;
}
