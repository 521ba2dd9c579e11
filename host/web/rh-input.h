/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The input of a connection. libsoup before 3.4 does not notice that a peer has gone between two requests, and keeps the
 * connection for good. While the connection is idle this stream therefore hands out one byte, with which no request can
 * begin, before the end: libsoup then finds a request that breaks off, and cleans up. */
#define RH_TYPE_INPUT (rh_input_get_type ())
G_DECLARE_FINAL_TYPE (RhInput, rh_input, RH, INPUT, GFilterInputStream)

RhInput *rh_input_new (GInputStream *base) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the last request is answered and no byte of another has come. */
void rh_input_set_idle (RhInput *self, gboolean idle);

G_END_DECLS
