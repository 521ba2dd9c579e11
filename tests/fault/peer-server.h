/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* The other side of http.request, for tests: a system whose effects are counted by their idempotency key, and which can be
 * made to misbehave.
 *
 *   POST, PUT, PATCH, DELETE /once/NAME   one effect for each key, however often it comes; /plain/NAME: one for each request
 *   GET /done/KEY                         200 with the answer when there was an effect with that key, else 404
 *   GET /thing/NAME                       what was written to NAME last; 404 when that was nothing
 *   GET /counts                           { "effects", "keys", "doubled", "requests" }; GET /keys: a line for each key, `COUNT KEY`
 *   PUT /faults                           { "share", "late_ms", "kinds": [..] }: what goes wrong, and how often
 *   GET /redirect, /large, /echo          for what a client does about these
 *
 * The kinds of fault:
 *   slow         done at once, answered late
 *   late         the connection ends at once, and it is done after that
 *   cut          done, and the connection ends in the middle of the answer
 *   before       the connection ends, and nothing is done
 *   busy         429, to come back in a second; nothing is done
 *   unavailable  503; nothing is done
 *   error        done, and answered 500 */
typedef struct _PeerServer PeerServer;

PeerServer *peer_server_new (guint32 seed) G_GNUC_WARN_UNUSED_RESULT;
void peer_server_free (PeerServer *self);
/* On loopback; port 0 takes any. */
guint peer_server_listen (PeerServer *self, guint port, GTlsCertificate *certificate, GError **error);
/* The next requests, one each, in order, instead of what chance says; `none` for one that goes well. */
void peer_server_plan (PeerServer *self, const char *kinds);
guint peer_server_count (PeerServer *self, const char *key);
guint peer_server_requests (PeerServer *self);

G_END_DECLS
