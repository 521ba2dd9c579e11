/* SPDX-License-Identifier: Apache-2.0 */

/* Verifies an export of the audit (royalctl audit export) with no database and nothing of the host: every record's
 * hash, its link to the one before it, that what people read beside it is what it says, and what was signed. */

#include "royal-json.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HOLDS = 0, BROKEN = 1, USAGE = 2 };

typedef struct {
  gint64 seq;
  char hash[65];
} Anchor;

/* A stretch of the chain that was signed as a whole. */
typedef struct {
  gint64 first, last;
  char prev[65], hash[65];
} Segment;

typedef struct {
  guchar key[crypto_sign_PUBLICKEYBYTES];
  char key_id[17];
  gboolean has_key;   /* whatever else the export says */
  gboolean partial;   /* the export may begin after any record */
  gboolean given_key; /* by whoever runs this, not by the export */
  GArray *anchors;    /* Anchor: from outside of the export, by their order */
  guint next_anchor;
  GArray *segments; /* Segment: those of the export, by their order */
  guint next_segment;

  gint64 begun; /* the first record of the export */
  gint64 seq;
  char hash[65];
  char *workspace;
  gint64 n_records, n_dropped, n_signed, n_foreign;
  gboolean ended;
  guint line;
} Verifier;

static gboolean
refuse (const Verifier *self, gint64 seq, const char *reason)
{
  fprintf (stderr, "royal-audit-verify: the audit does not hold at record %" G_GINT64_FORMAT " (line %u): %s\n", seq,
           self->line, reason);
  return FALSE;
}

static gboolean
is_hash (const char *text)
{
  return strlen (text) == 64 && strspn (text, "0123456789abcdef") == 64;
}

static gboolean
take_key (Verifier *self, const char *hex)
{
  g_autofree char *digest = NULL;
  gsize length = 0;

  if (!is_hash (hex) || sodium_hex2bin (self->key, sizeof self->key, hex, 64, NULL, &length, NULL) != 0 || length != 32)
    return FALSE;
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, self->key, sizeof self->key);
  g_strlcpy (self->key_id, digest, sizeof self->key_id);
  self->has_key = TRUE;
  return TRUE;
}

/* (transfer full) (nullable): what @object's statement says, when this key has signed it and its type is @type.
 * *@ret_foreign: another key has. */
static JsonNode *
read_statement (const Verifier *self, JsonObject *object, const char *type, gboolean *ret_foreign)
{
  const char *text = royal_json_string (object, "statement", ""), *hex = royal_json_string (object, "signature", "");
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "statement", NULL);
  JsonObject *statement = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  guchar signature[crypto_sign_BYTES];
  gsize length = 0;

  *ret_foreign =
      statement != NULL && (!self->has_key || strcmp (royal_json_string (statement, "key", ""), self->key_id) != 0);
  if (statement == NULL || *ret_foreign || strlen (hex) != 2 * sizeof signature ||
      sodium_hex2bin (signature, sizeof signature, hex, strlen (hex), NULL, &length, NULL) != 0 ||
      length != sizeof signature ||
      crypto_sign_verify_detached (signature, (const guchar *)text, strlen (text), self->key) != 0 ||
      strcmp (royal_json_string (statement, "type", ""), type) != 0)
    return NULL;
  return g_steal_pointer (&node);
}

/* --- From outside of the export ----------------------------------------------------------------------------------- */

static gint
compare (gconstpointer a, gconstpointer b)
{
  const Anchor *p = a, *q = b;

  return (p->seq > q->seq) - (p->seq < q->seq);
}

static gboolean
add_anchor (Verifier *self, const char *text)
{
  char *end = NULL;
  Anchor anchor = { g_ascii_strtoll (text, &end, 10), "" };

  if (!g_ascii_isdigit (*text) || *end != ':' || !is_hash (end + 1) || anchor.seq < 1)
    return FALSE;
  g_strlcpy (anchor.hash, end + 1, sizeof anchor.hash);
  g_array_append_val (self->anchors, anchor);
  return TRUE;
}

