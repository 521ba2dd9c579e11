/* SPDX-License-Identifier: Apache-2.0 */

#include "rh-config.h"

#include "rh-keys.h"
#include "rh-trace-export.h"

#include <royal/error.h>

#include <string.h>
#include <unistd.h>

typedef enum { TEXT, PATH, UINT, BOOLEAN } Kind;

typedef struct {
  const char *group;
  const char *key;
  const char *option;
  const char *argument;
  Kind kind;
  const char *initial; /* NULL: see initial_value () */
  guint min, max;      /* of a UINT */
  const char *help;
} Setting;

static const Setting settings[RH_N_SETTINGS] = {
  [RH_SETTING_DATA_DIR] = { "host", "data-dir", "data-dir", "DIR", PATH, NULL, 0, 0, "Where the host keeps its data" },
  [RH_SETTING_DATABASE_URL] = { "database", "url", "database-url", "URL", TEXT, "", 0, 0,
                                "PostgreSQL to use instead of the embedded one" },
  [RH_SETTING_CONNECTIONS] = { "database", "connections", "connections", "N", UINT, "8", 1, 64,
                               "Size of the connection pool" },
  [RH_SETTING_SOCKET] = { "http", "socket", "socket", "PATH", PATH, NULL, 0, 0, "Unix socket of the API" },
  [RH_SETTING_LISTEN] = { "http", "listen", "listen", "ADDRESS:PORT", TEXT, "", 0, 0,
                          "Also serve the API on TCP; without a certificate on loopback only" },
  [RH_SETTING_TLS_CERTIFICATE] = { "http", "tls-certificate", "tls-certificate", "FILE", PATH, "", 0, 0,
                                   "PEM file with the certificate, and those up to its authority: TCP speaks TLS" },
  [RH_SETTING_TLS_KEY] = { "http", "tls-key", "tls-key", "FILE", PATH, "", 0, 0,
                           "PEM file with the certificate's private key" },
  [RH_SETTING_TRUSTED_PROXIES] = { "http", "trusted-proxies", "trusted-proxies", "ADDRESS[/BITS],…", TEXT, "", 0, 0,
                                   "Whose X-Forwarded-For and X-Forwarded-Proto are believed" },
  [RH_SETTING_CLIENT_RATE] = { "http", "client-rate", "client-rate", "N", UINT, "100", 0, 100000,
                               "How many requests a second each client may send that is not on this machine; 0: any" },
  [RH_SETTING_INSECURE_HTTP] = { "http", "insecure", "insecure-http", NULL, BOOLEAN, "false", 0, 0,
                                 "Allow plain HTTP on an address that is not loopback" },
  [RH_SETTING_WORKSPACE] = { "host", "workspace", "workspace", "NAME", TEXT, "default", 0, 0,
                             "Workspace that is made on first start" },
  [RH_SETTING_MANIFESTS] = { "agents", "manifests", "manifests", "DIR", PATH, ROYAL_MANIFESTDIR, 0, 0,
                             "The operator's manifests" },
  [RH_SETTING_PLUGINS] = { "agents", "plugins", "plugins", "DIR[:DIR…]", TEXT, ROYAL_PLUGINDIR, 0, 0,
                           "Where plugins are looked for" },
  [RH_SETTING_POLICY] = { "gate", "policy", "policy", "FILE", PATH, NULL, 0, 0,
                          "The policy (default: policy.json beside the manifests)" },
  [RH_SETTING_WORKER] = { "agents", "worker", "worker", "FILE", PATH, ROYAL_WORKER, 0, 0, "The royal-worker program" },
  [RH_SETTING_WITHOUT_SANDBOX] = { "agents", "without-sandbox", "without-sandbox", "LAYERS", TEXT, "", 0, 0,
                                   "Leave out sandbox layers (landlock,seccomp,rlimits): plugins are then NOT "
                                   "confined" },
  [RH_SETTING_SIGNATURES] = { "agents", "signatures", "signatures", "WHAT", TEXT, "warn", 0, 0,
                              "Of plugins that no trusted key has signed: require (they are left out), warn or off" },
  [RH_SETTING_USER] = { "host", "user", "user", "NAME", TEXT, NULL, 0, 0,
                        "Whom to become when started as root (default: royal, else nobody)" },
  [RH_SETTING_SECRETS_DIR] = { "secrets", "dir", "secrets-dir", "DIR", PATH, "", 0, 0,
                               "A folder with a file for each secret" },
  [RH_SETTING_SECRETS_KEY_FILE] = { "secrets", "key-file", "secrets-key-file", "FILE", PATH, "", 0, 0,
                                    "The keys of the secrets that the database keeps" },
  [RH_SETTING_LOG_LEVEL] = { "log", "level", "log-level", "LEVEL", TEXT, "info", 0, 0,
                             "debug, info, notice, warning or error" },
  [RH_SETTING_LOG_FORMAT] = { "log", "format", "log-format", "FORMAT", TEXT, "auto", 0, 0,
                              "text, json, or auto: text on a terminal" },
  [RH_SETTING_STOP_TIMEOUT] = { "host", "stop-timeout", "stop-timeout", "SECONDS", UINT, "20", 0, 600,
                                "How long a stop waits for runs in hand" },
  [RH_SETTING_TRACE_ENDPOINT] = { "trace", "endpoint", "trace-endpoint", "URL", TEXT, "", 0, 0,
                                  "OTLP/HTTP collector that traces are sent to (default: none)" },
  [RH_SETTING_TRACE_PERCENT] = { "trace", "percent", "trace-percent", "N", UINT, "100", 0, 100,
                                 "How many of a hundred new traces are recorded" },
  [RH_SETTING_AUDIT_KEY] = { "audit", "key", "audit-key", "FILE", PATH, NULL, 0, 0,
                             "The key that signs the audit; made when it is not there (default: audit.key in the data "
                             "directory)" },
  [RH_SETTING_AUDIT_CHECKPOINTS] = { "audit", "checkpoints", "audit-checkpoints", "PATH", PATH, "", 0, 0,
                                     "File or folder outside of the database that signed checkpoints are appended to" },
  [RH_SETTING_AUDIT_INTERVAL] = { "audit", "interval", "audit-interval", "SECONDS", UINT, "60", 1, 86400,
                                  "How old the last checkpoint of a chain that has grown may become" },
  [RH_SETTING_RETENTION_JOBS] = { "retention", "jobs", "retention-jobs", "DAYS", UINT, "30", 0, 36500,
                                  "How long jobs are kept after they have ended; 0: for ever" },
  [RH_SETTING_RETENTION_WORKFLOWS] = { "retention", "workflows", "retention-workflows", "DAYS", UINT, "90", 0, 36500,
                                       "How long workflows' runs are kept after they are over; 0: for ever" },
  [RH_SETTING_RETENTION_EVENTS] = { "retention", "events", "retention-events", "DAYS", UINT, "14", 0, 36500,
                                    "How long events are kept that are no records of the audit; 0: for ever" },
  [RH_SETTING_RETENTION_SIMULATIONS] = { "retention", "simulations", "retention-simulations", "DAYS", UINT, "30", 0,
                                         36500, "How long what simulations would have proposed is kept; 0: for ever" },
  [RH_SETTING_RETENTION_TOKENS] = { "retention", "tokens", "retention-tokens", "DAYS", UINT, "90", 0, 36500,
                                    "How long tokens are kept after they have expired or were revoked; 0: for ever" },
};

