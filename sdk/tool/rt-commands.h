/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Exit codes. */
enum { RT_OK = 0, RT_FAILED = 1, RT_USAGE = 2 };

/* The commands; argv[0] is the command's name. Each returns an exit code. */
int rt_new (int argc, char **argv);
int rt_check (int argc, char **argv);
int rt_run (int argc, char **argv);
int rt_test (int argc, char **argv);
int rt_keygen (int argc, char **argv);
int rt_sign (int argc, char **argv);

/**
 * rt_options:
 * @usage: what follows the options, such as "PLUGIN TASK"
 * @least, @most: how many arguments may be left
 *
 * Parses a command's options; --help is answered here.
 *
 * Returns: TRUE to go on; FALSE with @ret_status set.
 */
gboolean rt_options (int                 *argc,
                     char              ***argv,
                     const GOptionEntry  *entries,
                     const char          *usage,
                     const char          *summary,
                     const char          *description,
                     int                  least,
                     int                  most,
                     int                 *ret_status) G_GNUC_WARN_UNUSED_RESULT;

/* Prints `royal-agent: message` and returns RT_FAILED. Takes @error. */
int rt_fail (GError *error);

/**
 * rt_json_argument:
 * @argument: (nullable): JSON text when it begins with { ; else a file's name; "-" is the standard input
 * @what: names it in messages
 *
 * Returns: (transfer full): the value, an empty object for NULL.
 */
JsonNode *rt_json_argument (const char  *argument,
                            const char  *what,
                            GError     **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