/* A file that a host has written checkpoints to: those of the workspace are anchors. Other keys' say nothing. */
static gboolean
add_checkpoints (Verifier *self, const char *path, const char *workspace)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, &error))
    {
      fprintf (stderr, "royal-audit-verify: %s\n", error->message);
      return FALSE;
    }
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autoptr (JsonNode) node = *lines[i] != '\0' ? royal_json_parse (lines[i], -1, "line", NULL) : NULL;
      g_autoptr (JsonNode) said = NULL;
      gboolean foreign = FALSE;
      Anchor anchor;

      if (*lines[i] == '\0')
        continue;
      if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
        said = read_statement (self, json_node_get_object (node), "royal-checkpoint-1", &foreign);
      if (said == NULL && !foreign)
        {
          fprintf (stderr, "royal-audit-verify: %s: line %u is no checkpoint, or its signature does not hold\n", path,
                   i + 1);
          return FALSE;
        }
      if (said == NULL || strcmp (royal_json_string (json_node_get_object (said), "workspace", ""), workspace) != 0)
        continue;
      anchor.seq = royal_json_int (json_node_get_object (said), "seq", 0);
      g_strlcpy (anchor.hash, royal_json_string (json_node_get_object (said), "hash", ""), sizeof anchor.hash);
      g_array_append_val (self->anchors, anchor);
    }
  return TRUE;
}

/* --- The lines ---------------------------------------------------------------------------------------------------- */

static gboolean
check_anchors (Verifier *self)
{
  while (self->next_anchor < self->anchors->len)
    {
      const Anchor *anchor = &g_array_index (self->anchors, Anchor, self->next_anchor);

      if (anchor->seq > self->seq)
        return TRUE;
      self->next_anchor++;
      if (anchor->seq == self->seq && strcmp (anchor->hash, self->hash) != 0)
        return refuse (self, self->seq, "it is not the one that is known from outside");
    }
  return TRUE;
}

/* Passes over segments whose records are not in the export, up to record @seq. */
static gboolean
skip_segments (Verifier *self, gint64 seq)
{
  for (; self->next_segment < self->segments->len; self->next_segment++)
    {
      const Segment *segment = &g_array_index (self->segments, Segment, self->next_segment);

      if (segment->last >= seq)
        return TRUE;
      if (segment->first != self->seq + 1 || (self->seq > 0 && strcmp (segment->prev, self->hash) != 0))
        return segment->last <= self->seq ? TRUE : refuse (self, self->seq + 1, "a segment does not fit there");
      self->n_dropped += segment->last - self->seq;
      self->seq = segment->last;
      memcpy (self->hash, segment->hash, sizeof self->hash);
      if (!check_anchors (self))
        return FALSE;
    }
  return TRUE;
}

/* Where an export begins in the middle: at a segment whose records it has, or after a record of which it says nothing.
 */
static gboolean
begin (Verifier *self, gint64 seq, const char *prev)
{
  gboolean known = self->partial;

  self->begun = seq;
  if (!skip_segments (self, seq))
    return FALSE;
  if (seq == self->seq + 1)
    return TRUE;
  for (guint i = 0; i < self->segments->len; i++)
    {
      const Segment *segment = &g_array_index (self->segments, Segment, i);

      if (segment->first == seq && strcmp (segment->prev, prev) != 0)
        return refuse (self, seq, "it does not follow what its segment was sealed after");
      if (segment->first == seq)
        {
          self->next_segment = i;
          known = TRUE;
        }
    }
  if (!known)
    return refuse (self, self->seq + 1, "it is missing; --partial takes an export that begins later");
  self->seq = seq - 1;
  memcpy (self->hash, prev, sizeof self->hash);
  return TRUE;
}

/* What the columns say is what the record says. */
static const char *
find_lie (JsonObject *line, JsonObject *record)
{
  static const char *const members[] = { "at", "kind", "subject", "actor" };

  if (royal_json_int (line, "seq", -1) != royal_json_int (record, "seq", -2))
    return "the record bears another number";
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (g_strcmp0 (royal_json_string (line, members[i], NULL), royal_json_string (record, members[i], NULL)) != 0)
      return "what stands beside the record is not what it says";
  return NULL;
}

static gboolean
check_sealed (Verifier *self)
{
  const Segment *segment;

  if (self->next_segment >= self->segments->len)
    return TRUE;
  segment = &g_array_index (self->segments, Segment, self->next_segment);
  if (segment->last > self->seq)
    return TRUE;
  self->next_segment++;
  return segment->last != self->seq || strcmp (segment->hash, self->hash) == 0
             ? TRUE
             : refuse (self, self->seq, "it is not the one that its segment was sealed with");
}

