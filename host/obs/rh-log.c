/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-log.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* The same record again within this time is counted instead of written. */
#define REPEAT_WINDOW_US (5 * G_USEC_PER_SEC)
#define REPEAT_SLOTS 256

#define FIELDS_MAX 32

typedef struct {
  const char *name;
  const char *value;
} Field;

/* One slot for each of the records seen last, found by hash. */
typedef struct {
  guint64 hash;
  gint64 since_us;
  guint suppressed;
} Repeat;

static const char *const level_names[] = { "debug", "info", "notice", "warning", "error" };

/* rh_log() is called from GTask threads too. */
static GMutex lock;
static Repeat repeats[REPEAT_SLOTS];
static gboolean as_json;
static RhLogLevel lowest = RH_LOG_WARNING;

gboolean
rh_log_level_from_name (const char *name, RhLogLevel *ret_level)
{
  g_return_val_if_fail (name != NULL && ret_level != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (level_names); i++)
    if (strcmp (name, level_names[i]) == 0)
      {
        *ret_level = i;
        return TRUE;
      }
  return FALSE;
}

static gboolean
is_mail_char (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr (".!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

static gboolean
has_dot (const char *domain)
{
  gsize length = strspn (domain, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

  return domain[length] == '.' && g_ascii_isalnum (domain[length + 1]);
}

/* U+0080 to U+009F, as UTF-8: some terminals take them for the start of a command, as they take ESC. */
static gboolean
is_c1 (const char *p)
{
  return (guchar)p[0] == 0xc2 && (guchar)p[1] >= 0x80 && (guchar)p[1] <= 0x9f;
}

/* An e-mail address keeps its first letter and its domain: enough to correlate, not to write to. */
static char *
mask_personal (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_new (valid);

  for (gsize at = 1; at + 1 < out->len; at++)
    {
      gsize start = at;

      if (out->str[at] != '@' || !g_ascii_isalnum (out->str[at + 1]))
        continue;
      while (start > 0 && is_mail_char (out->str[start - 1]))
        start--;
      if (start == at || !has_dot (out->str + at + 1))
        continue;
      g_string_erase (out, start + 1, at - start - 1);
      g_string_insert (out, start + 1, "***");
      at = start + 4;
    }
  return g_string_free (out, FALSE);
}

static void
append_quoted (GString *out, const char *text)
{
  g_string_append_c (out, '"');
  for (const char *p = text; *p != '\0'; p++)
    {
      const char *escape = strchr ("\"\"\\\\\nn\rr\tt", *p);

      if (*p == '"' || *p == '\\')
        g_string_append_printf (out, "\\%c", *p);
      else if (escape != NULL && (guchar)*p < 0x20)
        g_string_append_printf (out, "\\%c", escape[1]);
      else if ((guchar)*p < 0x20 || *p == 0x7f)
        g_string_append_printf (out, "\\u%04x", (guint)(guchar)*p);
      else if (is_c1 (p))
        g_string_append_printf (out, "\\u%04x", (guint)(guchar) * ++p);
      else
        g_string_append_c (out, *p);
    }
  g_string_append_c (out, '"');
}

static char *
now_text (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *second = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S");

  return g_strdup_printf ("%s.%03dZ", second, g_date_time_get_microsecond (now) / 1000);
}

static void
append_json (GString *out, RhLogLevel level, const char *id, const char *message, const Field *fields, guint n)
{
  g_autofree char *time = now_text ();
  g_autofree char *text = mask_personal (message);

  g_string_append_printf (out, "{\"time\":\"%s\",\"level\":\"%s\",\"id\":", time, level_names[level]);
  append_quoted (out, id);
  g_string_append (out, ",\"message\":");
  append_quoted (out, text);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *value = mask_personal (fields[i].value);

      g_string_append_c (out, ',');
      append_quoted (out, fields[i].name);
      g_string_append_c (out, ':');
      append_quoted (out, value);
    }
  g_string_append (out, "}\n");
}

static gboolean
is_plain (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if ((guchar)*p <= ' ' || *p == '"' || *p == '\\' || *p == '=' || *p == 0x7f || is_c1 (p))
      return FALSE;
  return *text != '\0';
}

static void
append_text (GString *out, RhLogLevel level, const char *id, const char *message, const Field *fields, guint n)
{
  g_autofree char *time = now_text ();
  g_autofree char *text = mask_personal (message);

  g_string_append_printf (out, "%.8s %-7s %s: ", time + 11, level_names[level], id);
  /* A control character in a message would write to the operator's terminal. */
  for (const char *p = text; *p != '\0'; p++)
    if (is_c1 (p))
      g_string_append_c (out, ' '), p++;
    else
      g_string_append_c (out, (guchar)*p < 0x20 || *p == 0x7f ? ' ' : *p);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *value = mask_personal (fields[i].value);

      g_string_append_printf (out, " %s=", fields[i].name);
      if (is_plain (value))
        g_string_append (out, value);
      else
        append_quoted (out, value);
    }
  g_string_append_c (out, '\n');
}

static void
hash_text (guint64 *hash, const char *text)
{
  for (const char *p = text;; p++)
    {
      *hash = (*hash ^ (guchar)*p) * G_GUINT64_CONSTANT (1099511628211);
      if (*p == '\0')
        return;
    }
}

/* TRUE when the record was written a moment ago; else @ret_suppressed is how often it was held back since. */
static gboolean
is_repeat (const char *id, const char *message, const Field *fields, guint n, guint *ret_suppressed)
{
  guint64 hash = G_GUINT64_CONSTANT (14695981039346656037);
  gint64 now_us = g_get_monotonic_time ();
  Repeat *repeat;

  hash_text (&hash, id);
  hash_text (&hash, message);
  for (guint i = 0; i < n; i++)
    {
      hash_text (&hash, fields[i].name);
      hash_text (&hash, fields[i].value);
    }
  repeat = &repeats[hash % REPEAT_SLOTS];
  if (repeat->hash == hash && now_us - repeat->since_us < REPEAT_WINDOW_US)
    {
      repeat->suppressed++;
      return TRUE;
    }
  *ret_suppressed = repeat->hash == hash ? repeat->suppressed : 0;
  *repeat = (Repeat){ .hash = hash, .since_us = now_us };
  return FALSE;
}

/* One write per record, so that records of several processes on one pipe do not mix. */
static void
write_out (const GString *record)
{
  gsize done = 0;

  while (done < record->len)
    {
      gssize n = write (STDERR_FILENO, record->str + done, record->len - done);

      if (n < 0 && errno != EINTR)
        return;
      done += MAX (n, 0);
    }
}

static void
log_fields (RhLogLevel level, const char *id, const char *message, Field *fields, guint n)
{
  g_autoptr (GString) record = NULL;
  g_autofree char *repeated = NULL;
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&lock);
  guint suppressed;

  if (is_repeat (id, message, fields, n, &suppressed))
    return;
  if (suppressed > 0)
    {
      repeated = g_strdup_printf ("%u", suppressed);
      fields[n++] = (Field){ "repeated", repeated };
    }
  record = g_string_sized_new (256);
  if (as_json)
    append_json (record, level, id, message, fields, n);
  else
    append_text (record, level, id, message, fields, n);
  write_out (record);
}

