/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-report.h"

#include <string.h>

struct _ThemeReport {
  GArray *offences; /* of ThemeOffence */
  gboolean is_sorted;
  guint counts[THEME_N_CHECKS];
  const GArray *hidden; /* of ThemeHidden, not owned */
  guint n_hidden;
  /* Where the lines of the file begin that was spoken of last. */
  const ThemeFile *file;
  GArray *lines;
  /* Of it, the place that was counted to last, and its column from 0: the next is mostly after it. */
  gsize counted;
  guint columns;
};

static void
offence_clear (gpointer data)
{
  ThemeOffence *offence = data;

  g_free (offence->path);
  g_free (offence->message);
}

ThemeReport *
theme_report_new (void)
{
  ThemeReport *self = g_new0 (ThemeReport, 1);

  self->offences = g_array_new (FALSE, FALSE, sizeof (ThemeOffence));
  g_array_set_clear_func (self->offences, offence_clear);
  self->lines = g_array_new (FALSE, FALSE, sizeof (gsize));
  return self;
}

void
theme_report_free (ThemeReport *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->offences);
  g_array_unref (self->lines);
  g_free (self);
}

static void
find_lines (ThemeReport *self, const ThemeFile *file)
{
  gsize line = 0;

  if (self->file == file)
    return;
  self->file = file;
  self->counted = 0;
  self->columns = 0;
  g_array_set_size (self->lines, 0);
  g_array_append_val (self->lines, line);
  for (gsize i = 0; i < file->length; i++)
    if (file->text[i] == '\n')
      {
        line = i + 1;
        g_array_append_val (self->lines, line);
      }
}

/* The last line that begins at @offset or before. */
static guint
line_of (const ThemeReport *self, gsize offset)
{
  guint low = 0;
  guint high = self->lines->len;

  while (high - low > 1)
    {
      guint middle = low + (high - low) / 2;

      if (g_array_index (self->lines, gsize, middle) <= offset)
        low = middle;
      else
        high = middle;
    }
  return low;
}

static guint
column_of (ThemeReport *self, gsize start, gsize offset)
{
  const char *text = self->file->text;

  if (self->counted < start || self->counted > offset)
    {
      self->counted = start;
      self->columns = 0;
    }
  self->columns += (guint)g_utf8_strlen (text + self->counted, (gssize)(offset - self->counted));
  self->counted = offset;
  return self->columns + 1;
}

static void
add (ThemeReport *self, ThemeCheck check, const char *path, guint line, guint column, char *message)
{
  ThemeOffence *offence;

  self->counts[check]++;
  if (self->offences->len == THEME_OFFENCES_MAX)
    {
      g_free (message);
      return;
    }
  g_array_set_size (self->offences, self->offences->len + 1);
  offence = &g_array_index (self->offences, ThemeOffence, self->offences->len - 1);
  *offence = (ThemeOffence){ check, g_strdup (path), line, column, message };
  self->is_sorted = FALSE;
}

void
theme_report_hide (ThemeReport *self, const GArray *hidden)
{
  g_return_if_fail (self != NULL);

  self->hidden = hidden;
}

static gboolean
is_hidden (const ThemeReport *self, ThemeCheck check, gsize offset)
{
  for (guint i = 0; self->hidden != NULL && i < self->hidden->len; i++)
    {
      const ThemeHidden *range = &g_array_index (self->hidden, ThemeHidden, i);

      if ((range->check == (guint)check || range->check == THEME_N_CHECKS) && offset >= range->from &&
          offset < range->to)
        return TRUE;
    }
  return FALSE;
}

void
theme_report_add (ThemeReport *self, ThemeCheck check, const ThemeFile *file, gsize offset, const char *format, ...)
{
  va_list args;
  char *message;
  guint line = 0;
  guint column = 1;

  g_return_if_fail (self != NULL && check < THEME_N_CHECKS && file != NULL && format != NULL);

  if (is_hidden (self, check, offset))
    {
      self->n_hidden++;
      return;
    }
  if (file->text != NULL && self->offences->len < THEME_OFFENCES_MAX)
    {
      find_lines (self, file);
      offset = MIN (offset, file->length);
      line = line_of (self, offset);
      column = column_of (self, g_array_index (self->lines, gsize, line), offset);
    }
  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  add (self, check, file->path, line + 1, column, message);
}

void
theme_report_add_path (ThemeReport *self, ThemeCheck check, const char *path, const char *message)
{
  g_return_if_fail (self != NULL && check < THEME_N_CHECKS && path != NULL && message != NULL);

  add (self, check, path, 1, 1, g_strdup (message));
}

guint
theme_report_count (const ThemeReport *self, ThemeSeverity severity)
{
  guint n = 0;

  g_return_val_if_fail (self != NULL, 0);

  for (guint i = 0; i < THEME_N_CHECKS; i++)
    if (theme_check_info ((ThemeCheck)i)->severity == severity)
      n += self->counts[i];
  return n;
}

guint
theme_report_n (const ThemeReport *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->offences->len;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const ThemeOffence *x = a;
  const ThemeOffence *y = b;
  int by_path = strcmp (x->path, y->path);

  if (by_path != 0)
    return by_path;
  if (x->line != y->line)
    return x->line < y->line ? -1 : 1;
  if (x->column != y->column)
    return x->column < y->column ? -1 : 1;
  if (x->check != y->check)
    return x->check < y->check ? -1 : 1;
  return strcmp (x->message, y->message);
}

const ThemeOffence *
theme_report_nth (ThemeReport *self, guint i)
{
  g_return_val_if_fail (self != NULL && i < self->offences->len, NULL);

  if (!self->is_sorted)
    g_array_sort (self->offences, compare);
  self->is_sorted = TRUE;
  return &g_array_index (self->offences, ThemeOffence, i);
}

static JsonObject *
offence_to_json (const ThemeOffence *offence)
{
  const ThemeCheckInfo *info = theme_check_info (offence->check);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "check", info->name);
  json_object_set_string_member (object, "severity", theme_severity_name (info->severity));
  json_object_set_string_member (object, "path", offence->path);
  json_object_set_int_member (object, "line", offence->line);
  json_object_set_int_member (object, "column", offence->column);
  json_object_set_string_member (object, "message", offence->message);
  return object;
}

JsonObject *
theme_report_to_json (ThemeReport *self, guint max)
{
  JsonObject *object;
  JsonObject *checks = json_object_new ();
  JsonArray *offences = json_array_new ();
  guint total = 0;

  g_return_val_if_fail (self != NULL, NULL);

  object = json_object_new ();
  for (guint i = 0; i < THEME_N_CHECKS; i++)
    if (self->counts[i] > 0)
      {
        json_object_set_int_member (checks, theme_check_info ((ThemeCheck)i)->name, self->counts[i]);
        total += self->counts[i];
      }
  for (guint severity = 0; severity < THEME_N_SEVERITIES; severity++)
    for (guint i = 0; i < self->offences->len && json_array_get_length (offences) < max; i++)
      {
        const ThemeOffence *offence = theme_report_nth (self, i);

        if (theme_check_info (offence->check)->severity == severity)
          json_array_add_object_element (offences, offence_to_json (offence));
      }
  json_object_set_int_member (object, "errors", theme_report_count (self, THEME_ERROR));
  json_object_set_int_member (object, "warnings", theme_report_count (self, THEME_WARNING));
  json_object_set_int_member (object, "disabled", self->n_hidden);
  json_object_set_object_member (object, "checks", checks);
  json_object_set_int_member (object, "left_out", total - json_array_get_length (offences));
  json_object_set_array_member (object, "offences", offences);
  return object;
}
