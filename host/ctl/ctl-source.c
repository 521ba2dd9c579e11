/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl-source.h"

#include "royal-json.h"

#include <gio/gio.h>
#include <royal/error.h>
#include <string.h>

#define FILE_MAX ((gsize)1024 * 1024 * 1024)

/* A file that is looked up by one of its columns. */
typedef struct {
  char *name;
  char *here;          /* the column of the main source that holds the key */
  GHashTable *columns; /* name → place + 1 */
  GHashTable *rows;    /* key → GPtrArray of char * (nullable) */
} Join;

struct _CtlSource {
  char *name;
  RoyalCsv *csv;
  RoyalCsvColumn *columns; /* kept by the reader */
  GPtrArray *names;        /* of them */
  GHashTable *places;      /* name → place + 1 */
  char **missing;
  GPtrArray *joins;
};

static void
join_free (gpointer data)
{
  Join *self = data;

  g_free (self->name);
  g_free (self->here);
  g_hash_table_unref (self->columns);
  g_hash_table_unref (self->rows);
  g_free (self);
}

void
ctl_source_free (CtlSource *self)
{
  if (self == NULL)
    return;
  royal_csv_free (self->csv);
  g_free (self->name);
  g_free (self->columns);
  g_clear_pointer (&self->names, g_ptr_array_unref);
  g_clear_pointer (&self->places, g_hash_table_unref);
  g_strfreev (self->missing);
  g_clear_pointer (&self->joins, g_ptr_array_unref);
  g_free (self);
}

static GBytes *
unpack (GBytes *packed, const char *path, GError **error)
{
  g_autoptr (GConverter) gunzip = G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  g_autoptr (GInputStream) memory = g_memory_input_stream_new_from_bytes (packed);
  g_autoptr (GInputStream) stream = g_converter_input_stream_new (memory, gunzip);
  g_autoptr (GOutputStream) out = g_memory_output_stream_new_resizable ();
  gssize n = g_output_stream_splice (out, stream, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, error);

  if (n >= 0 && (gsize)n <= FILE_MAX)
    return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (out));
  if (n >= 0)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "the file is too large");
  g_prefix_error (error, "%s: ", path);
  return NULL;
}

/* The text of a source: unpacked, in UTF-8, its lines ended as the reader wants them. */
static GBytes *
read_text (JsonObject *source, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, royal_json_string (source, "file", ""), NULL);
  const char *encoding = royal_json_string (source, "encoding", "UTF-8");
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;
  bytes = g_bytes_new_take (g_steal_pointer (&text), length);
  if (g_str_has_suffix (path, ".gz"))
    {
      g_autoptr (GBytes) packed = g_steal_pointer (&bytes);

      bytes = unpack (packed, path, error);
      if (bytes == NULL)
        return NULL;
    }
  if (strcmp (encoding, "UTF-8") != 0)
    {
      text = g_convert (g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes), "UTF-8", encoding, NULL,
                        &length, error);
      if (text == NULL)
        {
          g_prefix_error (error, "%s: ", path);
          return NULL;
        }
      g_bytes_unref (bytes);
      bytes = g_bytes_new_take (g_steal_pointer (&text), length);
    }
  if (g_str_equal (royal_json_string (source, "line_end", "lf"), "cr"))
    {
      text = g_bytes_unref_to_data (g_steal_pointer (&bytes), &length);
      for (gsize i = 0; i < length; i++)
        if (text[i] == '\r')
          text[i] = '\n';
      bytes = g_bytes_new_take (g_steal_pointer (&text), length);
    }
  return g_steal_pointer (&bytes);
}

static JsonObject *
find_source (JsonObject *sources, const char *name, GError **error)
{
  JsonObject *source = royal_json_object (sources, name);

  if (source == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "no source is named `%s`", name);
  return source;
}

/* A reader of @names, which it takes; all of the file's other columns are skipped. */
static CtlSource *
open_source (JsonObject *sources, const char *name, GPtrArray *names, const char *folder, GError **error)
{
  g_autoptr (CtlSource) self = g_new0 (CtlSource, 1);
  g_autoptr (GBytes) text = NULL;
  JsonObject *source;
  JsonArray *missing;

  self->name = g_strdup (name);
  self->names = names;
  source = find_source (sources, name, error);
  text = source != NULL ? read_text (source, folder, error) : NULL;
  if (text == NULL)
    return NULL;
  self->places = g_hash_table_new (g_str_hash, g_str_equal);
  self->columns = g_new0 (RoyalCsvColumn, names->len + 1);
  for (guint i = 0; i < names->len; i++)
    {
      self->columns[i] = (RoyalCsvColumn){ names->pdata[i], TRUE };
      g_hash_table_insert (self->places, names->pdata[i], GUINT_TO_POINTER (i + 1));
    }
  missing = royal_json_array (source, "missing");
  self->missing = g_new0 (char *, (missing != NULL ? json_array_get_length (missing) : 0) + 1);
  for (guint i = 0; missing != NULL && i < json_array_get_length (missing); i++)
    self->missing[i] = g_strdup (json_array_get_string_element (missing, i));
  self->csv = royal_csv_new (text, name, self->columns, names->len, ROYAL_CSV_SKIP_OTHERS, error);
  return self->csv != NULL ? g_steal_pointer (&self) : NULL;
}