/* What cannot happen fails a test: in a test program itself, and in a host that a test started. */
static gboolean
bugs_are_fatal (void)
{
  return g_test_initialized () || g_getenv ("ROYAL_FATAL_BUGS") != NULL;
}

void
rh_log (RhLogLevel level, const char *id, const char *message, ...)
{
  Field fields[FIELDS_MAX + 1];
  const char *name;
  va_list args;
  guint n = 0;

  g_return_if_fail ((guint)level < G_N_ELEMENTS (level_names) && id != NULL && message != NULL);

  if (level < lowest)
    return;
  va_start (args, message);
  while ((name = va_arg (args, const char *)) != NULL)
    {
      const char *value = va_arg (args, const char *);

      if (value != NULL && n < FIELDS_MAX)
        fields[n++] = (Field){ name, value };
    }
  va_end (args);
  log_fields (level, id, message, fields, n);
  if (strcmp (id, "bug") == 0 && bugs_are_fatal ())
    abort ();
}

static RhLogLevel
level_from_glib (GLogLevelFlags flags)
{
  if (flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return RH_LOG_ERROR;
  if (flags & G_LOG_LEVEL_WARNING)
    return RH_LOG_WARNING;
  if (flags & G_LOG_LEVEL_MESSAGE)
    return RH_LOG_NOTICE;
  return flags & G_LOG_LEVEL_INFO ? RH_LOG_INFO : RH_LOG_DEBUG;
}

static GLogWriterOutput
write_glib (GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer data)
{
  g_autofree char *message = NULL;
  g_autofree char *domain = NULL;

  for (gsize i = 0; i < n_fields; i++)
    {
      gsize length = fields[i].length < 0 ? strlen (fields[i].value) : (gsize)fields[i].length;

      if (message == NULL && strcmp (fields[i].key, "MESSAGE") == 0)
        message = g_strndup (fields[i].value, length);
      else if (domain == NULL && strcmp (fields[i].key, "GLIB_DOMAIN") == 0)
        domain = g_strndup (fields[i].value, length);
    }
  rh_log (level_from_glib (flags), "glib", message != NULL ? message : "", "domain", domain, NULL);
  return G_LOG_WRITER_HANDLED;
}

void
rh_log_init (RhLogLevel level, gboolean json)
{
  static gsize once;

  g_return_if_fail ((guint)level < G_N_ELEMENTS (level_names));

  lowest = level;
  as_json = json;
  if (g_once_init_enter (&once))
    {
      g_log_set_writer_func (write_glib, NULL, NULL);
      g_once_init_leave (&once, 1);
    }
}