static const char *const origins[] = { "default", "file", "environment", "option" };
typedef enum { BY_DEFAULT, BY_FILE, BY_ENVIRONMENT, BY_OPTION } Origin;

struct _RhConfig {
  char *options[RH_N_SETTINGS]; /* as the command line gave them */
  gboolean flags[RH_N_SETTINGS];
  char *values[RH_N_SETTINGS];
  Origin origins[RH_N_SETTINGS];
  GOptionEntry *entries;
};

RhConfig *
rh_config_new (void)
{
  return g_new0 (RhConfig, 1);
}

void
rh_config_free (RhConfig *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < RH_N_SETTINGS; i++)
    {
      g_free (self->options[i]);
      g_free (self->values[i]);
    }
  g_free (self->entries);
  g_free (self);
}

GOptionGroup *
rh_config_option_group (RhConfig *self)
{
  g_return_val_if_fail (self != NULL && self->entries == NULL, NULL);

  self->entries = g_new0 (GOptionEntry, RH_N_SETTINGS + 1);
  for (guint i = 0; i < RH_N_SETTINGS; i++)
    {
      const Setting *s = &settings[i];

      self->entries[i] = (GOptionEntry){
        .long_name = s->option,
        .arg = s->kind == BOOLEAN ? G_OPTION_ARG_NONE : G_OPTION_ARG_STRING,
        .arg_data = s->kind == BOOLEAN ? (gpointer)&self->flags[i] : (gpointer)&self->options[i],
        .description = s->help,
        .arg_description = s->argument,
      };
    }
  g_autoptr (GOptionGroup) group = g_option_group_new ("settings", "Settings:", "Show the settings", NULL, NULL);
  g_option_group_add_entries (group, self->entries);
  return g_steal_pointer (&group);
}

