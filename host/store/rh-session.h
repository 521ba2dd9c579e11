/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>
#include <libpq-fe.h>

G_BEGIN_DECLS

/* A dedicated connection on the main context, without pipeline mode, for COPY. */
typedef struct _RhSession RhSession;

typedef enum {
  RH_SESSION_GONE,  /* the step freed the session */
  RH_SESSION_WAIT,  /* for the socket; for at most 30 s */
  RH_SESSION_FLUSH, /* for what was sent to go out whole; for at most 30 s */
  RH_SESSION_AGAIN, /* in the next turn of the loop, with or without the socket */
  RH_SESSION_REST,  /* nothing is expected; the server may still end the connection */
} RhSessionNext;

/* Called when input has been taken, or output went out. @error (nullable): the connection is lost, or it timed out. */
typedef RhSessionNext (*RhSessionStep) (RhSession *self, const GError *error, gpointer data);

/* @connection: (transfer full): non-blocking */
RhSession *rh_session_new (PGconn *connection, RhSessionStep step, gpointer data) G_GNUC_WARN_UNUSED_RESULT;

/* Closes the connection; a statement that still runs is asked to stop. */
void rh_session_free (RhSession *self);

PGconn *rh_session_connection (RhSession *self);

/* After something was sent outside of a step. */
void rh_session_wake (RhSession *self);

G_END_DECLS
