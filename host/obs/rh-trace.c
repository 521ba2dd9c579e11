/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-trace.h"

#include <string.h>

#define TRACE_AT 3
#define ID_AT 36
#define FLAGS_AT 53
#define NOTES_MAX 16
#define VALUE_MAX 256

static struct {
  void (*ended) (RhSpan *span);
  double ratio;
} tracing;

void
rh_trace_configure (void (*ended) (RhSpan *span), double ratio)
{
  tracing.ended = ended;
  tracing.ratio = CLAMP (ratio, 0, 1);
}

gboolean
rh_trace_is_on (void)
{
  return tracing.ended != NULL;
}

static gboolean
is_hex (const char *text, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (!g_ascii_isdigit (text[i]) && (text[i] < 'a' || text[i] > 'f'))
      return FALSE;
  return TRUE;
}

static gboolean
is_zero (const char *text, gsize n)
{
  return strspn (text, "0") >= n;
}

gboolean
rh_traceparent_is_valid (const char *text)
{
  gsize length = text != NULL ? strnlen (text, RH_TRACEPARENT_LENGTH + 1) : 0;

  if (length < RH_TRACEPARENT_LENGTH || !is_hex (text, 2) || strncmp (text, "ff", 2) == 0)
    return FALSE;
  if (length > RH_TRACEPARENT_LENGTH && (strncmp (text, "00", 2) == 0 || text[RH_TRACEPARENT_LENGTH] != '-'))
    return FALSE;
  return text[2] == '-' && text[ID_AT - 1] == '-' && text[FLAGS_AT - 1] == '-' && is_hex (text + TRACE_AT, 32) &&
         is_hex (text + ID_AT, 16) && is_hex (text + FLAGS_AT, 2) && !is_zero (text + TRACE_AT, 32) &&
         !is_zero (text + ID_AT, 16);
}

/* @n digits, not all zero. */
static void
make_id (char *out, guint n)
{
  static const char digits[] = "0123456789abcdef";

  for (guint i = 0; i < n; i += 8)
    {
      guint32 random = g_random_int ();

      for (guint k = 0; k < 8; k++, random >>= 4)
        out[i + k] = digits[random & 15];
    }
  if (is_zero (out, n))
    out[0] = '1';
  out[n] = '\0';
}

static gboolean
is_recorded (const char *parent)
{
  if (tracing.ended == NULL)
    return FALSE;
  if (parent != NULL)
    return (g_ascii_xdigit_value (parent[FLAGS_AT + 1]) & 1) != 0;
  return g_random_double () < tracing.ratio;
}

RhSpan *
rh_span_start_at (const char *name, RhSpanKind kind, const char *parent, gint64 start_us)
{
  RhSpan *self;

  g_return_val_if_fail (name != NULL, NULL);

  if (!rh_traceparent_is_valid (parent))
    parent = NULL;
  if (!is_recorded (parent))
    return NULL;
  self = g_new0 (RhSpan, 1);
  self->name = g_strdup (name);
  self->kind = kind;
  self->start_us = start_us;
  if (parent != NULL)
    {
      memcpy (self->trace, parent + TRACE_AT, 32);
      memcpy (self->parent, parent + ID_AT, 16);
    }
  else
    make_id (self->trace, 32);
  make_id (self->id, 16);
  g_snprintf (self->traceparent, sizeof self->traceparent, "00-%s-%s-01", self->trace, self->id);
  return self;
}

RhSpan *
rh_span_start (const char *name, RhSpanKind kind, const char *parent)
{
  return rh_span_start_at (name, kind, parent, g_get_real_time ());
}

const char *
rh_span_traceparent (RhSpan *self, const char *parent)
{
  if (self != NULL)
    return self->traceparent;
  return rh_traceparent_is_valid (parent) ? parent : NULL;
}

static void
note_clear (gpointer data)
{
  RhSpanNote *self = data;

  g_free (self->key);
  g_free (self->value);
}

void
rh_span_set (RhSpan *self, const char *key, const char *value)
{
  RhSpanNote note;
  g_autofree char *valid = NULL;

  g_return_if_fail (key != NULL);

  if (self == NULL || value == NULL || (self->notes != NULL && self->notes->len >= NOTES_MAX))
    return;
  if (self->notes == NULL)
    {
      self->notes = g_array_new (FALSE, FALSE, sizeof (RhSpanNote));
      g_array_set_clear_func (self->notes, note_clear);
    }
  valid = g_utf8_make_valid (value, (gssize)strnlen (value, VALUE_MAX));
  note = (RhSpanNote){ g_strdup (key), g_steal_pointer (&valid) };
  g_array_append_val (self->notes, note);
}

void
rh_span_end (RhSpan *self, const char *error)
{
  if (self == NULL)
    return;
  self->end_us = MAX (g_get_real_time (), self->start_us);
  self->error = error != NULL ? g_utf8_make_valid (error, (gssize)strnlen (error, VALUE_MAX)) : NULL;
  if (tracing.ended != NULL)
    tracing.ended (self);
  else
    rh_span_free (self);
}

void
rh_span_free (RhSpan *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->error);
  g_clear_pointer (&self->notes, g_array_unref);
  g_free (self);
}
