/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The gate under load, on royal_test_cluster(): proposals that policy decides `auto`, executed against the null
 * connector. */
typedef struct _GateLoad GateLoad;

GateLoad *gate_load_new (guint clients);
void gate_load_free (GateLoad *self);

/* Processor time: of this process, which is host and clients at once, and of all of the database's. */
typedef struct {
  double host;
  double database;
} GateCpu;

/* What was used until now, in seconds. */
GateCpu gate_load_cpu (void);

/* Executed effects a second over @seconds; what is still open at the end of the time is not counted, but waited for.
 * @ret_cpu_us: (nullable): microseconds of processor time for each. */
double gate_load_measure (GateLoad *self, double seconds, GateCpu *ret_cpu_us);

G_END_DECLS
