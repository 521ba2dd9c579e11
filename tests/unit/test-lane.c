/* SPDX-License-Identifier: Apache-2.0 */

/* Breaker, bucket and lane, with a clock of the test's. */

#include <rh-lane.h>

#define MS ((gint64)1000)
#define S (1000 * MS)

static const RhBreakerLimits limits = { .window_ms = 10000,
                                        .calls_min = 4,
                                        .failure_rate = 0.5,
                                        .open_ms = 1000,
                                        .open_max_ms = 4000 };

static void
fail_until_open (RhBreaker *breaker, gint64 now_us)
{
  for (guint i = 0; i < limits.calls_min; i++)
    rh_breaker_note (breaker, TRUE, now_us);
  g_assert_cmpint (rh_breaker_state (breaker, now_us), ==, RH_BREAKER_OPEN);
}

static void
test_opens (void)
{
  RhBreaker breaker;

  rh_breaker_init (&breaker, &limits);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (rh_breaker_admit (&breaker, S));
      rh_breaker_note (&breaker, TRUE, S);
    }
  g_assert_cmpint (rh_breaker_state (&breaker, S), ==, RH_BREAKER_CLOSED);
  rh_breaker_note (&breaker, TRUE, S);
  g_assert_cmpint (rh_breaker_state (&breaker, S), ==, RH_BREAKER_OPEN);
  g_assert_false (rh_breaker_admit (&breaker, S));
  g_assert_cmpuint (rh_breaker_wait_ms (&breaker, S), >=, 500);
  g_assert_cmpuint (rh_breaker_wait_ms (&breaker, S), <=, 1000);
}

/* It is the rate that counts, of the window alone. */
static void
test_rate (void)
{
  RhBreaker breaker;

  rh_breaker_init (&breaker, &limits);
  for (guint i = 0; i < 40; i++)
    rh_breaker_note (&breaker, i % 3 == 2, S);
  g_assert_cmpint (rh_breaker_state (&breaker, S), ==, RH_BREAKER_CLOSED);

  rh_breaker_init (&breaker, &limits);
  for (guint i = 0; i < 3; i++)
    rh_breaker_note (&breaker, TRUE, S);
  rh_breaker_note (&breaker, TRUE, 15 * S);
  g_assert_cmpint (rh_breaker_state (&breaker, 15 * S), ==, RH_BREAKER_CLOSED);
  for (guint i = 0; i < 3; i++)
    rh_breaker_note (&breaker, TRUE, 16 * S);
  g_assert_cmpint (rh_breaker_state (&breaker, 16 * S), ==, RH_BREAKER_OPEN);
}

static void
test_probe (void)
{
  RhBreaker breaker;
  gint64 now_us = S;

  rh_breaker_init (&breaker, &limits);
  fail_until_open (&breaker, now_us);
  /* What was on its way when it opened changes nothing. */
  rh_breaker_note (&breaker, FALSE, now_us);
  g_assert_cmpint (rh_breaker_state (&breaker, now_us), ==, RH_BREAKER_OPEN);

  now_us += S;
  g_assert_cmpint (rh_breaker_state (&breaker, now_us), ==, RH_BREAKER_HALF_OPEN);
  g_assert_true (rh_breaker_admit (&breaker, now_us));
  g_assert_false (rh_breaker_admit (&breaker, now_us));
  rh_breaker_note (&breaker, TRUE, now_us);
  g_assert_cmpint (rh_breaker_state (&breaker, now_us), ==, RH_BREAKER_OPEN);
  g_assert_cmpuint (rh_breaker_wait_ms (&breaker, now_us), >=, 1000); /* twice as long, half of it chance */

  now_us += 2 * S;
  g_assert_true (rh_breaker_admit (&breaker, now_us));
  rh_breaker_forget (&breaker);
  g_assert_true (rh_breaker_admit (&breaker, now_us));
  rh_breaker_note (&breaker, FALSE, now_us);
  g_assert_cmpint (rh_breaker_state (&breaker, now_us), ==, RH_BREAKER_CLOSED);
  /* And what was before is forgotten. */
  rh_breaker_note (&breaker, TRUE, now_us);
  g_assert_cmpint (rh_breaker_state (&breaker, now_us), ==, RH_BREAKER_CLOSED);
}

static void
test_longest (void)
{
  RhBreaker breaker;
  gint64 now_us = S;

  rh_breaker_init (&breaker, &limits);
  fail_until_open (&breaker, now_us);
  for (guint i = 0; i < 50; i++)
    {
      now_us += 4 * S;
      g_assert_true (rh_breaker_admit (&breaker, now_us));
      rh_breaker_note (&breaker, TRUE, now_us);
      g_assert_cmpuint (rh_breaker_wait_ms (&breaker, now_us), <=, 4000);
    }
  g_assert_cmpuint (rh_breaker_wait_ms (&breaker, now_us), >=, 2000);
}

static void
test_never (void)
{
  const RhBreakerLimits none = { 0 };
  RhBreaker breaker;

  rh_breaker_init (&breaker, &none);
  for (guint i = 0; i < 100; i++)
    rh_breaker_note (&breaker, TRUE, S);
  g_assert_true (rh_breaker_admit (&breaker, S));
}

