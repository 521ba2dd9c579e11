/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-acceptor.h"

G_BEGIN_DECLS

/* TLS handshakes in hand. Each takes a thread while it goes on, so there are few at a time, fewer of one peer, none before the
 * peer has said something, and each ends after ten seconds. */
typedef struct _RhHandshakes RhHandshakes;

/* @secured is told of each connection whose handshake was good; of the others nobody is told. */
RhHandshakes *rh_handshakes_new (RhAccepted secured, gpointer data) G_GNUC_WARN_UNUSED_RESULT;
/* Ends those that are in hand. */
void rh_handshakes_free (RhHandshakes *self);

/* What handshakes show from now on. */
void rh_handshakes_set_certificate (RhHandshakes *self, GTlsCertificate *certificate);

/* Takes a reference of @connection until its handshake has ended. */
void rh_handshakes_begin (RhHandshakes *self, RhConnection *connection);

G_END_DECLS
