/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-hooks.h"
#include "royal-test.h"
#include "trigger-fixture.h"

#include <royal-json.h>
#include <royal/error.h>
#include <string.h>

static void
start_hook (TriggerFixture *f, const char *options)
{
  g_autofree char *declared =
      g_strdup_printf ("'h':{'task':'echo','input':{'sku':{'$':'/body/sku'}},'webhook':{'secrets':['new','old'],"
                       "'header':'X-Sign','prefix':'sha256=',%s}}",
                       options);

  trigger_fixture_put_secret (f, "new", "first secret\n");
  trigger_fixture_put_secret (f, "old", "second secret");
  trigger_fixture_declare (f, declared);
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select count(*) from triggers", "1");
  royal_test_spin (100);
}

static void
test_hook (TriggerFixture *f, gconstpointer data)
{
  static const char body[] = "{\"sku\": \"a-1\"}";
  g_autofree char *by_new = trigger_fixture_sign ("first secret", body);
  g_autofree char *by_old = trigger_fixture_sign ("second secret", "{}");
  g_autofree char *by_none = trigger_fixture_sign ("third secret", body);
  g_autofree char *new_header = g_strconcat ("sha256=", by_new, NULL);
  g_autofree char *old_header = g_strconcat ("sha256=", by_old, NULL);
  g_autofree char *bad_header = g_strconcat ("sha256=", by_none, NULL);
  const char *good[] = { "X-Sign", new_header, NULL };
  const char *old[] = { "X-Sign", old_header, NULL };
  const char *bad[] = { "X-Sign", bad_header, NULL };
  const char *none[] = { NULL };

  start_hook (f, "'max_bytes':20");
  trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.h", body, good), "accepted");
  trigger_fixture_expect ("select input->>'sku' || ' ' || (context->>'by') || ' ' || (context->>'trace') from jobs",
                          "a-1 good.h 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.h", body, good), "known");
  trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.h", "{}", old), "accepted");
  /* Whatever is wrong is answered alike. */
  trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.h", body, bad), TRIGGER_FIXTURE_REFUSED);
  trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.h", body, none), TRIGGER_FIXTURE_REFUSED);
  trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.h", "{\"sku\":2}", good),
                                 TRIGGER_FIXTURE_REFUSED);
  trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.g", body, good), TRIGGER_FIXTURE_REFUSED);
  trigger_fixture_expect_answer (trigger_fixture_deliver (f, "other", "good.h", body, good), TRIGGER_FIXTURE_REFUSED);
  trigger_fixture_expect ("select count(*) from jobs", "2");
  /* After the time for which it is known it is new. */
  host_fixture_sql ("update trigger_firings set at = now () - interval '25 hours'");
  trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.h", body, good), "accepted");
  trigger_fixture_expect ("select count(*) from jobs", "3");
  /* The old secret is gone. */
  trigger_fixture_put_secret (f, "old", "another");
  trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.h", "{}", old), TRIGGER_FIXTURE_REFUSED);
}

/* What comes twice while a transaction is under way is in the next one twice. */
static void
test_hook_twice (TriggerFixture *f, gconstpointer data)
{
  start_hook (f, "'max_bytes':20");
  trigger_fixture_expect ("select string_agg (f.fresh::text, ' ') || ' ' || count (distinct f.started)"
                          " from (select t.name, t.version, set_config ('royal.workspace', t.workspace_id::text, true) "
                          "from triggers t offset 0) t,"
                          " jsonb_build_object ('name', t.name, 'version', t.version, 'keys', jsonb_build_array "
                          "('k1'), 'remember_s', 60, 'request',"
                          "   jsonb_build_object ('agent', 'good', 'task', 'echo', 'input', '{}'::jsonb)) x,"
                          " trigger_fire_all (jsonb_build_array (x, x, jsonb_set (x, '{keys}', '[\"k2\"]'), x)) f",
                          "true false true false 2");
  trigger_fixture_expect ("select count (*) from jobs", "2");
}

static void
test_hook_bounds (TriggerFixture *f, gconstpointer data)
{
  g_autofree char *long_sign = trigger_fixture_sign ("first secret", "\"0123456789\"");
  g_autofree char *long_header = g_strconcat ("sha256=", long_sign, NULL);
  const char *long_headers[] = { "X-Sign", long_header, NULL };

  start_hook (f, "'max_bytes':10,'per_minute':3");
  trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.h", "\"0123456789\"", long_headers),
                                 "expected a body of at most 10 bytes");
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *body = g_strdup_printf ("%u", i);
      g_autofree char *signature = trigger_fixture_sign ("first secret", body);
      g_autofree char *header = g_strconcat ("sha256=", signature, NULL);
      const char *headers[] = { "X-Sign", header, NULL };

      trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.h", body, headers),
                                     i < 3 ? "accepted" : "more deliveries a minute than this webhook takes");
      if (i < 3)
        continue;
      trigger_fixture_call (f, "trigger_pause ('good.h', true, 'someone')");
      royal_test_spin (200);
      trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.h", body, headers),
                                     "the webhook is paused");
    }
}

