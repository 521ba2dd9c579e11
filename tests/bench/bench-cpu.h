/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Processor time used until now, in seconds. It says more than rates on a machine that has other work. */

/* Of the process @pid, which is to have one thread that works; 0 when there is none. */
double bench_cpu_of (int pid);
/* Of all of royal_test_cluster(): its processes that live, and those that have ended. */
double bench_cpu_of_database (void);

G_END_DECLS
