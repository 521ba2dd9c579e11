/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-store.h"

#include <libpq-fe.h>

G_BEGIN_DECLS

/* One statement on its way through the store, with whoever waits for it. */
typedef struct {
  GTask *task; /* NULL once it was answered, which a cancelled call is early */
  const RhStatement *statement;
  char workspace[24]; /* empty: none */
  char **params;
  gint64 start_us;
  gint64 deadline_us;
  GSource *cancel;
  PGresult *result; /* of the statement, or of what failed before it */
  guint n_results;
  guint set_workspace_at; /* the numbers of the results that tell of a preparation, else G_MAXUINT */
  guint prepared_at;
  gboolean retried;
} RhCall;

RhCall *rh_call_new (GTask             *task,
                     const RhStatement *statement,
                     gint64             workspace,
                     const char *const *params) G_GNUC_WARN_UNUSED_RESULT;
void rh_call_free (RhCall *self);

/* An array of @n texts, any of which may be NULL. */
char **rh_params_copy (const char *const *params, guint n) G_GNUC_WARN_UNUSED_RESULT;
void rh_params_free (char **params, guint n);

/* How long the calls made from now on may take, 30 s unless told. */
void rh_call_set_timeout (guint timeout_ms);

/* Answer, and free. A call that was cancelled is freed only. */
void rh_call_return_result (RhCall *self);
void rh_call_return_error (RhCall *self, GError *error);

G_END_DECLS