static void
test_hook_time (TriggerFixture *f, gconstpointer data)
{
  static const struct {
    gint64 ago_s;
    const char *answer;
  } cases[] = { { 0, "accepted" },
                { 250, "accepted" },
                { -250, "accepted" },
                { 400, TRIGGER_FIXTURE_REFUSED },
                { -400, TRIGGER_FIXTURE_REFUSED } };

  start_hook (f, "'content':'{id}.{timestamp}.{body}','timestamp_header':'X-Time','id_header':'X-Id'");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *time =
          g_strdup_printf ("%" G_GINT64_FORMAT, g_get_real_time () / G_USEC_PER_SEC - cases[i].ago_s);
      g_autofree char *text = g_strconcat ("m1.", time, ".{}", NULL);
      g_autofree char *signature = trigger_fixture_sign ("first secret", text);
      g_autofree char *header = g_strconcat ("sha256=", signature, NULL);
      const char *headers[] = { "X-Sign", header, "X-Time", time, "X-Id", "m1", NULL };
      const char *no_time[] = { "X-Sign", header, "X-Id", "m1", NULL };
      const char *other_id[] = { "X-Sign", header, "X-Time", time, "X-Id", "m2", NULL };

      trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.h", "{}", headers), cases[i].answer);
      trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.h", "{}", no_time),
                                     TRIGGER_FIXTURE_REFUSED);
      trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.h", "{}", other_id),
                                     TRIGGER_FIXTURE_REFUSED);
    }
}

/* --- webhooks of services ----------------------------------------------------------------------------------------- */

static char *
sign_base64 (const char *secret, const char *text)
{
  guint8 mac[32];
  gsize length = sizeof mac;
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, (const guchar *)secret, strlen (secret));

  g_hmac_update (hmac, (const guchar *)text, -1);
  g_hmac_get_digest (hmac, mac, &length);
  return g_base64_encode (mac, length);
}

static char *
sign_github (const char *secret, const char *text)
{
  g_autofree char *hex = trigger_fixture_sign (secret, text);

  return g_strconcat ("sha256=", hex, NULL);
}

/* Two triggers of GitHub, one of another secret, and one of Shopify. */
static void
start_services (TriggerFixture *f)
{
  trigger_fixture_put_secret (f, "hub", "first secret");
  trigger_fixture_put_secret (f, "hub-b", "second secret");
  trigger_fixture_put_secret (f, "shop", "hush");
  trigger_fixture_declare (
      f, "'push':{'task':'echo','input':{'event':{'$':'/event'},'ref':{'$':'/body/ref'}},'webhook':{'service':"
         "'github','secrets':['hub'],'events':['push','pull_request.closed'],'from':['Acme/shop']}},"
         "'all':{'task':'echo','webhook':{'service':'github','secrets':['hub-b','hub']}},"
         "'shop':{'task':'echo','input':{'shop':{'$':'/source'}},'webhook':{'service':'shopify','secrets':['shop'],"
         "'max_bytes':100}}");
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select count(*) from triggers", "3");
  royal_test_spin (100);
}

#define PUSH "{\"ref\":\"refs/heads/main\",\"repository\":{\"full_name\":\"acme/shop\"}}"
#define OTHER "{\"ref\":\"refs/heads/main\",\"repository\":{\"full_name\":\"acme/other\"}}"
#define CLOSED "{\"action\":\"closed\",\"repository\":{\"full_name\":\"acme/shop\"}}"
#define OPENED "{\"action\":\"opened\",\"repository\":{\"full_name\":\"acme/shop\"}}"

static char *
deliver_github (TriggerFixture *f, const char *secret, const char *event, const char *id, const char *body)
{
  g_autofree char *signature = sign_github (secret, body);
  const char *headers[] = { "X-Hub-Signature-256", signature, "X-GitHub-Event", event, "X-GitHub-Delivery", id, NULL };

  return trigger_fixture_deliver (f, NULL, "github", body, headers);
}

