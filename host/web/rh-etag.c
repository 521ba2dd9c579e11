/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-etag.h"

#include <string.h>

/* Of a SHA-256, in hexadecimal; as etag_of() of migrations/ makes it. */
#define TAG_LENGTH 32
#define HEX "0123456789abcdef"

char *
rh_etag_of (GBytes *bytes)
{
  g_autofree char *hash = NULL;

  g_return_val_if_fail (bytes != NULL, NULL);

  hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  return g_strdup_printf ("\"%.*s\"", TAG_LENGTH, hash);
}

/* (nullable): where the tag that begins at @text ends; NULL when none begins there. */
static const char *
tag_end (const char *text)
{
  if (g_str_has_prefix (text, "W/"))
    text += 2;
  if (*text++ != '"')
    return NULL;
  while ((guchar)*text > ' ' && *text != '"' && *text != '\x7f')
    text++;
  return *text == '"' ? text + 1 : NULL;
}

GStrv
rh_etag_parse (const char *text)
{
  g_autoptr (GPtrArray) tags = g_ptr_array_new_null_terminated (1, g_free, TRUE);
  g_autofree char *list = NULL;
  const char *at;

  g_return_val_if_fail (text != NULL, NULL);

  list = g_strstrip (g_strdup (text));
  if (strcmp (list, "*") == 0)
    return g_strdupv ((char *[]){ list, NULL });
  /* A list may have empty places. */
  for (at = list + strspn (list, ", \t"); *at != '\0'; at += strspn (at, ", \t"))
    {
      const char *end = tag_end (at);

      if (end == NULL)
        return NULL;
      g_ptr_array_add (tags, g_strndup (at, (gsize)(end - at)));
      at = end + strspn (end, " \t");
      if (*at != ',' && *at != '\0')
        return NULL;
    }
  return tags->len > 0 ? (GStrv)g_ptr_array_steal (tags, NULL) : NULL;
}

/* FALSE when there is such a header and it cannot be read; @ret_tags is NULL without one. */
static gboolean
read_tags (RhRequest *request, const char *name, GStrv *ret_tags)
{
  SoupServerMessage *message = rh_request_message (request);
  const char *text =
      message != NULL ? soup_message_headers_get_list (soup_server_message_get_request_headers (message), name) : NULL;

  *ret_tags = text != NULL ? rh_etag_parse (text) : NULL;
  return text == NULL || *ret_tags != NULL;
}

static void
refuse_malformed (RhRequest *request, const char *name)
{
  rh_request_refuse (request, RH_PROBLEM_MALFORMED, NULL,
                     "%s is to be * or a list of ETags as they were answered, each in quotes", name);
}

/* @tags: (nullable) */
static gboolean
names (const char *const *tags, const char *etag)
{
  for (guint i = 0; tags != NULL && tags[i] != NULL; i++)
    if (strcmp (tags[i], "*") == 0 || strcmp (g_str_has_prefix (tags[i], "W/") ? tags[i] + 2 : tags[i], etag) == 0)
      return TRUE;
  return FALSE;
}

gboolean
rh_etag_is_known (RhRequest *request, const char *etag)
{
  g_auto (GStrv) tags = NULL;

  g_return_val_if_fail (request != NULL && etag != NULL, FALSE);

  /* What cannot be read names nothing: then all of it is sent. */
  (void)read_tags (request, "If-None-Match", &tags);
  return names ((const char *const *)tags, etag);
}

void
rh_etag_reply_row (RhRequest *request, RhRows *rows, const char *column)
{
  g_auto (GStrv) tags = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *etag = NULL;
  const char *text;

  g_return_if_fail (request != NULL && rows != NULL && column != NULL);

  if (!read_tags (request, "If-None-Match", &tags))
    {
      refuse_malformed (request, "If-None-Match");
      return;
    }
  if (rh_rows_n (rows) > 0 && !rh_rows_is_null (rows, 0, column))
    {
      text = rh_rows_string (rows, 0, column);
      bytes = g_bytes_new (text, strlen (text));
      etag = rh_etag_of (bytes);
      rh_request_set_header (request, "ETag", etag);
    }
  if (etag != NULL && names ((const char *const *)tags, etag))
    rh_request_reply_bytes (request, SOUP_STATUS_NOT_MODIFIED, "application/json", NULL, "no-store");
  else
    rh_request_reply_row (request, SOUP_STATUS_OK, rows, column);
}

/* The comparison is a strong one: a weak tag names nothing, and neither does what was never answered as a tag. */
gboolean
rh_etag_read_match (RhRequest *request, char **ret_match)
{
  g_auto (GStrv) tags = NULL;
  g_autoptr (GString) match = NULL;

  g_return_val_if_fail (request != NULL && ret_match != NULL, FALSE);

  if (!read_tags (request, "If-Match", &tags))
    {
      refuse_malformed (request, "If-Match");
      return FALSE;
    }
  if (tags != NULL)
    match = g_string_new ("{");
  for (guint i = 0; tags != NULL && tags[i] != NULL; i++)
    if (strcmp (tags[i], "*") == 0)
      g_string_append_c (match, '*');
    else if (*tags[i] == '"' && strspn (tags[i] + 1, HEX) == TAG_LENGTH && strlen (tags[i]) == TAG_LENGTH + 2)
      g_string_append_printf (match, "%s%.*s", match->len > 1 ? "," : "", TAG_LENGTH, tags[i] + 1);
  *ret_match = match != NULL ? g_string_free (g_string_append_c (g_steal_pointer (&match), '}'), FALSE) : NULL;
  return TRUE;
}

gboolean
rh_etag_held (RhRequest *request, RhRows *rows, const char *column)
{
  g_autofree char *etag = NULL;

  g_return_val_if_fail (request != NULL && rows != NULL && column != NULL, FALSE);

  if (!rh_rows_is_null (rows, 0, column))
    return TRUE;
  etag = g_strdup_printf ("\"%s\"", rh_rows_string (rows, 0, "tag"));
  rh_request_set_header (request, "ETag", etag);
  rh_request_refuse (request, RH_PROBLEM_PRECONDITION, NULL,
                     "this was changed since it was read, and nothing was done: read it again, then send the change "
                     "with the ETag that it has now");
  return FALSE;
}
