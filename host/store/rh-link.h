/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <libpq-fe.h>

G_BEGIN_DECLS

/* Makes a connection, and makes it again when its user says that it was lost, with exponential backoff and full
 * jitter. */
typedef struct _RhLink RhLink;

/* @up: takes the connection over. */
typedef void (*RhLinkUp) (PGconn *connection, gpointer data);

RhLink *rh_link_new (const char *conninfo, const char *role, RhLinkUp up, gpointer data) G_GNUC_WARN_UNUSED_RESULT;
void rh_link_free (RhLink *self);

/* Begins to connect, now or after a pause when the last attempt was a moment ago. */
void rh_link_connect (RhLink *self);

G_END_DECLS
