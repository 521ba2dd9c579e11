/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-request.h"

G_BEGIN_DECLS

/* openapi.json as a page for people: each operation with who may ask, what it takes and what it answers. It holds no script and asks
 * nobody for anything. */
void rh_docs_page (RhRequest *request);

/* (transfer none): the page, made once. */
GBytes *rh_docs_bytes (void);

G_END_DECLS
