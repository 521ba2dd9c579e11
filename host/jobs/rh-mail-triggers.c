/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-folder-watch.h"
#include "rh-log.h"
#include "rh-mail.h"
#include "rh-watch.h"
#include "royal-json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static char *
folder_of (RhTrigger *trigger)
{
  return g_build_filename (royal_json_string (rh_trigger_options (trigger), "maildir", "/"), "new", NULL);
}

static JsonNode *
describe (RhTrigger *trigger, const char *folder, const RhFolderEntry *entry, RhFolderFile *file, GError **error)
{
  gsize length;
  const char *bytes = g_bytes_get_data (file->bytes, &length);
  JsonNode *message = rh_mail_parse (bytes != NULL ? bytes : "", length);

  json_object_set_boolean_member (json_node_get_object (message), "truncated", file->is_cut);
  json_object_set_int_member (json_node_get_object (message), "size", entry->size);
  return message;
}

/* new/X becomes cur/X:2, as who has read it would do. Another host may have done it. */
static void
done (const char *folder, const RhFolderEntry *entry)
{
  g_autofree char *maildir = g_path_get_dirname (folder);
  g_autofree char *from = g_build_filename (folder, entry->name, NULL);
  g_autofree char *name = g_strconcat (entry->name, strstr (entry->name, ":2,") != NULL ? "" : ":2,", NULL);
  g_autofree char *to = g_build_filename (maildir, "cur", name, NULL);

  if (rename (from, to) != 0 && errno != ENOENT)
    rh_log (RH_LOG_WARNING, "trigger.maildir", "a message cannot be put into cur", "maildir", maildir, "error",
            g_strerror (errno), NULL);
}

static const RhFolderKind kind = { RH_TRIGGER_EMAIL, folder_of, describe, done };

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

const RhWatchKind rh_mail_watch = { NULL, start, look, stop };