static void
test_github (TriggerFixture *f, gconstpointer data)
{
  static const struct {
    const char *secret;
    const char *event;
    const char *id;
    const char *body;
    const char *answer;
    const char *by_push; /* how many jobs the trigger has then */
    const char *by_all;
  } cases[] = {
    { "first secret", "push", "d1", PUSH, "accepted", "1", "1" },
    { "first secret", "push", "d1", PUSH, "known", "1", "1" },
    /* With another id, which is not signed. */
    { "first secret", "push", "d2", PUSH, "known", "1", "1" },
    /* The id that was seen with that body. */
    { "first secret", "push", "d2", PUSH " ", "known", "1", "1" },
    { "first secret", "push", "d3", OTHER, "accepted", "1", "2" },
    /* Another event in the same words. */
    { "first secret", "create", "d3", OTHER, "accepted", "1", "3" },
    { "first secret", "pull_request", "d4", OPENED, "accepted", "1", "4" },
    { "first secret", "pull_request", "d5", CLOSED, "accepted", "2", "5" },
    { "second secret", "push", "d6", PUSH "  ", "accepted", "2", "6" },
    { "third secret", "push", "d7", "{}", TRIGGER_FIXTURE_REFUSED, "2", "6" },
    { "first secret", "", "d8", "{}", TRIGGER_FIXTURE_REFUSED, "2", "6" },
    { "first secret", "push", "", "{}", TRIGGER_FIXTURE_REFUSED, "2", "6" },
    { "first secret", "ping", "d9", "", TRIGGER_FIXTURE_REFUSED, "2", "6" },
    { "first secret", "ping", "d10", "{", "expected a body of JSON", "2", "6" },
  };

  start_services (f);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      trigger_fixture_expect_answer (deliver_github (f, cases[i].secret, cases[i].event, cases[i].id, cases[i].body),
                                     cases[i].answer);
      trigger_fixture_expect ("select count(*) from jobs where context->>'by' = 'good.push'", cases[i].by_push);
      trigger_fixture_expect ("select count(*) from jobs where context->>'by' = 'good.all'", cases[i].by_all);
    }
  trigger_fixture_expect ("select input::text from jobs where context->>'by' = 'good.push' order by id limit 1",
                          "{\"ref\": \"refs/heads/main\", \"event\": \"push\"}");
  /* A trigger of a service has no address of its own. */
  trigger_fixture_expect_answer (trigger_fixture_deliver (f, "test", "good.all", PUSH, (const char *[]){ NULL }),
                                 TRIGGER_FIXTURE_REFUSED);
}

static void
count_product (const char *service, JsonObject *happened, gpointer data)
{
  guint *n = data;

  *n += strcmp (service, "shopify") == 0 &&
        strcmp (royal_json_string (happened, "event", ""), "products/update") == 0 &&
        strcmp (royal_json_string (happened, "source", ""), "acme.myshopify.com") == 0 &&
        royal_json_int (royal_json_object (happened, "body"), "n", 0) > 0;
}

static void
test_shopify (TriggerFixture *f, gconstpointer data)
{
  static const struct {
    const char *body;
    const char *id;
    const char *event; /* (nullable) */
    gint64 ago_s;      /* -1: no time is told */
    const char *answer;
  } cases[] = {
    { "1", "w1", "e1", 0, "accepted" },
    { "1", "w1", "e1", 0, "known" },
    /* The same thing told twice, and differently. */
    { "2", "w2", "e1", 0, "known" },
    { "3", "w3", NULL, -1, "accepted" },
    { "3", "w4", NULL, -1, "known" },
    { "4", "w3", NULL, -1, "known" },
    /* It tries again for hours. */
    { "5", "w5", "e5", 4 * 3600, "accepted" },
    { "6", "w6", "e6", 7 * 3600, TRIGGER_FIXTURE_REFUSED },
    { "7", "w7", "e7", -200, "accepted" },
    { "8", "w8", "e8", -400, TRIGGER_FIXTURE_REFUSED },
  };
  guint told = 0;

  start_services (f);
  rh_triggers_on_delivery (f->a, count_product, &told);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint family = 0; family < 2; family++)
      {
        g_autofree char *body = g_strdup_printf ("{\"n\":%s,\"family\":%u}", cases[i].body, family);
        g_autofree char *signature = sign_base64 ("hush", body);
        g_autofree char *id = g_strdup_printf ("%u%s", family, cases[i].id);
        g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
        g_autoptr (GDateTime) time = g_date_time_add_seconds (now, (double)-cases[i].ago_s);
        g_autofree char *text = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S.123456789Z");
        const char *headers[] = { "X-Shopify-Hmac-Sha256",
                                  signature,
                                  "X-Shopify-Topic",
                                  "products/update",
                                  "X-Shopify-Shop-Domain",
                                  "acme.myshopify.com",
                                  "X-Shopify-API-Version",
                                  "2026-07",
                                  "X-Shopify-Webhook-Id",
                                  id,
                                  cases[i].ago_s == -1 ? NULL : "X-Shopify-Triggered-At",
                                  text,
                                  cases[i].event == NULL ? NULL : "X-Shopify-Event-Id",
                                  cases[i].event,
                                  NULL };

        /* The newer headers say nothing of what happened but the time. */
        for (guint n = 0; family == 1 && headers[n] != NULL; n += 2)
          headers[n] += strlen ("X-");
        if (family == 1 && cases[i].event != NULL && strcmp (cases[i].body, "2") == 0)
          continue;
        trigger_fixture_expect_answer (trigger_fixture_deliver (f, NULL, "shopify", body, headers), cases[i].answer);
      }
  trigger_fixture_expect ("select count(*) || ' ' || min (input->>'shop') || ' ' || max (input->>'shop') from jobs",
                          "8 acme.myshopify.com acme.myshopify.com");
  /* Of all that were signed and in time, also those that were known: but not of the others. */
  g_assert_cmpuint (told, ==, 15);
  rh_triggers_on_delivery (f->a, NULL, NULL);
}