static gboolean
check_record (Verifier *self, JsonObject *line)
{
  const char *text = royal_json_string (line, "record", ""), *hash = royal_json_string (line, "hash", "");
  gint64 seq = royal_json_int (line, "seq", 0);
  g_autofree char *computed = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "record", NULL);
  g_autofree char *canonical = node != NULL ? royal_json_canonical (node) : NULL;
  JsonObject *record = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *prev = royal_json_string (record, "prev", ""), *lie;

  if (strcmp (computed, hash) != 0)
    return refuse (self, seq, "it is not what was hashed");
  if (record == NULL || strcmp (canonical, text) != 0 || !is_hash (prev))
    return refuse (self, seq, "it is no record in canonical JSON");
  if (self->n_records == 0 && !begin (self, seq, prev))
    return FALSE;
  if (!skip_segments (self, seq))
    return FALSE;
  if (seq != self->seq + 1)
    return refuse (self, self->seq + 1, "it is missing");
  if (strcmp (prev, self->hash) != 0)
    return refuse (self, seq, "it does not follow the one before it");
  lie = find_lie (line, record);
  if (lie != NULL)
    return refuse (self, seq, lie);
  if (self->workspace == NULL)
    self->workspace = g_strdup (royal_json_string (record, "workspace", ""));
  if (strcmp (self->workspace, royal_json_string (record, "workspace", "")) != 0)
    return refuse (self, seq, "it is another workspace's");
  self->seq = seq;
  g_strlcpy (self->hash, hash, sizeof self->hash);
  self->n_records++;
  return check_anchors (self) && check_sealed (self);
}

static gboolean
check_segment (Verifier *self, JsonObject *line)
{
  gboolean foreign = FALSE;
  g_autoptr (JsonNode) node = read_statement (self, line, "royal-segment-1", &foreign);
  JsonObject *said = node != NULL ? json_node_get_object (node) : NULL;
  const char *workspace = royal_json_string (said, "workspace", "");
  Segment segment = { royal_json_int (said, "first", 0), royal_json_int (said, "last", 0), "", "" };

  if (said == NULL)
    return refuse (self, self->seq + 1,
                   foreign ? "a segment is signed by another key" : "a segment's signature does not hold");
  if (self->workspace == NULL)
    self->workspace = g_strdup (workspace);
  if (strcmp (self->workspace, workspace) != 0 || segment.first < 1 || segment.last < segment.first)
    return refuse (self, self->seq + 1, "a segment is none of this workspace");
  g_strlcpy (segment.prev, royal_json_string (said, "prev", ""), sizeof segment.prev);
  g_strlcpy (segment.hash, royal_json_string (said, "hash", ""), sizeof segment.hash);
  g_array_append_val (self->segments, segment);
  return TRUE;
}

static gboolean
check_checkpoint (Verifier *self, JsonObject *line)
{
  gboolean foreign = FALSE;
  g_autoptr (JsonNode) node = read_statement (self, line, "royal-checkpoint-1", &foreign);
  JsonObject *said = node != NULL ? json_node_get_object (node) : NULL;

  if (foreign)
    {
      self->n_foreign++;
      return TRUE;
    }
  if (said == NULL)
    return refuse (self, self->seq, "its checkpoint's signature does not hold");
  if (royal_json_int (said, "seq", -1) != self->seq || strcmp (royal_json_string (said, "hash", ""), self->hash) != 0 ||
      g_strcmp0 (royal_json_string (said, "workspace", ""), self->workspace) != 0)
    return refuse (self, self->seq, "its checkpoint names another record");
  self->n_signed++;
  return TRUE;
}

static gboolean
check_line (Verifier *self, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "line", &error);
  JsonObject *line = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;

  if (line == NULL || self->ended)
    return refuse (self, self->seq + 1,
                   line == NULL ? "the line is no JSON object" : "the export goes on after its end");
  if (json_object_has_member (line, "record"))
    return check_record (self, line);
  if (json_object_has_member (line, "segment"))
    return check_segment (self, line);
  if (json_object_has_member (line, "statement"))
    return check_checkpoint (self, line);
  if (json_object_has_member (line, "public"))
    return self->given_key || take_key (self, royal_json_string (line, "public", ""))
               ? TRUE
               : refuse (self, 1, "the export's key is none");
  self->ended = royal_json_int (line, "end", -1) >= 0;
  if (!self->ended || !skip_segments (self, G_MAXINT64))
    return self->ended ? FALSE : refuse (self, self->seq + 1, "the line is none of an export");
  return royal_json_int (line, "end", -1) == self->seq || self->n_records == 0
             ? TRUE
             : refuse (self, self->seq + 1, "records are missing at the end");
}

