/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* JSON as it stands in the repository: written in one way only, so that a comparison of two files shows what changed, and read
 * without trust, because anybody who may merge writes it. */

#define SYNC_TEXT_MAX ((gsize)4 * 1024 * 1024)
#define SYNC_DEPTH_MAX 24

/**
 * sync_text_read:
 * @text: UTF-8, not terminated by a NUL
 * @length: in bytes, at most %SYNC_TEXT_MAX
 *
 * Reads RFC 8259's JSON and nothing else: no comments, no member twice in an object, at most %SYNC_DEPTH_MAX deep.
 *
 * Returns: (transfer full): the value; NULL with %ROYAL_ERROR_INVALID, which names line and column and what was expected.
 */
JsonNode *sync_text_read (const char *text, gsize length, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): @node with its members in the order of their bytes; on one line, or (sync_text_file) with two spaces, each
 * member and element on a line of its own and a line feed at the end. */
char *sync_text_line (JsonNode *node) G_GNUC_WARN_UNUSED_RESULT;
char *sync_text_file (JsonNode *node) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
