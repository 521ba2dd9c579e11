/* SPDX-License-Identifier: Apache-2.0 */
#include "trigger-fixture.h"

#include "rh-hooks.h"
#include "royal-test.h"

#include <glib/gstdio.h>
#include <string.h>

#define WAIT_MS 10000

void
trigger_fixture_put_secret (TriggerFixture *f, const char *name, const char *value)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, value, -1, &error);
  g_assert_no_error (error);
}

static RhSecrets *
make_secrets (TriggerFixture *f)
{
  g_autoptr (GError) error = NULL;
  RhSecrets *secrets;

  f->folder = g_build_filename (f->host.root, "secrets", NULL);
  g_assert_cmpint (g_mkdir (f->folder, 0700), ==, 0);
  secrets = rh_secrets_new (f->host.store, &(RhSecretsConfig){ .folder = f->folder }, f->host.workspace, &error);
  g_assert_no_error (error);
  return secrets;
}

void
trigger_fixture_set_up (TriggerFixture *f, gconstpointer data)
{
  host_fixture_set_up (&f->host, data);
  host_fixture_sql ("truncate triggers, trigger_firings, told_events");
  f->secrets = make_secrets (f);
  f->a = rh_triggers_new (f->host.store, f->host.registry, f->secrets, f->host.workspace, "test", "host-a");
  f->b = rh_triggers_new (f->host.store, f->host.registry, f->secrets, f->host.workspace, "test", "host-b");
}

static gboolean
is_gone (gpointer data)
{
  return *(gpointer *)data == NULL;
}

/* It ends when what is under way has been answered. */
static void
drop (RhTriggers *triggers)
{
  gpointer weak = triggers;

  g_object_add_weak_pointer (G_OBJECT (triggers), &weak);
  g_object_unref (triggers);
  royal_test_wait_until (is_gone, &weak, WAIT_MS);
}

void
trigger_fixture_tear_down (TriggerFixture *f, gconstpointer data)
{
  rh_triggers_stop (f->a);
  rh_triggers_stop (f->b);
  drop (f->a);
  drop (f->b);
  g_assert_finalize_object (f->secrets);
  g_free (f->folder);
  host_fixture_tear_down (&f->host, data);
}

/* Declares triggers of the agent `good`. */
void
trigger_fixture_declare (TriggerFixture *f, const char *triggers)
{
  g_autofree char *rest = g_strdup_printf ("'triggers':{%s}", triggers);

  host_fixture_enable (&f->host, "good", "good", rest);
  host_fixture_load (&f->host);
}

void
trigger_fixture_start_both (TriggerFixture *f)
{
  rh_triggers_start (f->a);
  rh_triggers_start (f->b);
}

typedef struct {
  const char *sql;
  const char *value;
} Is;

static gboolean
is_so (gpointer data)
{
  const Is *is = data;
  g_autofree char *value = host_fixture_value (is->sql);

  return strcmp (value, is->value) == 0;
}

void
trigger_fixture_wait_for (const char *sql, const char *value)
{
  royal_test_wait_until (is_so, &(Is){ sql, value }, WAIT_MS);
}

void
trigger_fixture_expect (const char *sql, const char *value)
{
  g_autofree char *found = host_fixture_value (sql);

  if (strcmp (found, value) != 0)
    g_error ("%s: expected %s, found %s", sql, value, found);
}

void
trigger_fixture_call (TriggerFixture *f, const char *sql)
{
  g_autofree char *text = g_strdup_printf ("do $$ begin perform set_config ('royal.workspace', '%" G_GINT64_FORMAT
                                           "', true); perform %s; end $$",
                                           f->host.workspace, sql);

  host_fixture_sql (text);
}

static const char *
header_of (gpointer data, const char *name)
{
  return g_hash_table_lookup (data, name);
}

/* Delivers, and returns what was answered: accepted, known, unwanted, or the error. @workspace: NULL for a service.
 * @headers: name, value, … NULL */
char *
trigger_fixture_deliver (TriggerFixture *f,
                         const char *workspace,
                         const char *name,
                         const char *body,
                         const char *const *headers)
{
  g_autoptr (GHashTable) table = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GBytes) bytes = g_bytes_new (body, strlen (body));
  RhDelivery delivery = { .service = workspace == NULL ? name : NULL,
                          .workspace = workspace,
                          .name = name,
                          .header = header_of,
                          .data = table,
                          .body = bytes,
                          .type = "application/json",
                          .peer = "127.0.0.1",
                          .trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) started = NULL;
  gboolean fresh = FALSE;

  for (guint i = 0; headers[i] != NULL; i += 2)
    g_hash_table_insert (table, (gpointer)headers[i], (gpointer)headers[i + 1]);
  rh_hooks_deliver_async (f->a, &delivery, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  started = rh_hooks_deliver_finish (f->a, result, &fresh, &error);
  if (started == NULL)
    return g_strdup (error->message);
  return g_strdup (fresh ? "accepted" : started[0] != NULL ? "known" : "unwanted");
}

char *
trigger_fixture_sign (const char *secret, const char *text)
{
  return g_compute_hmac_for_string (G_CHECKSUM_SHA256, (const guchar *)secret, strlen (secret), text, -1);
}

void
trigger_fixture_expect_answer (char *answer, const char *expected)
{
  g_autofree char *taken = answer;

  g_assert_cmpstr (taken, ==, expected);
}