static const char *
own_cell (CtlSource *self, const char *column)
{
  guint place = GPOINTER_TO_UINT (g_hash_table_lookup (self->places, column));
  const char *text = place > 0 ? royal_csv_cell (self->csv, place - 1) : NULL;

  if (text == NULL || *text == '\0' || g_strv_contains ((const char *const *)self->missing, text))
    return NULL;
  return text;
}

static void
add_once (GPtrArray *names, const char *name)
{
  if (!g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
    g_ptr_array_add (names, g_strdup (name));
}

/* Every column of @columns that is looked up in the source @name, and its key. */
static GPtrArray *
columns_of (GPtrArray *columns, const char *name, const char *key)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (names, g_strdup (key));
  for (guint i = 0; i < columns->len; i += 2)
    if (g_strcmp0 (columns->pdata[i], name) == 0)
      add_once (names, columns->pdata[i + 1]);
  return names;
}

static Join *
read_join (JsonObject *sources, JsonObject *join, GPtrArray *columns, const char *folder, GError **error)
{
  const char *name = royal_json_string (join, "source", "");
  JsonArray *on = royal_json_array (join, "on");
  const char *there = json_array_get_string_element (on, 1);
  g_autoptr (CtlSource) source = open_source (sources, name, columns_of (columns, name, there), folder, error);
  g_autoptr (GError) fault = NULL;
  Join *self;

  if (source == NULL)
    return NULL;
  self = g_new0 (Join, 1);
  self->name = g_strdup (name);
  self->here = g_strdup (json_array_get_string_element (on, 0));
  self->columns = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->rows = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  for (guint i = 0; i < source->names->len; i++)
    g_hash_table_insert (self->columns, g_strdup (source->names->pdata[i]), GUINT_TO_POINTER (i + 1));
  while (royal_csv_next (source->csv, &fault))
    {
      GPtrArray *row = g_ptr_array_new_with_free_func (g_free);

      for (guint i = 0; i < source->names->len; i++)
        g_ptr_array_add (row, g_strdup (own_cell (source, source->names->pdata[i])));
      g_hash_table_replace (self->rows, g_strdup (row->pdata[0] != NULL ? row->pdata[0] : ""), row);
    }
  if (fault == NULL)
    return self;
  g_propagate_error (error, g_steal_pointer (&fault));
  join_free (self);
  return NULL;
}

CtlSource *
ctl_source_new (JsonObject *sources,
                const char *from,
                JsonArray *joins,
                GPtrArray *columns,
                const char *folder,
                GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (join_free);
  CtlSource *self;

  for (guint i = 0; joins != NULL && i < json_array_get_length (joins); i++)
    {
      Join *join = read_join (sources, json_array_get_object_element (joins, i), columns, folder, error);

      if (join == NULL)
        return NULL;
      g_ptr_array_add (list, join);
      add_once (names, join->here);
    }
  for (guint i = 0; i < columns->len; i += 2)
    if (columns->pdata[i] == NULL)
      add_once (names, columns->pdata[i + 1]);
  self = open_source (sources, from, g_steal_pointer (&names), folder, error);
  if (self != NULL)
    self->joins = g_steal_pointer (&list);
  return self;
}

gboolean
ctl_source_next (CtlSource *self, GError **error)
{
  return royal_csv_next (self->csv, error);
}

guint
ctl_source_line (const CtlSource *self)
{
  return royal_csv_line (self->csv);
}

const char *
ctl_source_cell (CtlSource *self, const char *of, const char *column)
{
  if (of == NULL)
    return own_cell (self, column);
  for (guint i = 0; i < self->joins->len; i++)
    {
      const Join *join = self->joins->pdata[i];
      const char *key = own_cell (self, join->here);
      GPtrArray *row = key != NULL ? g_hash_table_lookup (join->rows, key) : NULL;
      guint place = GPOINTER_TO_UINT (g_hash_table_lookup (join->columns, column));

      if (strcmp (join->name, of) == 0)
        return row != NULL && place > 0 ? row->pdata[place - 1] : NULL;
    }
  return NULL;
}
