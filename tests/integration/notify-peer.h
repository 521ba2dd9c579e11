/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The other side of notifications, for tests: a fake, and says so in each of its answers. It takes webhooks on HTTP and
 * mail on SMTP, both on loopback, and keeps all that came: GET /fake/calls and /fake/mails answer a line for each, its
 * id and how it was answered. */
typedef struct _NotifyPeer NotifyPeer;

/**
 * NotifyCall:
 * @id, @timestamp, @signature: the headers of a webhook, "" when they were absent
 *
 * A request that came.
 */
typedef struct {
  char *path;
  char *id;
  char *timestamp;
  char *signature;
  char *body;
  guint status; /* what it was answered */
} NotifyCall;

/**
 * NotifyMail:
 * @to: in the order of the commands
 * @data: the message, with no dot before its end
 * @login: (nullable): what AUTH PLAIN said, decoded, with | between its parts
 *
 * A message that was taken.
 */
typedef struct {
  char *from;
  GPtrArray *to;
  char *data;
  char *login;
  gboolean tls;
} NotifyMail;

NotifyPeer *notify_peer_new (void) G_GNUC_WARN_UNUSED_RESULT;
void notify_peer_free (NotifyPeer *self);

guint notify_peer_http_port (NotifyPeer *self);
/* @plan: how the next requests are answered, "503 200 410"; `drop`: taken, and the connection ends. 200 after that. */
void notify_peer_plan (NotifyPeer *self, const char *plan);
/* (transfer none) (element-type NotifyCall) */
GPtrArray *notify_peer_calls (NotifyPeer *self);

/* Begins to take mail. @certificate (nullable): it says STARTTLS, or is TLS from the beginning when @implicit.
 * @refuse: (nullable): an address that it has not. */
guint notify_peer_smtp (NotifyPeer *self, GTlsCertificate *certificate, gboolean implicit, const char *refuse);
/* How many messages were taken, and one of them (transfer none). */
guint notify_peer_n_mails (NotifyPeer *self);
const NotifyMail *notify_peer_mail (NotifyPeer *self, guint n);
/* How many connections came to where mail is taken. */
guint notify_peer_n_sessions (NotifyPeer *self);

G_END_DECLS
