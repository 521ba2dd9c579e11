/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* royalctl: a client of the HTTP API; of the host itself it uses what decides (host/policy), to try policies offline.
 */

/* Exit statuses. */
enum { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_UNREACHABLE = 3 };

/* What every command is given. */
typedef struct {
  char *socket;
  char *url;
  char *workspace;
  gboolean json;
} CtlOptions;

/**
 * CtlCommand:
 * @group, @verb: the words that call it; a NULL @verb: the group is the command
 * @arguments: for its usage, such as `ID`
 * @n_least, @n_most: how many arguments it takes
 * @entries: (nullable): its own options, whose values the command's file holds
 * @run: returns an exit status
 */
typedef struct {
  const char *group;
  const char *verb;
  const char *arguments;
  const char *summary;
  guint n_least;
  guint n_most;
  const GOptionEntry *entries;
  int (*run) (const CtlOptions *options, char **arguments);
} CtlCommand;

/* Each file's commands, ended by one without a group. */
extern const CtlCommand ctl_host_commands[];
extern const CtlCommand ctl_control_commands[];
extern const CtlCommand ctl_sandbox_commands[];
extern const CtlCommand ctl_approvals_commands[];
extern const CtlCommand ctl_revisions_commands[];
extern const CtlCommand ctl_delegations_commands[];
extern const CtlCommand ctl_effects_commands[];
extern const CtlCommand ctl_jobs_commands[];
extern const CtlCommand ctl_shopify_commands[];
extern const CtlCommand ctl_sync_commands[];
extern const CtlCommand ctl_notify_commands[];
extern const CtlCommand ctl_triggers_commands[];
extern const CtlCommand ctl_audit_commands[];
extern const CtlCommand ctl_season_commands[];
extern const CtlCommand ctl_plan_commands[];
extern const CtlCommand ctl_secret_commands[];
extern const CtlCommand ctl_privacy_commands[];
extern const CtlCommand ctl_token_commands[];
extern const CtlCommand ctl_user_commands[];
extern const CtlCommand ctl_manifest_commands[];
extern const CtlCommand ctl_policy_commands[];
extern const CtlCommand ctl_workflows_commands[];
extern const CtlCommand ctl_simulate_commands[];
extern const CtlCommand ctl_theme_commands[];
extern const CtlCommand ctl_catalog_commands[];
extern const CtlCommand ctl_themes_commands[];

/* Prints `royalctl: …` on the error stream and returns @status. */
int ctl_fail (int status, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* --- the host ---------------------------------------------------------------------------------------------------- */

/**
 * ctl_call:
 * @path: from /api/v1 on, escaped
 * @body: (nullable) (transfer full): a JSON body
 * @ret_answer: (transfer full): the answer's document
 *
 * Returns: an exit status; what went wrong was printed already.
 */
int ctl_call (const CtlOptions *options, const char *method, const char *path, JsonNode *body, JsonNode **ret_answer);
/* Proposes a change of what is in force, and prints what becomes of it; @parameters and @seen, what it was made of (nullable), are
 * (transfer full). */
int ctl_propose (const CtlOptions *options, const char *action, const char *target, const char *title,
                 JsonObject *parameters, JsonObject *seen);
/* (transfer full) (nullable): the policy of that version as what was seen; NULL without one. */
JsonObject *ctl_seen_policy (const char *version);
/* The same with a body of another type, and an answer that is not JSON. */
int ctl_call_text (const CtlOptions *options,
                   const char *method,
                   const char *path,
                   const char *type,
                   GBytes *body,
                   char **ret_text);
/* A CSV file to a route of /data; prints what came of it, which is in @ret_summary (nullable), too. */
int ctl_send_csv (const CtlOptions *options, const char *what, const char *path, GBytes *csv, JsonNode **ret_summary);
/* The same, page by page, to standard output. */
int ctl_copy (const CtlOptions *options, const char *path);
/**
 * CtlFeed:
 * @path: from /api/v1 on, escaped, of a WebSocket of events
 * @after: the last event that is known, -1 = begin now
 * @ends: it has an end
 * @greet: (nullable): called with what it says first, each time that it is connected
 * @hear: (nullable): called with each event
 * @print: prints an event for people
 */
typedef struct {
  const char *path;
  gint64 after;
  gboolean ends;
  void (*greet) (const CtlOptions *options, JsonObject *hello, gboolean first);
  void (*hear) (JsonObject *event);
  void (*print) (JsonObject *event);
} CtlFeed;

/* Prints events as they come, until the end or until it is interrupted; resumes by itself. */
int ctl_follow (const CtlOptions *options, const CtlFeed *feed);

/* Calls what answers with the status, and prints that. @body is (nullable) (transfer full). */
int ctl_show_status (const CtlOptions *options, const char *method, const char *path, JsonNode *body);

/* --- output ------------------------------------------------------------------------------------------------------ */

/* (transfer full): @text without control characters: it may come from a plugin. */
char *ctl_clean (const char *text);
/* (transfer full): a scalar as people read it. */
char *ctl_text (JsonObject *object, const char *member);
/* (transfer full): `in 3 h`, `2 min ago` */
char *ctl_when (const char *iso_time);
/* "30d", "12h": FALSE when it is none. */
gboolean ctl_parse_duration (const char *text, gint64 *ret_seconds);
void ctl_print_json (JsonNode *node);
/* Prints aligned columns; @columns: title, member, title, member, …, NULL. */
void ctl_print_table (JsonArray *rows, const char *const *columns);
/* `name   value` lines. */
void ctl_print_field (const char *name, const char *value);
void ctl_print_object (const char *title, JsonObject *object);
/* A season's weeks, with a bar for each. */
void ctl_print_weeks (JsonArray *weeks);
/* A list answer: JSON as it came, or a table. */
int ctl_print_list (const CtlOptions *options, JsonNode *answer, const char *const *columns);

/* (transfer full): an object node of string members: name, value, …, NULL; a NULL value is left out. */
JsonNode *ctl_body (const char *name, ...) G_GNUC_NULL_TERMINATED;

/* --- files and runs ----------------------------------------------------------------------------------------------- */

/* (transfer full) (nullable): what a file holds; what is wrong with it was printed. */
GBytes *ctl_read_bytes (const char *path, int *ret_status);
/* (transfer full) (nullable): the document in a file; what is wrong with it was printed. */
JsonNode *ctl_read_json (const char *path, int *ret_status);
/* Sets a member of an object node to a JSON text, if there is one; @what is the text's name in messages. */
int ctl_set_json (JsonNode *body, const char *member, const char *text, const char *what);
/* Makes a job of @body (transfer full), and waits until it has ended, well or not. */
int ctl_run_job (const CtlOptions *options, JsonNode *body, JsonNode **ret_job);
/* A run of a workflow, with its steps. */
int ctl_print_run (const CtlOptions *options, JsonNode *run);
gboolean ctl_run_is_over (JsonNode *run);
/* Asks for @path until the run there is over; *@run is what was known of it, then what is. */
int ctl_wait_run (const CtlOptions *options, const char *path, JsonNode **run);

G_END_DECLS
