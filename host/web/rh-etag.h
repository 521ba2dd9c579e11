/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-request.h"

G_BEGIN_DECLS

/* Entity tags (RFC 9110): each is strong, a digest of the bytes that are answered. What people edit is read with its tag, and written
 * with `If-Match`; whether that still holds is the database's to say, in the transaction that writes. */

/* (transfer full): the tag of @bytes. */
char *rh_etag_of (GBytes *bytes) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full) (nullable): the tags that a header names, each as it is written, or `*` alone; NULL when it cannot be read. */
GStrv rh_etag_parse (const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the client's `If-None-Match` names @etag; weak tags compare like strong ones. */
gboolean rh_etag_is_known (RhRequest *request, const char *etag);

/* Answers with @column of the one row and its tag, or that it is what the client has. */
void rh_etag_reply_row (RhRequest *request, RhRows *rows, const char *column);

/**
 * rh_etag_read_match:
 * @ret_match: (out) (transfer full) (nullable): `If-Match` as an SQL array, for what etag_holds() of migrations/ takes; NULL without one
 *
 * Returns: FALSE when it cannot be read, which was answered.
 */
gboolean rh_etag_read_match (RhRequest *request, char **ret_match) G_GNUC_WARN_UNUSED_RESULT;

/* FALSE when @column of the one row is null, for `If-Match` did not hold: that was answered, with the row's `tag`. */
gboolean rh_etag_held (RhRequest *request, RhRows *rows, const char *column) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