/* --- many at once ------------------------------------------------------------------------------------------------- */

#define TOGETHER 40

static const char *
header_of (gpointer data, const char *name)
{
  const char *const *headers = data;

  for (guint i = 0; headers[i] != NULL; i += 2)
    if (strcmp (headers[i], name) == 0)
      return headers[i + 1];
  return NULL;
}

static void
begin_delivery (TriggerFixture *f, guint i, const char *body, GAsyncResult **ret_result)
{
  g_autofree char *signature = sign_github ("first secret", body);
  g_autofree char *id = g_strdup_printf ("together-%u", i);
  g_autoptr (GBytes) bytes = g_bytes_new (body, strlen (body));
  const char *headers[] = { "X-Hub-Signature-256", signature, "X-GitHub-Event", "push", "X-GitHub-Delivery", id, NULL };
  RhDelivery delivery = { .service = "github",
                          .header = header_of,
                          .data = headers,
                          .body = bytes,
                          .type = "application/json",
                          .peer = "127.0.0.1" };

  rh_hooks_deliver_async (f->a, &delivery, royal_test_result, ret_result);
}

/* They share transactions: the same one twice starts one job, and one that cannot be does not keep the others from it.
 */
static void
test_together (TriggerFixture *f, gconstpointer data)
{
  GAsyncResult *results[TOGETHER] = { NULL };
  guint n_fresh = 0, n_known = 0, n_failed = 0;

  start_services (f);
  host_fixture_sql (
      "create function no_bad () returns trigger language plpgsql as $$ begin if new.input->>'ref' = 'bad' "
      "then raise exception 'no' using errcode = 'RY429'; end if; return new; end $$; create trigger no_bad "
      "before insert on jobs for each row execute function no_bad ()");
  for (guint i = 0; i < TOGETHER; i++)
    {
      g_autofree char *ref = i == 20 ? g_strdup ("bad") : g_strdup_printf ("%u", i == 31 ? 30 : i);
      g_autofree char *body = g_strdup_printf ("{\"ref\":\"%s\",\"repository\":{\"full_name\":\"acme/shop\"}}", ref);

      begin_delivery (f, i, body, &results[i]);
    }
  for (guint i = 0; i < TOGETHER; i++)
    {
      g_autoptr (GAsyncResult) result = royal_test_wait (&results[i]);
      g_autoptr (GError) error = NULL;
      gboolean fresh = FALSE;
      g_auto (GStrv) started = rh_hooks_deliver_finish (f->a, result, &fresh, &error);

      n_fresh += started != NULL && fresh;
      n_known += started != NULL && !fresh;
      n_failed += g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT);
    }
  g_assert_cmpuint (n_fresh, ==, TOGETHER - 2);
  g_assert_cmpuint (n_known, ==, 1);
  g_assert_cmpuint (n_failed, ==, 1);
  trigger_fixture_expect ("select count(*) from jobs where context->>'by' = 'good.push'", "38");
  trigger_fixture_expect ("select fired from triggers where name = 'good.push'", "38");
  trigger_fixture_expect ("select count(*) from trigger_firings where started is null", "0");
  host_fixture_sql ("drop trigger no_bad on jobs; drop function no_bad ()");
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test) (TriggerFixture *f, gconstpointer data);
  } tests[] = {
    { "/webhooks/own", test_hook },         { "/webhooks/bounds", test_hook_bounds },
    { "/webhooks/time", test_hook_time },   { "/webhooks/github", test_github },
    { "/webhooks/shopify", test_shopify },  { "/webhooks/together", test_together },
    { "/webhooks/twice", test_hook_twice },
  };

  royal_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, TriggerFixture, NULL, trigger_fixture_set_up, tests[i].test, trigger_fixture_tear_down);
  return royal_test_run ();
}
