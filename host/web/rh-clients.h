/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connection.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * RhClient:
 * @peer: the address, for logs: `unix:1000`, `192.0.2.7`
 * @network: what limits count: the address, of IPv6 its /64, all of which a client has
 * @is_local: a peer on this machine that speaks for itself: nothing forwarded its request
 * @is_secure: whether it came over TLS, here or before a trusted proxy
 *
 * Who sent a request, before anyone knows who that is.
 */
typedef struct {
  char *peer;
  char *network;
  gboolean is_local;
  gboolean is_secure;
} RhClient;

void rh_client_clear (RhClient *self);

/* Tells clients apart, behind proxies that are trusted to name them, and limits how often each may ask. */
typedef struct _RhClients RhClients;

/* No proxy is trusted, nothing is limited. */
RhClients *rh_clients_new (void) G_GNUC_WARN_UNUSED_RESULT;
void rh_clients_free (RhClients *self);

/**
 * rh_clients_trust:
 * @proxies: "ADDRESS[/BITS], …": whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed; "" for none
 *
 * Returns: FALSE with %ROYAL_ERROR_INVALID, naming the entry; nothing has changed then.
 */
gboolean rh_clients_trust (RhClients *self, const char *proxies, GError **error);

/* At most so many requests a second of each client, with a burst of five seconds' worth; 0 = no limit. */
void rh_clients_limit (RhClients *self, guint per_second);

/* @ret_client is cleared by the caller. */
void
rh_clients_tell (RhClients *self, RhConnection *connection, SoupMessageHeaders *headers, RhClient *ret_client);

/* Counts a request. Returns: 0, or after how many seconds the client may ask again. Local ones are not limited. */
guint rh_clients_take (RhClients *self, const RhClient *client) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
