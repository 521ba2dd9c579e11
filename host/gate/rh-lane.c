/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-lane.h"

#include "rh-log.h"
#include "rh-metrics.h"

struct _RhLane {
  char *name;
  RhLaneLimits limits;
  RhBreaker breaker;
  RhBucket bucket;
  GQueue waiting;
  guint in_flight;
  guint held;
};

RhLane *
rh_lane_new (const char *connector, const char *origin, const RhLaneLimits *limits)
{
  RhLane *self;

  g_return_val_if_fail (connector != NULL && limits != NULL, NULL);

  self = g_new0 (RhLane, 1);
  self->name = origin != NULL ? g_strconcat (connector, " ", origin, NULL) : g_strdup (connector);
  self->limits = *limits;
  self->limits.in_flight = MAX (limits->in_flight, 1);
  self->limits.cost = MAX (limits->cost, 0);
  rh_breaker_init (&self->breaker, &limits->breaker);
  rh_bucket_init (&self->bucket, MAX (limits->rate, 0), limits->burst, g_get_monotonic_time ());
  g_queue_init (&self->waiting);
  return self;
}

void
rh_lane_free (RhLane *self)
{
  if (self == NULL)
    return;
  g_queue_clear (&self->waiting);
  g_free (self->name);
  g_free (self);
}

const char *
rh_lane_name (const RhLane *self)
{
  return self->name;
}

guint
rh_lane_deadline_ms (const RhLane *self)
{
  return self->limits.deadline_ms;
}

static void
tell (RhLane *self)
{
  rh_metric_set (RH_METRIC_LANE_IN_FLIGHT, self->name, self->in_flight);
  rh_metric_set (RH_METRIC_LANE_WAITING, self->name, self->waiting.length);
}

static void
tell_breaker (RhLane *self, RhBreakerState before, gint64 now_us)
{
  static const double values[] = { [RH_BREAKER_CLOSED] = 0, [RH_BREAKER_OPEN] = 1, [RH_BREAKER_HALF_OPEN] = 0.5 };
  RhBreakerState state = rh_breaker_state (&self->breaker, now_us);
  g_autofree char *wait = NULL;

  rh_metric_set (RH_METRIC_LANE_BREAKER, self->name, values[state]);
  if (state == before)
    return;
  if (state == RH_BREAKER_OPEN)
    rh_metric_add (RH_METRIC_LANE_OPENED, self->name, 1);
  wait = g_strdup_printf ("%u", rh_breaker_wait_ms (&self->breaker, now_us));
  rh_log (state == RH_BREAKER_CLOSED ? RH_LOG_NOTICE : RH_LOG_WARNING, "connector.breaker",
          state == RH_BREAKER_CLOSED ? "a connector works again" : "a connector keeps failing: nothing is sent for now",
          "lane", self->name, "breaker", rh_breaker_state_name (state), "wait_ms", wait, NULL);
}

void
rh_lane_push (RhLane *self, gpointer waiting)
{
  g_return_if_fail (self != NULL && waiting != NULL);

  g_queue_push_tail (&self->waiting, waiting);
}

gpointer
rh_lane_next (RhLane *self, gboolean *ret_probe, gint64 now_us)
{
  g_return_val_if_fail (self != NULL && ret_probe != NULL, NULL);

  /* The breaker last: one that it lets pass is its probe. */
  if (self->waiting.length == 0 || self->in_flight >= self->limits.in_flight ||
      rh_bucket_wait_ms (&self->bucket, self->limits.cost, now_us) > 0 || !rh_breaker_admit (&self->breaker, now_us))
    return NULL;
  (void)!rh_bucket_take (&self->bucket, self->limits.cost, now_us);
  *ret_probe = self->breaker.state == RH_BREAKER_HALF_OPEN;
  self->in_flight++;
  tell (self);
  return g_queue_pop_head (&self->waiting);
}

void
rh_lane_done (RhLane *self, RhLaneOutcome outcome, const RhThrottle *throttle, gint64 now_us)
{
  RhBreakerState before;

  g_return_if_fail (self != NULL && self->in_flight > 0);

  before = rh_breaker_state (&self->breaker, now_us);
  self->in_flight--;
  if (outcome == RH_LANE_NOTHING)
    rh_breaker_forget (&self->breaker);
  else
    {
      rh_metric_add (RH_METRIC_LANE_CALLS, self->name, 1);
      if (outcome == RH_LANE_FAILED)
        rh_metric_add (RH_METRIC_LANE_FAILURES, self->name, 1);
      rh_breaker_note (&self->breaker, outcome == RH_LANE_FAILED, now_us);
    }
  if (throttle != NULL && throttle->retry_after_ms > 0)
    {
      rh_metric_add (RH_METRIC_LANE_THROTTLES, self->name, 1);
      rh_bucket_close (&self->bucket, throttle->retry_after_ms, now_us);
    }
  if (throttle != NULL && throttle->has_left)
    rh_bucket_set_level (&self->bucket, throttle->left, now_us);
  tell (self);
  tell_breaker (self, before, now_us);
}

guint
rh_lane_wait_ms (RhLane *self, gint64 now_us)
{
  g_return_val_if_fail (self != NULL, 0);

  return MAX (rh_breaker_wait_ms (&self->breaker, now_us),
              rh_bucket_wait_ms (&self->bucket, self->limits.cost, now_us));
}

gpointer
rh_lane_pop (RhLane *self)
{
  return g_queue_pop_head (&self->waiting);
}

guint
rh_lane_n_waiting (const RhLane *self)
{
  return self->waiting.length;
}

gboolean
rh_lane_remove (RhLane *self, gpointer waiting)
{
  return g_queue_remove (&self->waiting, waiting);
}

void
rh_lane_count (RhLane *self, int change)
{
  self->held += (guint)change;
}

guint
rh_lane_held (const RhLane *self)
{
  return self->held;
}

guint
rh_lane_in_flight (const RhLane *self)
{
  return self->in_flight;
}

gboolean
rh_lane_is_busy (RhLane *self, gint64 now_us)
{
  g_return_val_if_fail (self != NULL, TRUE);

  switch (rh_breaker_state (&self->breaker, now_us))
    {
    case RH_BREAKER_OPEN:
      return TRUE;
    case RH_BREAKER_HALF_OPEN:
      return self->held > 0; /* one of them is the probe */
    case RH_BREAKER_CLOSED:
    default:
      return self->held >= self->limits.in_flight || self->bucket.closed_until_us > now_us;
    }
}

JsonNode *
rh_lane_json (RhLane *self, gint64 now_us)
{
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_string_member (object, "lane", self->name);
  json_object_set_string_member (object, "breaker", rh_breaker_state_name (rh_breaker_state (&self->breaker, now_us)));
  json_object_set_int_member (object, "in_flight", self->in_flight);
  json_object_set_int_member (object, "waiting", self->waiting.length);
  json_object_set_int_member (object, "wait_ms", rh_lane_wait_ms (self, now_us));
  json_node_take_object (node, object);
  return node;
}
