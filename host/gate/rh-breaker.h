/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"

G_BEGIN_DECLS

/* Closed: all may pass. Open: nobody, until its time is over. Half open: one, and what becomes of it decides. */
typedef enum { RH_BREAKER_CLOSED, RH_BREAKER_OPEN, RH_BREAKER_HALF_OPEN } RhBreakerState;

#define RH_BREAKER_SLOTS 10

/**
 * RhBreaker:
 *
 * A circuit breaker: what went to one origin over the last while, and whether more may go. Time is what the caller
 * says, monotonic, in microseconds. A plain value, made with rh_breaker_init().
 */
typedef struct {
  RhBreakerLimits limits;
  RhBreakerState state;
  struct {
    gint64 number; /* which stretch of time it counts */
    guint calls;
    guint failures;
  } slots[RH_BREAKER_SLOTS];
  gint64 open_until_us;
  guint opened;     /* how often in a row */
  gboolean probing; /* the one that may pass is on its way */
} RhBreaker;

/* @limits with a `window_ms` of 0 make one that never opens. */
void rh_breaker_init (RhBreaker *self, const RhBreakerLimits *limits);

/* Its state now: an open one whose time is over is half open. */
RhBreakerState rh_breaker_state (RhBreaker *self, gint64 now_us);

/* Whether one more may pass; in a half open one it is the probe then, until rh_breaker_note() or rh_breaker_forget().
 */
gboolean rh_breaker_admit (RhBreaker *self, gint64 now_us) G_GNUC_WARN_UNUSED_RESULT;

/* How long until one may pass: 0 = now, or when the probe has come back. */
guint rh_breaker_wait_ms (RhBreaker *self, gint64 now_us);

/* What became of one that was admitted. */
void rh_breaker_note (RhBreaker *self, gboolean failed, gint64 now_us);

/* What became of one that was admitted says nothing about its origin. */
void rh_breaker_forget (RhBreaker *self);

/* `closed`, `open`, `half-open` */
const char *rh_breaker_state_name (RhBreakerState state);

G_END_DECLS