static gboolean
check_all (Verifier *self, FILE *file)
{
  char *text = NULL;
  size_t size = 0;
  ssize_t n;
  gboolean ok = TRUE;

  while (ok && (n = getline (&text, &size, file)) > 0)
    {
      self->line++;
      if (text[n - 1] == '\n')
        text[n - 1] = '\0';
      ok = check_line (self, text);
    }
  free (text);
  if (ok && !self->ended)
    return refuse (self, self->seq + 1, "the export has no end: some of it is missing");
  if (ok && self->next_anchor < self->anchors->len)
    return refuse (self, self->seq + 1, "records are missing at the end: one that is known from outside is beyond it");
  return ok;
}

/* --- The program -------------------------------------------------------------------------------------------------- */

static int
usage (const char *reason)
{
  fprintf (stderr, "royal-audit-verify: %s\n", reason);
  return USAGE;
}

static int
report (const Verifier *self)
{
  printf ("the audit holds: workspace %s, records %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT
          " here, %" G_GINT64_FORMAT " only as signed segments, head %s\n",
          self->workspace != NULL ? self->workspace : "-", self->n_dropped > 0 ? 1 : self->begun, self->seq,
          self->n_records, self->n_dropped, self->hash);
  printf ("%" G_GINT64_FORMAT " checkpoints and %u segments are signed by %s%s\n", self->n_signed, self->segments->len,
          self->has_key ? self->key_id : "no key",
          self->given_key || !self->has_key ? "" : ", which is the export's own word: give --key to be sure");
  if (self->n_foreign > 0)
    printf ("%" G_GINT64_FORMAT " more checkpoints are by other keys and say nothing\n", self->n_foreign);
  return HOLDS;
}

int
main (int argc, char **argv)
{
  g_autofree char *key = NULL, *checkpoints = NULL, *workspace = NULL;
  g_auto (GStrv) anchors = NULL;
  gboolean partial = FALSE;
  const GOptionEntry entries[] = {
    { "key", 'k', 0, G_OPTION_ARG_STRING, &key, "The host's public key, known from elsewhere", "HEX" },
    { "checkpoints", 'c', 0, G_OPTION_ARG_FILENAME, &checkpoints,
      "Checkpoints from outside of the database (with --key)", "FILE" },
    { "workspace", 'w', 0, G_OPTION_ARG_STRING, &workspace, "Whose checkpoints count (default)", "NAME" },
    { "partial", 'p', 0, G_OPTION_ARG_NONE, &partial, "Take an export that begins later than the chain", NULL },
    { "anchor", 'a', 0, G_OPTION_ARG_STRING_ARRAY, &anchors, "A record that is known from elsewhere", "SEQ:HASH" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("[EXPORT]");
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) known = g_array_new (FALSE, FALSE, sizeof (Anchor));
  g_autoptr (GArray) segments = g_array_new (FALSE, FALSE, sizeof (Segment));
  Verifier self = { .anchors = known, .segments = segments };
  FILE *file = stdin;
  gboolean ok;

  g_option_context_set_summary (context, "Verify an export of the audit, with no database");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return usage (error->message);
  if (argc > 2 || sodium_init () < 0)
    return usage ("expected one file, or none for the standard input");
  memset (self.hash, '0', 64);
  self.partial = partial;
  self.given_key = key != NULL;
  if (key != NULL && !take_key (&self, key))
    return usage ("--key: expected 64 hexadecimal digits");
  for (guint i = 0; anchors != NULL && anchors[i] != NULL; i++)
    if (!add_anchor (&self, anchors[i]))
      return usage ("--anchor: expected SEQ:HASH");
  if (checkpoints != NULL && key == NULL)
    return usage ("--checkpoints: expected --key too: what they say holds only by a key that is known from elsewhere");
  if (checkpoints != NULL && !add_checkpoints (&self, checkpoints, workspace != NULL ? workspace : "default"))
    return BROKEN;
  g_array_sort (self.anchors, compare);
  if (argc == 2 && (file = fopen (argv[1], "re")) == NULL)
    return usage (g_strerror (errno));
  ok = check_all (&self, file) && report (&self) == HOLDS;
  if (file != stdin)
    fclose (file);
  g_free (self.workspace);
  return ok ? HOLDS : BROKEN;
}