static char *
user_dir (const char *base, const char *root_path, const char *below)
{
  return geteuid () == 0 ? g_strdup (root_path) : g_build_filename (base, "royal", below, NULL);
}

/* Defaults that depend on who runs the host and on other settings, which are set by then. */
static char *
initial_value (RhConfig *self, RhSetting setting)
{
  switch (setting)
    {
    case RH_SETTING_DATA_DIR:
      return user_dir (g_get_user_data_dir (), "/var/lib/royal", NULL);
    case RH_SETTING_SOCKET:
      return user_dir (g_get_user_runtime_dir (), "/run/royal/royald.sock", "royald.sock");
    case RH_SETTING_AUDIT_KEY:
      return g_build_filename (self->values[RH_SETTING_DATA_DIR], "audit.key", NULL);
    case RH_SETTING_POLICY:
      return g_build_filename (self->values[RH_SETTING_MANIFESTS], "policy.json", NULL);
    default:
      return g_strdup ("");
    }
}

/* ROYAL_DATA_DIR for data-dir; DATABASE_URL is understood as well. */
static const char *
environment_value (const Setting *s)
{
  g_autofree char *upper = g_ascii_strup (s->option, -1);
  g_autofree char *name = g_strconcat ("ROYAL_", g_strdelimit (upper, "-", '_'), NULL);
  const char *value = g_getenv (name);

  if (value == NULL && s == &settings[RH_SETTING_DATABASE_URL])
    value = g_getenv ("DATABASE_URL");
  return value;
}

static void
take (RhConfig *self, RhSetting setting, char *value, Origin origin)
{
  g_free (self->values[setting]);
  self->values[setting] = value;
  self->origins[setting] = origin;
}

static void
choose_value (RhConfig *self, RhSetting setting, GKeyFile *file)
{
  const Setting *s = &settings[setting];
  g_autofree char *in_file = file != NULL ? g_key_file_get_string (file, s->group, s->key, NULL) : NULL;
  const char *in_environment = environment_value (s);

  if (self->options[setting] != NULL)
    take (self, setting, g_strdup (self->options[setting]), BY_OPTION);
  else if (self->flags[setting])
    take (self, setting, g_strdup ("true"), BY_OPTION);
  else if (in_environment != NULL)
    take (self, setting, g_strdup (in_environment), BY_ENVIRONMENT);
  else if (in_file != NULL)
    take (self, setting, g_strdup (g_strstrip (in_file)), BY_FILE);
  else
    take (self, setting, s->initial != NULL ? g_strdup (s->initial) : initial_value (self, setting), BY_DEFAULT);
}

static char *
fault_of_value (const Setting *s, const char *value)
{
  guint64 number;

  switch (s->kind)
    {
    case UINT:
      if (!g_ascii_string_to_unsigned (value, 10, s->min, s->max, &number, NULL))
        return g_strdup_printf ("expected a number from %u to %u, found `%s`", s->min, s->max, value);
      return NULL;
    case BOOLEAN:
      if (strcmp (value, "true") != 0 && strcmp (value, "false") != 0)
        return g_strdup_printf ("expected true or false, found `%s`", value);
      return NULL;
    case PATH:
      if (*value != '\0' && !g_path_is_absolute (value))
        return g_strdup_printf ("expected an absolute path, found `%s`", value);
      return NULL;
    case TEXT:
    default:
      return NULL;
    }
}

static char *
fault_of_meaning (RhSetting setting, const char *value)
{
  RhLogLevel level;
  RhSignatures signatures;

  if (setting == RH_SETTING_SIGNATURES && !rh_signatures_from_name (value, &signatures))
    return g_strdup_printf ("expected require, warn or off, found `%s`", value);
  if (setting == RH_SETTING_LOG_LEVEL && !rh_log_level_from_name (value, &level))
    return g_strdup_printf ("expected debug, info, notice, warning or error, found `%s`", value);
  if (setting == RH_SETTING_LOG_FORMAT &&
      !g_strv_contains ((const char *const[]){ "auto", "text", "json", NULL }, value))
    return g_strdup_printf ("expected text, json or auto, found `%s`", value);
  if (setting == RH_SETTING_TRACE_ENDPOINT && *value != '\0')
    {
      g_autoptr (GError) error = NULL;

      if (!rh_trace_export_check (value, &error))
        return g_strdup (error->message);
    }
  if (setting == RH_SETTING_WORKSPACE && !g_regex_match_simple ("^[a-z0-9][a-z0-9-]{0,62}$", value, 0, 0))
    return g_strdup_printf ("expected lower-case letters, digits and dashes, found `%s`", value);
  return NULL;
}

