/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What a hostile document may cost: the stack, and the memory and hashing of what is made of it. */
#define ROYAL_JSON_DEPTH_MAX 32
#define ROYAL_JSON_MEMBERS_MAX 4096
#define ROYAL_JSON_VALUES_MAX 500000
/* Names can be made to collide in GLib's unseeded hash, so that each member costs a look at all before it: the sum of
 * those looks over all objects, twice what one object of the greatest size takes. */
#define ROYAL_JSON_CROWD_MAX (4096u * 4096u)

/**
 * royal_json_parse:
 * @data: UTF-8 text, not necessarily terminated
 * @what: what is being parsed, for the message ("packet", a file's name)
 *
 * Strict RFC 8259 with limits, for hostile input: valid UTF-8, no NUL, no comments, at most
 * ROYAL_JSON_DEPTH_MAX levels, ROYAL_JSON_MEMBERS_MAX members in an object (ROYAL_JSON_CROWD_MAX over all) and
 * ROYAL_JSON_VALUES_MAX values, no duplicate member names, nothing after the value. (json-glib alone is lenient.) Whole
 * numbers that fit are int64, all others double; one that does not fit a double is refused. Errors name line and
 * column.
 *
 * Returns: (transfer full): the value; NULL with %ROYAL_ERROR_INVALID.
 */
JsonNode *
royal_json_parse (const char *data, gssize length, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_json_read:
 *
 * The same for what a party that is trusted wrote, such as the database: with none of the limits. json-glib's own
 * parser will not do even there: of a whole number beyond int64 it makes another, or -1.
 *
 * Returns: (transfer full): the value; NULL with %ROYAL_ERROR_INVALID.
 */
JsonNode *royal_json_read (const char *text, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): @node as compact text that royal_json_parse() reads back as it was: doubles keep a
 * fraction and the shortest digits that tell them apart. A number that is not finite is written as null. */
char *royal_json_to_string (JsonNode *node) G_GNUC_WARN_UNUSED_RESULT;

/* Appends royal_json_to_string (@node) to @out. */
void royal_json_append (GString *out, JsonNode *node);

/* Appends @text, valid UTF-8, as a JSON string. */
void royal_json_append_string (GString *out, const char *text);

/**
 * royal_json_canonical:
 *
 * Returns: (transfer full): @node in the canonical form of RFC 8785 (JSON Canonicalization Scheme): members
 *   sorted by UTF-16 code units, numbers as ECMAScript prints them. Beyond 2^53 an int64 keeps all its digits,
 *   where RFC 8785 allows no such number: documents that differ must not share a digest.
 */
char *royal_json_canonical (JsonNode *node) G_GNUC_WARN_UNUSED_RESULT;

/* Appends royal_json_canonical (@node) to @out. */
void royal_json_append_canonical (GString *out, JsonNode *node);

/* Returns: (transfer full): the lower-case hexadecimal SHA-256 of royal_json_canonical (@node). */
char *royal_json_digest (JsonNode *node) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_json_check:
 * @what: what @node is, for the message
 *
 * Whether a node that was built in memory can travel: finite numbers, valid UTF-8, and the limits of
 * royal_json_parse().
 *
 * Returns: TRUE; FALSE with %ROYAL_ERROR_INVALID.
 */
gboolean royal_json_check (JsonNode *node, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): a copy that shares nothing with @node: what is done to one does not show in the other. */
JsonNode *royal_json_copy (JsonNode *node) G_GNUC_WARN_UNUSED_RESULT;

/* Typed member access that never aborts on a wrong type (json-glib's getters do warn): the default when the
 * @object is NULL or the member is absent or of another type. Strings and objects are (transfer none). */
const char *royal_json_string (JsonObject *object, const char *member, const char *otherwise);
gint64 royal_json_int (JsonObject *object, const char *member, gint64 otherwise);
double royal_json_double (JsonObject *object, const char *member, double otherwise);
gboolean royal_json_boolean (JsonObject *object, const char *member, gboolean otherwise);
JsonObject *royal_json_object (JsonObject *object, const char *member); /* (nullable) */
JsonArray *royal_json_array (JsonObject *object, const char *member);   /* (nullable) */

/* Returns: (transfer full): a node that holds @object and takes the caller's reference; json_node_init_object() adds
 * its own. */
JsonNode *royal_json_take_object (JsonObject *object) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): @texts, NULL-terminated. */
JsonArray *royal_json_strings (const char *const *texts) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full): @array as royal_json_to_string() writes it. */
char *royal_json_array_to_string (JsonArray *array) G_GNUC_WARN_UNUSED_RESULT;

/* Sets @member to @text, or to null when it is NULL. */
void royal_json_set_text (JsonObject *object, const char *member, const char *text);

G_END_DECLS
