/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <termios.h>
#include <unistd.h>

#define VALUE_MAX 65536
#define KEY_BYTES 32

static const char *const columns[] = { "name",    "name",       "source", "source",     "key", "key",
                                       "updated", "updated_at", "by",     "updated_by", NULL };

static int
run_list (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/secrets", NULL, &answer);

  return status == CTL_OK ? ctl_print_list (options, answer, columns) : status;
}

/* What comes on standard input, up to its end; a person's line without showing it. -1 with errno. */
static gssize
read_value (char *buffer, gsize size)
{
  struct termios before, quiet;
  gboolean person = tcgetattr (STDIN_FILENO, &before) == 0;
  gsize length = 0;
  gssize n = 0;

  if (person)
    {
      quiet = before;
      quiet.c_lflag &= ~(tcflag_t)ECHO;
      fputs ("value: ", stderr);
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &quiet);
    }
  while (length < size && (n = read (STDIN_FILENO, buffer + length, size - length)) > 0)
    {
      length += (gsize)n;
      if (person && buffer[length - 1] == '\n')
        break;
    }
  if (person)
    {
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &before);
      fputc ('\n', stderr);
    }
  return n < 0 ? -1 : (gssize)length;
}

static char *
path_of (const char *name)
{
  g_autofree char *escaped = g_uri_escape_string (name, NULL, TRUE);

  return g_strconcat ("/secrets/", escaped, NULL);
}

static int
run_set (const CtlOptions *options, char **arguments)
{
  char *buffer = g_malloc (VALUE_MAX + 2);
  gssize length = read_value (buffer, VALUE_MAX + 2);
  g_autofree char *path = path_of (arguments[0]);
  g_autofree char *answer = NULL;
  g_autoptr (GBytes) bytes = NULL;
  int status;

  /* The line's end is not meant. */
  if (length > 0 && buffer[length - 1] == '\n')
    length--;
  if (length <= 0 || length > VALUE_MAX)
    status = ctl_fail (CTL_USAGE, "expected a value of 1 to %d bytes on standard input", VALUE_MAX);
  else
    {
      bytes = g_bytes_new_static (buffer, (gsize)length);
      status = ctl_call_text (options, "PUT", path, "application/octet-stream", bytes, &answer);
    }
  explicit_bzero (buffer, VALUE_MAX + 2);
  g_free (buffer);
  if (status == CTL_OK)
    printf ("secret %s is set\n", arguments[0]);
  return status;
}

static int
run_delete (const CtlOptions *options, char **arguments)
{
  g_autofree char *path = path_of (arguments[0]);
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "DELETE", path, NULL, &answer);

  if (status == CTL_OK)
    printf ("secret %s is deleted\n", arguments[0]);
  return status;
}

static int
run_rotate (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "POST", "/secrets/rotate-key", NULL, &answer);
  JsonObject *object;

  if (status != CTL_OK)
    return status;
  object = json_node_get_object (answer);
  if (options->json)
    ctl_print_json (answer);
  else
    printf ("%" G_GINT64_FORMAT " secrets are sealed anew, all with key %s\n", royal_json_int (object, "secrets", 0),
            royal_json_string (object, "key", "-"));
  return CTL_OK;
}

static int
run_make_key (const CtlOptions *options, char **arguments)
{
  guint8 key[KEY_BYTES];
  g_autofree char *text = NULL;

  if (getrandom (key, sizeof key, 0) != sizeof key)
    return ctl_fail (CTL_FAILED, "no random bytes: %s", g_strerror (errno));
  text = g_base64_encode (key, sizeof key);
  puts (text);
  explicit_bzero (key, sizeof key);
  explicit_bzero (text, strlen (text));
  return CTL_OK;
}

const CtlCommand ctl_secret_commands[] = {
  { "secret", "list", NULL, "The names of the secrets, and where each is", 0, 0, NULL, run_list },
  { "secret", "set", "NAME", "Keep a secret in the database, sealed; its value from standard input", 1, 1, NULL,
    run_set },
  { "secret", "delete", "NAME", "Delete a secret from the database", 1, 1, NULL, run_delete },
  { "secret", "make-key", NULL, "Print a new key to seal secrets with, for the host's key file", 0, 0, NULL,
    run_make_key },
  { "secret", "rotate-key", NULL, "Seal every secret with the first key of the host's key file", 0, 0, NULL,
    run_rotate },
  { NULL },
};
