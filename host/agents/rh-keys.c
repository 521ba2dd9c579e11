/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-keys.h"

#include "rh-log.h"
#include "royal-json.h"
#include "royal-seal.h"

#include <royal/error.h>
#include <string.h>
#include <sys/stat.h>

static const char *const
    names[] = { [RH_SIGNATURES_REQUIRE] = "require", [RH_SIGNATURES_WARN] = "warn", [RH_SIGNATURES_OFF] = "off" };

typedef struct {
  char *name;
  gboolean trusted;
} Key;

struct _RhKeys {
  RhSignatures signatures;
  char *installed;
  GHashTable *keys; /* public key → Key */
};

/* What is found of a plugin, and the least setting that lets it run. */
typedef enum { TRUSTED, INSTALLED, UNKNOWN, UNSIGNED, UNCHECKED, BROKEN, DISTRUSTED } State;

static const struct {
  const char *name;
  RhSignatures needs;
} states[] = {
  [TRUSTED] = { "trusted", RH_SIGNATURES_REQUIRE },   [INSTALLED] = { "installed", RH_SIGNATURES_REQUIRE },
  [UNKNOWN] = { "unknown", RH_SIGNATURES_WARN },      [UNSIGNED] = { "unsigned", RH_SIGNATURES_WARN },
  [UNCHECKED] = { "unchecked", RH_SIGNATURES_OFF },   [BROKEN] = { "broken", RH_SIGNATURES_OFF },
  [DISTRUSTED] = { "distrusted", RH_SIGNATURES_OFF },
};

gboolean
rh_signatures_from_name (const char *name, RhSignatures *signatures)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (names[i], name))
      {
        *signatures = (RhSignatures)i;
        return TRUE;
      }
  return FALSE;
}

static void
key_free (gpointer data)
{
  Key *self = data;

  g_free (self->name);
  g_free (self);
}

RhKeys *
rh_keys_new (RhSignatures signatures, const char *installed)
{
  RhKeys *self;

  g_return_val_if_fail (installed != NULL, NULL);

  self = g_new0 (RhKeys, 1);
  self->signatures = signatures;
  self->installed = g_strdup (installed);
  self->keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, key_free);
  return self;
}

void
rh_keys_free (RhKeys *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->keys);
  g_free (self->installed);
  g_free (self);
}

void
rh_keys_take (RhKeys *self, JsonArray *keys)
{
  g_return_if_fail (self != NULL && keys != NULL);

  g_hash_table_remove_all (self->keys);
  for (guint i = 0; i < json_array_get_length (keys); i++)
    {
      JsonObject *entry = json_array_get_object_element (keys, i);
      Key *key = g_new0 (Key, 1);

      key->name = g_strdup (royal_json_string (entry, "name", ""));
      key->trusted = royal_json_boolean (entry, "trusted", FALSE);
      g_hash_table_replace (self->keys, g_strdup (royal_json_string (entry, "public_key", "")), key);
    }
}

/* Links are followed: it is the file that counts. */
static gboolean
is_installed (RhKeys *self, const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  struct stat info;

  return strcmp (folder, self->installed) == 0 && stat (path, &info) == 0 && info.st_uid == 0 &&
         (info.st_mode & 022) == 0;
}

/* @ret_key: (nullable) (transfer full): that signed it; @ret_detail: (nullable) (transfer full): what is wrong. */
static State
look (RhKeys *self, GBytes *module, const char *path, char **ret_key, char **ret_detail)
{
  g_autoptr (GError) error = NULL;
  const Key *key;
  char id[ROYAL_SEAL_ID_SIZE];

  *ret_key = royal_seal_verify (module, path, &error);
  if (*ret_key == NULL && g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND))
    {
      if (is_installed (self, path))
        return INSTALLED;
      *ret_detail = g_strdup_printf ("%s: expected a signature in %s%s, found none", path, path, ROYAL_SEAL_SUFFIX);
      return UNSIGNED;
    }
  if (*ret_key == NULL)
    {
      *ret_detail = g_strdup (error->message);
      return BROKEN;
    }
  key = g_hash_table_lookup (self->keys, *ret_key);
  if (key != NULL && key->trusted)
    return TRUSTED;
  royal_seal_key_id (*ret_key, id);
  if (key != NULL)
    *ret_detail = g_strdup_printf ("%s: expected a signature by a key that is trusted, found one by %s (%s), which is "
                                   "trusted no more",
                                   path, id, key->name);
  else
    *ret_detail = g_strdup_printf ("%s: expected a signature by a key that is trusted, found one by %s; `royalctl key "
                                   "trust NAME %s` proposes to trust it",
                                   path, id, *ret_key);
  return key != NULL ? DISTRUSTED : UNKNOWN;
}

gboolean
rh_keys_check (RhKeys *self, GBytes *module, const char *path, JsonObject **ret_signature, GError **error)
{
  g_autofree char *public_key = NULL;
  g_autofree char *detail = NULL;
  char id[ROYAL_SEAL_ID_SIZE] = "";
  State state = UNCHECKED;
  const Key *key;

  g_return_val_if_fail (self != NULL && module != NULL && path != NULL && ret_signature != NULL, FALSE);

  if (self->signatures != RH_SIGNATURES_OFF)
    state = look (self, module, path, &public_key, &detail);
  key = public_key != NULL ? g_hash_table_lookup (self->keys, public_key) : NULL;
  if (public_key != NULL)
    royal_seal_key_id (public_key, id);
  *ret_signature = json_object_new ();
  json_object_set_string_member (*ret_signature, "state", states[state].name);
  royal_json_set_text (*ret_signature, "key", public_key != NULL ? id : NULL);
  royal_json_set_text (*ret_signature, "name", key != NULL ? key->name : NULL);
  royal_json_set_text (*ret_signature, "detail", detail);
  if (self->signatures < states[state].needs)
    {
      g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_DENIED, detail);
      return FALSE;
    }
  if (detail != NULL)
    rh_log (RH_LOG_WARNING, "agents.signature", "a plugin runs that no trusted key has signed", "detail", detail, NULL);
  return TRUE;
}
