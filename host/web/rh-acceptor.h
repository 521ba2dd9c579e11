/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connection.h"

G_BEGIN_DECLS

/* Accepts connections on one socket, forever: running out of descriptors pauses it, nothing ends it but stop. */
typedef struct _RhAcceptor RhAcceptor;

/* (transfer full) of @connection is the callee's reference to take. */
typedef void (*RhAccepted) (RhConnection *connection, gpointer data);

/* @socket: a bound, listening socket; a reference is taken. */
RhAcceptor *rh_acceptor_new (GSocket *socket, RhAccepted accepted, gpointer data) G_GNUC_WARN_UNUSED_RESULT;
/* Stops and closes the socket. */
void rh_acceptor_free (RhAcceptor *self);

/* (transfer full): a listening Unix socket of mode 0660. A stale one at @path is replaced. */
GSocket *rh_acceptor_bind_unix (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full) */
GSocket *rh_acceptor_bind_tcp (const char  *address,
                               guint16      port,
                               gboolean     insecure,
                               guint16     *ret_port,
                               GError     **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