static void
check_value (RhConfig *self, RhSetting setting, GString *faults)
{
  const Setting *s = &settings[setting];
  const char *value = self->values[setting];
  g_autofree char *fault = fault_of_value (s, value);

  /* On the command line a path is relative to where the person stands. */
  if (fault != NULL && s->kind == PATH && self->origins[setting] == BY_OPTION)
    {
      take (self, setting, g_canonicalize_filename (value, NULL), BY_OPTION);
      g_clear_pointer (&fault, g_free);
    }
  if (fault == NULL)
    fault = fault_of_meaning (setting, value);
  if (fault != NULL)
    g_string_append_printf (faults, "%s%s (from %s): %s", faults->len > 0 ? "\n" : "", s->option,
                            origins[self->origins[setting]], fault);
}

/* A name in the file that no setting has is a mistake, not something to pass over. */
static void
check_names (GKeyFile *file, const char *path, GString *faults)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);

  for (guint g = 0; groups[g] != NULL; g++)
    {
      g_auto (GStrv) keys = g_key_file_get_keys (file, groups[g], NULL, NULL);

      for (guint k = 0; keys != NULL && keys[k] != NULL; k++)
        {
          gboolean known = FALSE;

          for (guint i = 0; i < RH_N_SETTINGS && !known; i++)
            known = strcmp (settings[i].group, groups[g]) == 0 && strcmp (settings[i].key, keys[k]) == 0;
          if (!known)
            g_string_append_printf (faults, "%s%s: [%s] %s: no such setting", faults->len > 0 ? "\n" : "", path,
                                    groups[g], keys[k]);
        }
    }
}

static GKeyFile *
read_file (const char *path, gboolean must_exist, GString *faults)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;

  if (!must_exist && !g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &error))
    {
      g_string_append_printf (faults, "%s: %s", path, error->message);
      return NULL;
    }
  check_names (file, path, faults);
  return g_steal_pointer (&file);
}

gboolean
rh_config_load (RhConfig *self, const char *path, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  g_autoptr (GString) faults = g_string_new (NULL);
  g_autofree char *usual = user_dir (g_get_user_config_dir (), ROYAL_SYSCONFDIR "/royal.conf", "royal.conf");
  g_autoptr (GKeyFile) file = read_file (path != NULL ? path : usual, path != NULL, faults);

  for (guint i = 0; i < RH_N_SETTINGS; i++)
    choose_value (self, i, file);
  for (guint i = 0; i < RH_N_SETTINGS; i++)
    check_value (self, i, faults);
  if (faults->len == 0)
    return TRUE;
  g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, faults->str);
  return FALSE;
}

const char *
rh_config_string (RhConfig *self, RhSetting setting)
{
  g_return_val_if_fail (self != NULL && setting < RH_N_SETTINGS, "");
  return self->values[setting];
}

guint
rh_config_uint (RhConfig *self, RhSetting setting)
{
  g_return_val_if_fail (self != NULL && settings[setting].kind == UINT, 0);
  return (guint)g_ascii_strtoull (self->values[setting], NULL, 10);
}

gboolean
rh_config_boolean (RhConfig *self, RhSetting setting)
{
  g_return_val_if_fail (self != NULL && settings[setting].kind == BOOLEAN, FALSE);
  return strcmp (self->values[setting], "true") == 0;
}

const char *
rh_config_origin (RhConfig *self, RhSetting setting)
{
  g_return_val_if_fail (self != NULL && setting < RH_N_SETTINGS, "");
  return origins[self->origins[setting]];
}

/* postgresql://user:secret@host/db and password=secret must not be shown. */
static char *
masked (const char *value)
{
  g_autoptr (GRegex) url = g_regex_new ("(://[^:/@]*:)[^@]*@", 0, 0, NULL);
  g_autoptr (GRegex) pair = g_regex_new ("(password\\s*=\\s*)('[^']*'|\\S+)", G_REGEX_CASELESS, 0, NULL);
  g_autofree char *once = g_regex_replace (url, value, -1, 0, "\\1***@", 0, NULL);

  return g_regex_replace (pair, once, -1, 0, "\\1***", 0, NULL);
}

char *
rh_config_describe (RhConfig *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  GString *text = g_string_new (NULL);

  for (guint i = 0; i < RH_N_SETTINGS; i++)
    {
      g_autofree char *value = masked (self->values[i]);

      g_string_append_printf (text, "%-16s %-12s %s\n", settings[i].option, origins[self->origins[i]],
                              *value != '\0' ? value : "-");
    }
  return g_string_free (text, FALSE);
}
