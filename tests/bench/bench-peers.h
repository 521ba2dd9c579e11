/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The peers that a benchmark runs in turn with itself, by tools/peers, if that has made them ready in the build directory.
 * Where they are absent, it says why on the standard error, and no figure is known. */
typedef struct BenchPeers BenchPeers;

/* @what: the command of tools/peers that runs one round, as "jobs"; @names and @figures: what it tells of whom, NULL-terminated
 * (both are kept, not copied). */
BenchPeers *bench_peers_new (const char *what,
                             const char *const *names,
                             const char *const *figures) G_GNUC_WARN_UNUSED_RESULT;
void bench_peers_free (BenchPeers *self);

/* Runs one round of all peers; the main loop turns meanwhile. After a round that failed there is none any more. */
void bench_peers_round (BenchPeers *self);

/* The median over the rounds of what @name told as @figure, in the unit of its name; 0 where it is not known. */
double bench_peers_median (BenchPeers *self, const char *name, const char *figure);

/* All medians as a table, or that there are none. */
void bench_peers_print (BenchPeers *self);

/* All medians as members of JSON, ",\"NAME_FIGURE\":…" each; "" where none is known. (transfer full) */
char *bench_peers_members (BenchPeers *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchPeers, bench_peers_free)

G_END_DECLS
