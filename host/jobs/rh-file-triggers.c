/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-folder-watch.h"
#include "rh-watch.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

static char *
folder_of (RhTrigger *trigger)
{
  return g_strdup (royal_json_string (rh_trigger_options (trigger), "folder", "/"));
}

static char *
iso_time (gint64 mtime_ns)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (mtime_ns / 1000000000);

  return time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ") : g_strdup ("");
}

static gboolean
add_contents (JsonObject *object, const char *contents, GBytes *bytes, GError **error)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  g_autofree char *text = NULL;

  if (strcmp (contents, "base64") == 0)
    text = g_base64_encode ((const guchar *)(data != NULL ? data : ""), length);
  else if (length == 0 || g_utf8_validate_len (data, length, NULL))
    text = g_strndup (data != NULL ? data : "", length);
  if (text == NULL)
    {
      g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected UTF-8 text (see contents: base64)");
      return FALSE;
    }
  json_object_set_string_member (object, strcmp (contents, "base64") == 0 ? "base64" : "text", text);
  return TRUE;
}

static JsonNode *
describe (RhTrigger *trigger, const char *folder, const RhFolderEntry *entry, RhFolderFile *file, GError **error)
{
  const char *contents = royal_json_string (rh_trigger_options (trigger), "contents", "none");
  g_autofree char *path = g_build_filename (folder, entry->name, NULL);
  g_autofree char *time = iso_time (entry->mtime_ns);
  g_autoptr (JsonObject) object = json_object_new ();

  if (file->is_cut)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "%s: expected at most %" G_GINT64_FORMAT " bytes, found %" G_GINT64_FORMAT, path,
                   royal_json_int (rh_trigger_options (trigger), "max_bytes", 0), entry->size);
      return NULL;
    }
  json_object_set_string_member (object, "path", path);
  json_object_set_string_member (object, "name", entry->name);
  json_object_set_int_member (object, "size", entry->size);
  json_object_set_string_member (object, "modified_at", time);
  json_object_set_string_member (object, "sha256", file->sha256);
  if (strcmp (contents, "none") != 0 && !add_contents (object, contents, file->bytes, error))
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }
  return json_node_init_object (json_node_alloc (), object);
}

static const RhFolderKind kind = { RH_TRIGGER_FILE, folder_of, describe, NULL };

static gpointer
start (RhTriggers *triggers)
{
  return rh_folder_watch_new (&kind, triggers);
}

static void
look (gpointer self)
{
  rh_folder_watch_look (self);
}

static void
stop (gpointer self)
{
  rh_folder_watch_stop (self);
}

const RhWatchKind rh_file_watch = { NULL, start, look, stop };
