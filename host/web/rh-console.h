/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-request.h"

G_BEGIN_DECLS

/* The console's files, which lie in the host's binary (host/console). Anyone may read them: they hold nothing but the
 * program, and what it shows it asks of the API as whoever uses it. Each has a strong ETag; a file whose name carries
 * its hash is kept by browsers for good, the page itself is asked for again each time. */
void rh_console_page (RhRequest *request);
void rh_console_asset (RhRequest *request);

/* Answers with @bytes, which are there for as long as the host, by their ETag; @policy: (nullable): the
 * `Content-Security-Policy`. */
void rh_console_reply (RhRequest *request, GBytes *bytes, const char *type, const char *policy, const char *cache);

G_END_DECLS
