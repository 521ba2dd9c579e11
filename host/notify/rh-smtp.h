/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-secret.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  RH_SMTP_STARTTLS, /* the connection turns to TLS before anything is said, or nothing is sent */
  RH_SMTP_IMPLICIT, /* it is TLS from the beginning */
  RH_SMTP_NONE,     /* to loopback alone */
} RhSmtpTls;

/**
 * RhSmtpPlace:
 * @server: a name, or an IPv4 address
 * @from, @to: addresses that rh_smtp_is_address() takes
 * @user: (nullable)
 * @password: (nullable): the name of a secret
 * @ca: (nullable): a file of the authorities that are trusted instead of the system's
 * @allow_private: loopback and private addresses too
 *
 * A server that takes mail, and for whom.
 */
typedef struct {
  char *server;
  guint port;
  RhSmtpTls tls;
  char *from;
  GStrv to;
  char *user;
  char *password;
  char *ca;
  gboolean allow_private;
  guint timeout_ms;
} RhSmtpPlace;

void rh_smtp_place_free (RhSmtpPlace *self);

/* Sends @message (transfer full), which rh_smtp_message() made, in a thread of its own; @password is (nullable). It is
 * taken for all of @place->to or for none. */
void rh_smtp_send_async (const RhSmtpPlace *place,
                         RhSecret *password,
                         char *message,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data);

/* @ret_refused (optional) tells, with an error, that the server does not want it, however often it is sent. Errors:
 * %ROYAL_ERROR_UNAVAILABLE, %ROYAL_ERROR_TIMEOUT, %ROYAL_ERROR_DENIED (the address, or the lack of TLS). */
gboolean rh_smtp_send_finish (GAsyncResult *result, gboolean *ret_refused, GError **error);

G_END_DECLS
