/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-store.h"

G_BEGIN_DECLS

/**
 * RhRowsFunc:
 * @rows: (nullable): those that came, which others may look at too; NULL with @error set
 */
typedef void (*RhRowsFunc) (RhRows *rows, const GError *error, gpointer data);

/**
 * rh_reads_call:
 * @statement: one that reads (%RH_READS)
 * @then: called once
 *
 * As rh_store_call_async(), for what many ask at the same time. Those that ask the same (the statement, the workspace, the
 * parameters) before the loop has nothing else to do first (5 ms at most), or while a call is under way, wait, and the next call
 * is for all of them: each is answered by a call that was sent after it had asked, so that nobody is told what was true before.
 */
void rh_reads_call (RhStore            *store,
                    const RhStatement  *statement,
                    gint64              workspace,
                    const char *const  *params,
                    RhRowsFunc          then,
                    gpointer            data);

G_END_DECLS
