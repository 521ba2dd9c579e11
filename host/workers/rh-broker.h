/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-run.h"

G_BEGIN_DECLS

/* Answers what a run asks for. Who asks is known from the run, never from the message: the grants checked, the identity
 * handed to the gate and the state's owner are those of the agent that the run was given to. */
typedef struct _RhBroker RhBroker;

RhBroker *rh_broker_new (RhStore *store, RhConnectors *connectors, RhGate *gate) G_GNUC_WARN_UNUSED_RESULT;
void rh_broker_free (RhBroker *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhBroker, rh_broker_free)

/**
 * RhBrokerAnswer:
 * @worker: as passed to rh_broker_call()
 * @result: (nullable) (transfer none): the answer, unless there is a table or an error
 * @table_fd: a table, or -1; closed by the broker after the call
 */
typedef void (*RhBrokerAnswer) (gpointer       worker,
                                RhRun         *run,
                                guint64        id,
                                JsonNode      *result,
                                int            table_fd,
                                const GError  *error);

/**
 * rh_broker_call:
 * @worker: a GObject, kept alive until the answer
 * @params: (transfer none): hostile
 *
 * Answers call @id of @run: @answer is called once, now or later.
 */
void rh_broker_call (RhBroker        *self,
                     RhRun           *run,
                     guint64          id,
                     const char      *method,
                     JsonObject      *params,
                     RhBrokerAnswer   answer,
                     gpointer         worker);

G_END_DECLS
