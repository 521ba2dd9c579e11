/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-console.h"

#include "rh-console-resources.h"
#include "rh-etag.h"

#include <string.h>

#define PREFIX "/royal/console/"
#define PAGE "index.html"
#define CACHE_PAGE "no-cache"
#define CACHE_ASSET "public, max-age=31536000, immutable"

/* Nothing but what this host serves, and no script or style that stands in the page: text of an agent that got into the
 * document as markup, against all the care that is taken, would still not run. */
#define POLICY                                                                                                         \
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri "       \
  "'none'; "                                                                                                           \
  "form-action 'none'; frame-ancestors 'none'"

static const struct {
  const char *suffix;
  const char *type;
} types[] = {
  { ".html", "text/html; charset=utf-8" },
  { ".js", "text/javascript; charset=utf-8" },
  { ".css", "text/css; charset=utf-8" },
  { ".svg", "image/svg+xml" },
};

static const char *
type_of (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (name, types[i].suffix))
      return types[i].type;
  return NULL;
}

/* (transfer full) (nullable) */
static GBytes *
find_file (const char *name, const char *suffix)
{
  g_autofree char *path = g_strconcat (PREFIX, name, suffix, NULL);

  return g_resource_lookup_data (rh_console_get_resource (), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
}

static gboolean
accepts_gzip (RhRequest *request)
{
  const char *header = rh_request_header (request, "Accept-Encoding");
  GSList *accepted = header != NULL ? soup_header_parse_quality_list (header, NULL) : NULL;
  gboolean accepts = g_slist_find_custom (accepted, "gzip", (GCompareFunc)g_ascii_strcasecmp) != NULL;

  soup_header_free_list (accepted);
  return accepts;
}

/* Of the content as it is sent: an encoding is another representation. Hashed once for each. */
static const char *
etag_of (GBytes *bytes)
{
  static GHashTable *etags; /* the data's address, which never changes → the tag */
  gconstpointer data = g_bytes_get_data (bytes, NULL);
  char *etag;

  if (etags == NULL)
    etags = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  etag = g_hash_table_lookup (etags, data);
  if (etag == NULL)
    {
      etag = rh_etag_of (bytes);
      g_hash_table_insert (etags, (gpointer)data, etag);
    }
  return etag;
}

void
rh_console_reply (RhRequest *request, GBytes *bytes, const char *type, const char *policy, const char *cache)
{
  const char *etag = etag_of (bytes);

  rh_request_set_header (request, "ETag", etag);
  if (policy != NULL)
    rh_request_set_header (request, "Content-Security-Policy", policy);
  rh_request_set_header (request, "Referrer-Policy", "no-referrer");
  rh_request_set_header (request, "Cross-Origin-Opener-Policy", "same-origin");
  rh_request_set_header (request, "Cross-Origin-Resource-Policy", "same-origin");
  if (rh_etag_is_known (request, etag))
    rh_request_reply_bytes (request, SOUP_STATUS_NOT_MODIFIED, type, NULL, cache);
  else
    rh_request_reply_bytes (request, SOUP_STATUS_OK, type, bytes, cache);
}

static void
serve (RhRequest *request, const char *name, const char *cache)
{
  gboolean gzip = accepts_gzip (request);
  const char *type = type_of (name);
  g_autoptr (GBytes) bytes = type != NULL ? find_file (name, gzip ? ".gz" : "") : NULL;

  if (bytes == NULL)
    {
      rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "there is nothing at this path");
      return;
    }
  rh_request_set_header (request, "Vary", "Accept-Encoding");
  if (gzip && !rh_etag_is_known (request, etag_of (bytes)))
    rh_request_set_header (request, "Content-Encoding", "gzip");
  rh_console_reply (request, bytes, type, POLICY, cache);
}

void
rh_console_page (RhRequest *request)
{
  serve (request, PAGE, CACHE_PAGE);
}

void
rh_console_asset (RhRequest *request)
{
  const char *name = rh_request_parameter (request);
  g_autofree char *path = NULL;

  /* A resource's path is no file's: nothing is above it. Only the plain names are given out. */
  if (strchr (name, '/') != NULL || g_str_has_suffix (name, ".gz"))
    {
      rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "there is nothing at this path");
      return;
    }
  path = g_strconcat ("assets/", name, NULL);
  serve (request, path, strchr (name, '-') != NULL ? CACHE_ASSET : CACHE_PAGE);
}
