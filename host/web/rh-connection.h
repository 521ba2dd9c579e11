/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One accepted connection: who is at the other end, by the kernel's word, and how much of what was queued the kernel
 * has taken. libsoup reads and writes through it. */
#define RH_TYPE_CONNECTION (rh_connection_get_type ())
G_DECLARE_FINAL_TYPE (RhConnection, rh_connection, RH, CONNECTION, GSocketConnection)

/**
 * rh_connection_new:
 * @socket: an accepted socket; the connection owns it from now on
 *
 * Returns: (transfer full): NULL with @error set when the peer cannot be told.
 */
RhConnection *rh_connection_new (GSocket *socket, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_connection_secure_async:
 *
 * The server's side of a TLS handshake, before anything is read or written; from then on everything passes through it.
 * It takes a thread for as long as it takes: see rh-handshakes.h.
 */
void rh_connection_secure_async (RhConnection       *self,
                                 GTlsCertificate    *certificate,
                                 GAsyncReadyCallback callback,
                                 gpointer            data);
gboolean rh_connection_secure_finish (RhConnection *self, GAsyncResult *result, GError **error);
gboolean rh_connection_is_secure (RhConnection *self);

gboolean rh_connection_is_unix (RhConnection *self);
/* The peer's user id, of a Unix socket; (uid_t) -1 of any other. */
uid_t rh_connection_uid (RhConnection *self);
/* Whether the peer is on this machine. */
gboolean rh_connection_is_local (RhConnection *self);
/* (transfer none): the peer for logs and limits: `unix:1000`, `192.0.2.7`. */
const char *rh_connection_peer (RhConnection *self);

/* Bytes that the kernel has taken since the connection was accepted. The signal "wrote" tells each progress. */
guint64 rh_connection_written (RhConnection *self);

/* What is written next are an answer's headers, and a body follows: they go out together. */
void rh_connection_hold_headers (RhConnection *self);

/* Whether the last request is answered and no other has begun: see rh-input.h. */
void rh_connection_set_idle (RhConnection *self, gboolean idle);

/**
 * rh_connection_set_deadline:
 *
 * Ends the connection after @seconds unless it is set anew; 0 = no deadline. Whatever libsoup is doing with it then
 * fails, and is cleaned up there.
 */
void rh_connection_set_deadline (RhConnection *self, guint seconds);

/**
 * rh_connection_await:
 *
 * The same, with how long the peer is waited for: while it idles, sends a request, or takes an answer. 60 seconds, unless
 * rh_connection_set_patience() says otherwise.
 */
void rh_connection_await (RhConnection *self);
void rh_connection_set_patience (RhConnection *self, guint seconds);

/* Ends the connection at once, in both directions. */
void rh_connection_abort (RhConnection *self);

/* Addresses for soup_server_accept_iostream(), which takes internet addresses only; the remote one leads back here. */
GSocketAddress *rh_connection_make_address (RhConnection *self) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer none) (nullable) */
RhConnection *rh_connection_of_address (GSocketAddress *address);

G_END_DECLS
