/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RhBucket:
 *
 * A token bucket: it fills by @rate tokens a second up to @burst, and everything that passes takes one or more. Time is
 * what the caller says, monotonic, in microseconds. A plain value, made with rh_bucket_init().
 */
typedef struct {
  double rate;
  double burst;
  double level;
  gint64 at_us;
  gint64 closed_until_us; /* who is behind it said: not before */
} RhBucket;

/* A @rate of 0 makes one that is never empty. */
void rh_bucket_init (RhBucket *self, double rate, double burst, gint64 now_us);

/* Takes @cost tokens if they are there. One that costs more than the bucket holds passes when it is full. */
gboolean rh_bucket_take (RhBucket *self, double cost, gint64 now_us) G_GNUC_WARN_UNUSED_RESULT;

/* How long until @cost tokens will be there; 0 = now. */
guint rh_bucket_wait_ms (RhBucket *self, double cost, gint64 now_us);

/* Nothing passes for @ms. A shorter time than is in force changes nothing. */
void rh_bucket_close (RhBucket *self, guint ms, gint64 now_us);

/* Who counts says that @level tokens are left. */
void rh_bucket_set_level (RhBucket *self, double level, gint64 now_us);

G_END_DECLS
