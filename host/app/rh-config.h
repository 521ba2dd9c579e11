/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-log.h"

G_BEGIN_DECLS

/* The host's settings: file (royal.conf, a key file) < environment < command line. Every setting stands in one
 * table, rh-config.c. */
typedef struct _RhConfig RhConfig;

typedef enum {
  RH_SETTING_DATA_DIR,
  RH_SETTING_DATABASE_URL,
  RH_SETTING_CONNECTIONS,
  RH_SETTING_SOCKET,
  RH_SETTING_LISTEN,
  RH_SETTING_TLS_CERTIFICATE,
  RH_SETTING_TLS_KEY,
  RH_SETTING_TRUSTED_PROXIES,
  RH_SETTING_CLIENT_RATE,
  RH_SETTING_INSECURE_HTTP,
  RH_SETTING_WORKSPACE,
  RH_SETTING_MANIFESTS,
  RH_SETTING_PLUGINS,
  RH_SETTING_POLICY,
  RH_SETTING_WORKER,
  RH_SETTING_WITHOUT_SANDBOX,
  RH_SETTING_SIGNATURES,
  RH_SETTING_USER,
  RH_SETTING_SECRETS_DIR,
  RH_SETTING_SECRETS_KEY_FILE,
  RH_SETTING_LOG_LEVEL,
  RH_SETTING_LOG_FORMAT,
  RH_SETTING_STOP_TIMEOUT,
  RH_SETTING_TRACE_ENDPOINT,
  RH_SETTING_TRACE_PERCENT,
  RH_SETTING_AUDIT_KEY,
  RH_SETTING_AUDIT_CHECKPOINTS,
  RH_SETTING_AUDIT_INTERVAL,
  RH_SETTING_RETENTION_JOBS,
  RH_SETTING_RETENTION_WORKFLOWS,
  RH_SETTING_RETENTION_EVENTS,
  RH_SETTING_RETENTION_SIMULATIONS,
  RH_SETTING_RETENTION_TOKENS,
  RH_N_SETTINGS,
} RhSetting;

/* Adds an option for every setting to @context; the values are taken by rh_config_load(). */
RhConfig *rh_config_new (void) G_GNUC_WARN_UNUSED_RESULT;
void rh_config_free (RhConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhConfig, rh_config_free)
GOptionGroup *rh_config_option_group (RhConfig *self) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_config_load:
 * @file: (nullable): the configuration file; NULL: the default one, if it is there
 *
 * Reads the file and the environment under what the command line gave, fills in defaults and checks each value.
 *
 * Returns: FALSE with %ROYAL_ERROR_INVALID and every fault, one a line.
 */
gboolean rh_config_load (RhConfig *self, const char *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer none): never NULL after a load; "" when a setting has no value. */
const char *rh_config_string (RhConfig *self, RhSetting setting);
guint rh_config_uint (RhConfig *self, RhSetting setting);
gboolean rh_config_boolean (RhConfig *self, RhSetting setting);

/* Where a value comes from, for --check: "default", "file", "environment" or "option". */
const char *rh_config_origin (RhConfig *self, RhSetting setting);

/* (transfer full): all settings as a table for people; passwords in a database URL are masked. */
char *rh_config_describe (RhConfig *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
