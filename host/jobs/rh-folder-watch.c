/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-folder-watch.h"

#include "rh-log.h"
#include "royal-json.h"

#include <string.h>

#define SOON_MS 50
/* What could not be told of is told of again. */
#define LATER_US (5 * (gint64)G_USEC_PER_SEC)
/* What inotify does not tell, as of a network's folder. */
#define RESCAN_US (30 * G_USEC_PER_SEC)
/* A file that stays is told of again in time: firings are not kept for good. */
#define RENEW_US (24 * 3600 * (gint64)G_USEC_PER_SEC)

typedef enum { SETTLING, BUSY, DONE } State;

/* A file that was seen. */
typedef struct {
  RhFolderEntry entry;
  gint64 since_us; /* unchanged, or done */
  State state;
  guint round; /* the last in which it was there */
} Seen;

/* The folder of one trigger. */
typedef struct {
  RhFolderWatch *watch;
  RhTrigger *trigger;
  char *path;
  GFileMonitor *monitor;
  GHashTable *seen; /* name → Seen */
  guint timer;
  gint64 scanned_us;
  guint round;
  gboolean listing;
  gboolean reading; /* one at a time */
  gboolean again;
  gboolean gone;
} Folder;

struct _RhFolderWatch {
  const RhFolderKind *kind;
  RhTriggers *triggers;
  GHashTable *folders; /* a trigger's name → Folder */
};

/* One file on its way. */
typedef struct {
  Folder *folder;
  RhFolderEntry entry;
} Errand;

static void scan (Folder *self);

static void
seen_free (gpointer data)
{
  Seen *self = data;

  g_free (self->entry.name);
  g_free (self);
}

static void
folder_clear (gpointer data)
{
  Folder *self = data;

  rh_trigger_unref (self->trigger);
  g_free (self->path);
  g_hash_table_unref (self->seen);
}

static void
folder_unref (gpointer data)
{
  g_rc_box_release_full (data, folder_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Folder, folder_unref)

static void
folder_end (gpointer data)
{
  Folder *self = data;

  self->gone = TRUE;
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->monitor != NULL)
    {
      g_file_monitor_cancel (self->monitor);
      g_signal_handlers_disconnect_by_data (self->monitor, self);
    }
  g_clear_object (&self->monitor);
  folder_unref (self);
}

static gboolean
on_timer (gpointer data)
{
  Folder *self = data;

  self->timer = 0;
  scan (self);
  return G_SOURCE_REMOVE;
}

static void
scan_in (Folder *self, guint ms)
{
  if (self->timer == 0 && !self->gone)
    self->timer = g_timeout_add (ms, on_timer, self);
}

static gint64
settle_us (Folder *self)
{
  return royal_json_int (rh_trigger_options (self->trigger), "settle_ms", 0) * 1000;
}

/* --- one file ----------------------------------------------------------------------------------------------------- */

static void
errand_free (Errand *self)
{
  folder_unref (self->folder);
  g_free (self->entry.name);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Errand, errand_free)

/* The file has ended in @state, unless it was changed meanwhile. */
static void
end_errand (Errand *errand, State state)
{
  Folder *self = errand->folder;
  Seen *seen = g_hash_table_lookup (self->seen, errand->entry.name);

  self->reading = FALSE;
  if (seen != NULL && seen->state == BUSY)
    {
      seen->state = state;
      seen->since_us = g_get_monotonic_time ();
    }
  if (state == DONE && !self->gone && self->watch->kind->done != NULL)
    self->watch->kind->done (self->path, &errand->entry);
  scan_in (self, SOON_MS);
}

static void
put_off (Folder *self, const char *name)
{
  Seen *seen = g_hash_table_lookup (self->seen, name);

  if (seen != NULL && seen->state == SETTLING)
    seen->since_us = g_get_monotonic_time () + LATER_US;
}

static void
on_fired (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Errand) errand = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *started = rh_triggers_fire_finish (RH_TRIGGERS (source), result, NULL, &error);
  /* The database is away, the trigger paused or changed: later. Else it will never do. */
  gboolean later = started == NULL &&
                   (royal_error_is_unavailable (error) || g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT) ||
                    g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT));

  if (!later)
    {
      end_errand (errand, DONE);
      return;
    }
  end_errand (errand, SETTLING);
  put_off (errand->folder, errand->entry.name);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Errand) errand = data;
  Folder *self = errand->folder;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhFolderFile) file = rh_folder_read_finish (result, &error);
  g_autoptr (JsonNode) happened = NULL;
  g_autofree char *text = NULL;
  g_autofree char *key = NULL;

  if (self->gone)
    return;
  if (file == NULL && (g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT) ||
                       g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND)))
    {
      end_errand (errand, SETTLING);
      return;
    }
  if (file != NULL)
    happened = self->watch->kind->describe (self->trigger, self->path, &errand->entry, file, &error);
  if (happened == NULL)
    {
      rh_triggers_fail (self->watch->triggers, self->trigger, error->message);
      end_errand (errand, DONE);
      return;
    }
  text = g_strdup_printf ("%s/%s\n%" G_GINT64_FORMAT "\n%s", self->path, errand->entry.name, errand->entry.mtime_ns,
                          file->sha256);
  key = rh_trigger_key (text, strlen (text));
  rh_triggers_fire_async (self->watch->triggers,
                          &(RhFiring){ .trigger = self->trigger, .key = key, .happened = happened }, on_fired,
                          g_steal_pointer (&errand));
}

static gsize
bytes_max (Folder *self)
{
  return (gsize)royal_json_int (rh_trigger_options (self->trigger), "max_bytes", 262144);
}

