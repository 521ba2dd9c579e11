/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Spans of the host, as W3C Trace Context has them: one trace goes from what triggers a job through its run, its
 * proposals and their approval to the effect. What ends is handed to rh-trace-export.h. Main context only. */
typedef struct _RhSpan RhSpan;

/* As OTLP numbers them. */
typedef enum {
  RH_SPAN_INTERNAL = 1,
  RH_SPAN_SERVER = 2,
  RH_SPAN_CLIENT = 3,
  RH_SPAN_PRODUCER = 4,
  RH_SPAN_CONSUMER = 5,
} RhSpanKind;

/* `00-<32 hexadecimal digits>-<16>-<2>`, neither id all zero: version 00 of https://www.w3.org/TR/trace-context/ . A later
 * version is taken as far as it looks like this one. */
#define RH_TRACEPARENT_LENGTH 55
gboolean rh_traceparent_is_valid (const char *text);

/**
 * rh_trace_configure:
 * @ended: (nullable): takes each span that ends (transfer full); NULL: no spans are made
 * @ratio: the share of new traces that is recorded, from 0 to 1
 */
void rh_trace_configure (void (*ended) (RhSpan *span), double ratio);

/* FALSE: no span is made, and none needs its notes. */
gboolean rh_trace_is_on (void);

/**
 * rh_span_start:
 * @name: a few words of low cardinality, such as `run pricing`
 * @parent: (nullable): a traceparent; one that is malformed counts as none
 *
 * Returns: (transfer full) (nullable): a span that begins now; NULL when nothing records it. Every function here takes a NULL span.
 */
RhSpan *rh_span_start (const char *name, RhSpanKind kind, const char *parent) G_GNUC_WARN_UNUSED_RESULT;

/* The same, for what began at @start_us of the real-time clock. */
RhSpan *
rh_span_start_at (const char *name, RhSpanKind kind, const char *parent, gint64 start_us) G_GNUC_WARN_UNUSED_RESULT;

/* (nullable): what the span's children name as their parent: its own traceparent, else @parent where that is valid, so that a
 * caller's trace goes on even where nothing is recorded. */
const char *rh_span_traceparent (RhSpan *self, const char *parent);

/* Notes something; no secrets, no personal data. A NULL value is left out. */
void rh_span_set (RhSpan *self, const char *key, const char *value);

/* (transfer full): the span ends now; @error (nullable) is what went wrong. */
void rh_span_end (RhSpan *self, const char *error);

/* What the exporter reads. */
typedef struct {
  char *key;
  char *value;
} RhSpanNote;

struct _RhSpan {
  char *name;
  RhSpanKind kind;
  char trace[33];
  char id[17];
  char parent[17]; /* "" = a root */
  char traceparent[RH_TRACEPARENT_LENGTH + 1];
  gint64 start_us;
  gint64 end_us;
  char *error;
  GArray *notes; /* RhSpanNote */
};

void rh_span_free (RhSpan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhSpan, rh_span_free)

G_END_DECLS