static void
test_bucket (void)
{
  RhBucket bucket;

  rh_bucket_init (&bucket, 10, 2, S);
  g_assert_true (rh_bucket_take (&bucket, 1, S));
  g_assert_true (rh_bucket_take (&bucket, 1, S));
  g_assert_false (rh_bucket_take (&bucket, 1, S));
  g_assert_cmpuint (rh_bucket_wait_ms (&bucket, 1, S), ==, 100);
  g_assert_true (rh_bucket_take (&bucket, 1, S + 100 * MS));
  g_assert_false (rh_bucket_take (&bucket, 1, S + 150 * MS));
  /* It does not overflow while nobody takes. */
  g_assert_true (rh_bucket_take (&bucket, 2, 100 * S));
  g_assert_false (rh_bucket_take (&bucket, 1, 100 * S));

  rh_bucket_close (&bucket, 5000, 100 * S);
  rh_bucket_close (&bucket, 1000, 100 * S);
  g_assert_cmpuint (rh_bucket_wait_ms (&bucket, 1, 101 * S), ==, 4000);
  g_assert_false (rh_bucket_take (&bucket, 1, 104 * S));
  g_assert_true (rh_bucket_take (&bucket, 1, 105 * S));

  rh_bucket_set_level (&bucket, -1, 106 * S);
  g_assert_cmpuint (rh_bucket_wait_ms (&bucket, 1, 106 * S), ==, 200);
  /* What costs more than there can be passes when it is full, and is paid for. */
  g_assert_true (rh_bucket_take (&bucket, 10, 110 * S));
  g_assert_cmpuint (rh_bucket_wait_ms (&bucket, 1, 110 * S), ==, 900);
}

static void
test_no_rate (void)
{
  RhBucket bucket;

  rh_bucket_init (&bucket, 0, 0, S);
  for (guint i = 0; i < 1000; i++)
    g_assert_true (rh_bucket_take (&bucket, 1, S));
  rh_bucket_close (&bucket, 100, S);
  g_assert_false (rh_bucket_take (&bucket, 1, S));
}

static void
test_lane (void)
{
  RhLaneLimits few = { .in_flight = 2, .cost = 1, .breaker = limits };
  RhLane *lane = rh_lane_new ("test", "origin", &few);
  RhThrottle throttle = { .retry_after_ms = 500 };
  gint64 now_us = g_get_monotonic_time ();
  gboolean probe;
  int things[5];

  g_assert_cmpstr (rh_lane_name (lane), ==, "test origin");
  for (guint i = 0; i < G_N_ELEMENTS (things); i++)
    rh_lane_push (lane, &things[i]);
  g_assert_true (rh_lane_next (lane, &probe, now_us) == &things[0]);
  g_assert_true (rh_lane_next (lane, &probe, now_us) == &things[1]);
  g_assert_null (rh_lane_next (lane, &probe, now_us));
  g_assert_false (probe);
  g_assert_cmpuint (rh_lane_wait_ms (lane, now_us), ==, 0); /* for a place, not for time */
  rh_lane_done (lane, RH_LANE_ANSWERED, &throttle, now_us);
  g_assert_null (rh_lane_next (lane, &probe, now_us));
  g_assert_cmpuint (rh_lane_wait_ms (lane, now_us), ==, 500);
  g_assert_true (rh_lane_is_busy (lane, now_us));
  now_us += 500 * MS;
  g_assert_false (rh_lane_is_busy (lane, now_us));
  g_assert_true (rh_lane_next (lane, &probe, now_us) == &things[2]);
  for (guint i = 0; i < 2; i++)
    rh_lane_done (lane, RH_LANE_FAILED, NULL, now_us);
  g_assert_true (rh_lane_next (lane, &probe, now_us) == &things[3]);
  rh_lane_done (lane, RH_LANE_FAILED, NULL, now_us);
  g_assert_null (rh_lane_next (lane, &probe, now_us));
  g_assert_true (rh_lane_is_busy (lane, now_us));
  /* The one that may pass then is the probe; while one is in hand no more are claimed. */
  now_us += S;
  g_assert_false (rh_lane_is_busy (lane, now_us));
  rh_lane_count (lane, 1);
  g_assert_true (rh_lane_is_busy (lane, now_us));
  g_assert_true (rh_lane_next (lane, &probe, now_us) == &things[4]);
  g_assert_true (probe);
  rh_lane_done (lane, RH_LANE_ANSWERED, NULL, now_us);
  g_assert_false (rh_lane_is_busy (lane, now_us));
  rh_lane_free (lane);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/breaker/opens", test_opens);
  g_test_add_func ("/breaker/rate", test_rate);
  g_test_add_func ("/breaker/probe", test_probe);
  g_test_add_func ("/breaker/longest", test_longest);
  g_test_add_func ("/breaker/never", test_never);
  g_test_add_func ("/bucket/fills", test_bucket);
  g_test_add_func ("/bucket/no-rate", test_no_rate);
  g_test_add_func ("/lane", test_lane);
  return g_test_run ();
}