static void
read_one (Folder *self, Seen *seen)
{
  Errand *errand = g_new0 (Errand, 1);

  self->reading = TRUE;
  seen->state = BUSY;
  errand->folder = g_rc_box_acquire (self);
  errand->entry = seen->entry;
  errand->entry.name = g_strdup (seen->entry.name);
  rh_folder_read_async (self->path, &errand->entry, bytes_max (self), on_read, errand);
}

/* --- a folder ----------------------------------------------------------------------------------------------------- */

static void
take_entry (Folder *self, const RhFolderEntry *entry)
{
  Seen *seen = g_hash_table_lookup (self->seen, entry->name);

  if (seen == NULL)
    {
      seen = g_new0 (Seen, 1);
      seen->entry.name = g_strdup (entry->name);
      seen->entry.size = -1;
      g_hash_table_insert (self->seen, seen->entry.name, seen);
    }
  seen->round = self->round;
  if (seen->entry.size == entry->size && seen->entry.mtime_ns == entry->mtime_ns)
    return;
  seen->entry.size = entry->size;
  seen->entry.mtime_ns = entry->mtime_ns;
  seen->since_us = g_get_monotonic_time ();
  seen->state = SETTLING;
}

static gboolean
is_past (gpointer name, gpointer value, gpointer data)
{
  return ((const Seen *)value)->round != ((const Folder *)data)->round;
}

/* The next file that is ready is read; what is not yet is looked at again. */
static void
pick (Folder *self)
{
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer value;
  Seen *ready = NULL;
  gint64 wait_us = G_MAXINT64;

  g_hash_table_iter_init (&iter, self->seen);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Seen *seen = value;

      if (seen->state == DONE && now - seen->since_us > RENEW_US)
        seen->state = SETTLING;
      if (seen->state != SETTLING)
        continue;
      if (now - seen->since_us < settle_us (self))
        wait_us = MIN (wait_us, settle_us (self) - (now - seen->since_us));
      else if (ready == NULL || strcmp (seen->entry.name, ready->entry.name) < 0)
        ready = seen;
    }
  if (ready != NULL && !self->reading)
    read_one (self, ready);
  else if (wait_us != G_MAXINT64)
    scan_in (self, (guint)(wait_us / 1000) + 1);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Folder) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = rh_folder_list_finish (result, &error);

  self->listing = FALSE;
  if (self->gone)
    return;
  self->scanned_us = g_get_monotonic_time ();
  if (entries == NULL)
    {
      rh_triggers_fail (self->watch->triggers, self->trigger, error->message);
      return;
    }
  self->round++;
  for (guint i = 0; i < entries->len; i++)
    take_entry (self, entries->pdata[i]);
  g_hash_table_foreach_remove (self->seen, is_past, self);
  pick (self);
  if (self->again)
    scan_in (self, SOON_MS);
}

static void
scan (Folder *self)
{
  self->again = self->listing;
  if (self->listing || self->gone)
    return;
  self->listing = TRUE;
  rh_folder_list_async (self->path, royal_json_string (rh_trigger_options (self->trigger), "pattern", NULL), on_listed,
                        g_rc_box_acquire (self));
}

static void
on_changed (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, gpointer data)
{
  scan_in (data, SOON_MS);
}

static Folder *
folder_new (RhFolderWatch *watch, RhTrigger *trigger)
{
  Folder *self = g_rc_box_new0 (Folder);
  g_autoptr (GFile) file = NULL;

  self->watch = watch;
  self->trigger = rh_trigger_ref (trigger);
  self->path = watch->kind->folder (trigger);
  self->seen = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, seen_free);
  file = g_file_new_for_path (self->path);
  self->monitor = g_file_monitor_directory (file, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
  if (self->monitor != NULL)
    {
      g_file_monitor_set_rate_limit (self->monitor, SOON_MS);
      g_signal_connect (self->monitor, "changed", G_CALLBACK (on_changed), self);
    }
  return self;
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static gboolean
is_declared (RhFolderWatch *self, Folder *folder, GPtrArray *triggers)
{
  for (guint i = 0; i < triggers->len; i++)
    if (strcmp (rh_trigger_name (triggers->pdata[i]), rh_trigger_name (folder->trigger)) == 0)
      return strcmp (rh_trigger_version (triggers->pdata[i]), rh_trigger_version (folder->trigger)) == 0;
  return FALSE;
}

void
rh_folder_watch_look (RhFolderWatch *self)
{
  g_autoptr (GPtrArray) triggers = rh_triggers_list (self->triggers, self->kind->kind);
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->folders);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (!is_declared (self, value, triggers))
      g_hash_table_iter_remove (&iter);
  for (guint i = 0; i < triggers->len; i++)
    {
      Folder *folder = g_hash_table_lookup (self->folders, rh_trigger_name (triggers->pdata[i]));

      if (folder == NULL)
        {
          folder = folder_new (self, triggers->pdata[i]);
          g_hash_table_insert (self->folders, (char *)rh_trigger_name (folder->trigger), folder);
        }
      if (folder->scanned_us == 0 || now - folder->scanned_us > RESCAN_US)
        scan (folder);
    }
}

RhFolderWatch *
rh_folder_watch_new (const RhFolderKind *kind, RhTriggers *triggers)
{
  RhFolderWatch *self;

  g_return_val_if_fail (kind != NULL && RH_IS_TRIGGERS (triggers), NULL);

  self = g_new0 (RhFolderWatch, 1);
  self->kind = kind;
  self->triggers = triggers;
  self->folders = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, folder_end);
  return self;
}

void
rh_folder_watch_stop (RhFolderWatch *self)
{
  g_return_if_fail (self != NULL);

  g_hash_table_unref (self->folders);
  g_free (self);
}
