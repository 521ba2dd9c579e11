/* SPDX-License-Identifier: Apache-2.0 */
#include "sync-product.h"
#include "sync-world.h"

#include <string.h>

#define TOLD_MAX 50
#define ASKED_MAX 2000 /* conflicts of one record */
#define PATH_MAX_CHARS 2000
#define VALUE_MAX 4000 /* bytes of a value, in a record */
#define WORDS_MAX 900
#define ITEMS_MAX 1000
#define BYTES_MAX ((gsize)8 * 1024 * 1024) /* of one commit: what is handed to the host has at most 16 MiB */
#define WAIT_S 604800

static const char *
text_of (const SyncWorld *world, const char *name, const char *otherwise)
{
  return json_object_get_string_member_with_default (world->config, name, otherwise);
}

static void
set_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
  else
    json_object_set_null_member (object, name);
}

static JsonArray *
told_faults (const SyncWorld *world)
{
  JsonArray *faults = json_array_new ();

  for (guint i = 0; i < MIN (world->faults->len, TOLD_MAX); i++)
    json_array_add_string_element (faults, world->faults->pdata[i]);
  return faults;
}

/* @shop_is_ours: how the conflicts were asked for */
static JsonArray *
told_conflicts (GPtrArray *questions, gboolean shop_is_ours)
{
  JsonArray *conflicts = json_array_new ();

  for (guint i = 0; i < MIN (questions->len, TOLD_MAX); i++)
    {
      const SyncQuestion *question = questions->pdata[i];
      const SyncConflict *conflict = question->conflict;
      JsonObject *told = json_object_new ();

      json_object_set_string_member (told, "handle", question->handle);
      json_object_set_string_member (told, "field", conflict->path);
      set_text (told, "base", conflict->base);
      set_text (told, "shop", shop_is_ours ? conflict->ours : conflict->theirs);
      set_text (told, "repository", shop_is_ours ? conflict->theirs : conflict->ours);
      json_array_add_object_element (conflicts, told);
    }
  return conflicts;
}

static JsonObject *
answer (const SyncWorld *world, GPtrArray *questions, gboolean shop_is_ours)
{
  JsonObject *result = json_object_new ();

  json_object_set_boolean_member (result, "proposed", FALSE);
  json_object_set_int_member (result, "products", g_hash_table_size (world->shop));
  json_object_set_int_member (result, "revision", sync_world_revision (world));
  json_object_set_int_member (result, "conflicts", questions->len);
  json_object_set_array_member (result, "conflict", told_conflicts (questions, shop_is_ours));
  json_object_set_int_member (result, "unreadable", world->faults->len);
  json_object_set_array_member (result, "unread", told_faults (world));
  return result;
}

/* (transfer full) (nullable): the beginning of a text that is long. */
static char *
cut (const char *text, gsize max)
{
  const char *end;
  g_autofree char *begin = NULL;

  if (text == NULL || strlen (text) <= max)
    return g_strdup (text);
  /* From the last character that begins within what is left. */
  end = g_utf8_find_prev_char (text, text + max + 1);
  begin = g_strndup (text, (gsize)(end - text));
  return g_strconcat (begin, "…", NULL);
}

static GPtrArray *
questions_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)sync_question_free);
}

static JsonNode *
take (JsonObject *object)
{
  JsonNode *node = json_node_init (json_node_alloc (), JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

static gboolean
propose (RoyalRun *run, RoyalProposal *proposal, JsonObject *result, GError **error)
{
  JsonNode *outcome = royal_run_propose (run, proposal, error);

  if (outcome == NULL)
    return FALSE;
  json_object_set_boolean_member (result, "proposed", TRUE);
  if (!json_object_has_member (result, "proposals"))
    json_object_set_array_member (result, "proposals", json_array_new ());
  json_array_add_string_element (
      json_object_get_array_member (result, "proposals"),
      json_object_get_string_member_with_default (json_node_get_object (outcome), "proposal", "?"));
  json_object_set_member (result, "outcome", outcome);
  return TRUE;
}

/* --- What is asked, and how it is recorded ------------------------------------------------------------------------ */

/* A plan, and the conflicts: all that there are, and those that nobody answered. */
typedef struct {
  GPtrArray *changes;
  GPtrArray *asked;
  GPtrArray *open;
  gboolean shop_is_ours;
} Plan;

static void
plan_clear (Plan *self)
{
  g_clear_pointer (&self->changes, g_ptr_array_unref);
  g_clear_pointer (&self->asked, g_ptr_array_unref);
  g_clear_pointer (&self->open, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Plan, plan_clear)

static void
plan_make (Plan *self, SyncWorld *world, gboolean shop_is_ours)
{
  GHashTable *ours = shop_is_ours ? world->shop : world->repository;
  GHashTable *theirs = shop_is_ours ? world->repository : world->shop;

  self->shop_is_ours = shop_is_ours;
  self->asked = questions_new ();
  self->changes = sync_catalog_plan (world->base, ours, theirs, self->asked);
  if (sync_world_settle (world, self->asked, shop_is_ours) == 0)
    {
      self->open = g_ptr_array_ref (self->asked);
      return;
    }
  g_ptr_array_unref (self->changes);
  self->open = questions_new ();
  self->changes = sync_catalog_plan (world->base, ours, theirs, self->open);
}

static JsonObject *
recorded_conflict (const SyncQuestion *question, gboolean shop_is_ours)
{
  const SyncConflict *conflict = question->conflict;
  g_autofree char *digest = sync_world_digest (conflict, shop_is_ours);
  g_autofree char *base = cut (conflict->base, VALUE_MAX);
  g_autofree char *ours = cut (conflict->ours, VALUE_MAX);
  g_autofree char *theirs = cut (conflict->theirs, VALUE_MAX);
  JsonObject *told = json_object_new ();

  json_object_set_string_member (told, "handle", question->handle);
  json_object_set_string_member (told, "field", conflict->path);
  json_object_set_string_member (told, "digest", digest);
  set_text (told, "base", base);
  set_text (told, "shop", shop_is_ours ? ours : theirs);
  set_text (told, "repository", shop_is_ours ? theirs : ours);
  return told;
}

static void
set_array (RoyalProposal *proposal, const char *name, JsonArray *array)
{
  JsonNode *node = json_node_init (json_node_alloc (), JSON_NODE_ARRAY);

  json_node_take_array (node, array);
  royal_proposal_set_node (proposal, name, node);
}

static void
set_conflicts (RoyalProposal *proposal, const Plan *plan)
{
  JsonArray *conflicts = json_array_new ();

  for (guint i = 0; i < plan->asked->len && json_array_get_length (conflicts) < ASKED_MAX; i++)
    {
      const SyncQuestion *question = plan->asked->pdata[i];

      if (g_utf8_strlen (question->conflict->path, -1) <= PATH_MAX_CHARS)
        json_array_add_object_element (conflicts, recorded_conflict (question, plan->shop_is_ours));
    }
  royal_proposal_set_int (proposal, "more", plan->asked->len - json_array_get_length (conflicts));
  set_array (proposal, "conflicts", conflicts);
}

/* What there is to count of @result. */
static void
set_figures (RoyalProposal *proposal, JsonObject *result)
{
  static const char *const names[] = { "products", "changed", "files",   "left",      "updates",
                                       "prices",   "later",   "by_hand", "unreadable" };
  JsonObject *figures = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (json_object_has_member (result, names[i]))
      {
        const char *name =
            g_str_equal (names[i], "left") && json_object_has_member (result, "by_hand") ? NULL : names[i];

        if (name != NULL)
          json_object_set_int_member (figures, name, json_object_get_int_member (result, name));
      }
  royal_proposal_set_node (proposal, "figures", take (figures));
}

static void
set_unread (RoyalProposal *proposal, const SyncWorld *world)
{
  JsonArray *unread = json_array_new ();

  for (guint i = 0; i < MIN (world->faults->len, TOLD_MAX); i++)
    {
      g_autofree char *words = cut (world->faults->pdata[i], WORDS_MAX);

      json_array_add_string_element (unread, words);
    }
  set_array (proposal, "unread", unread);
}

static void
set_revision (RoyalProposal *proposal, const SyncWorld *world)
{
  JsonArray *held;

  if (world->held == NULL)
    return;
  held = json_array_new ();
  for (guint i = 0; i < world->held->len; i++)
    json_array_add_string_element (held, world->held->pdata[i]);
  royal_proposal_set_string (proposal, "commit", world->head);
  set_array (proposal, "held", held);
}

/* The last proposal of a run: how it went, what is asked, and the revision that it found. (transfer full) of @result.
 */
static JsonNode *
record (RoyalRun *run, const SyncWorld *world, const Plan *plan, JsonObject *result, GError **error)
{
  g_autoptr (RoyalProposal) proposal = royal_proposal_new ("sync.record");
  g_autofree char *target = g_strconcat (text_of (world, "repository", ""), "/", text_of (world, "shop", ""), NULL);
  g_autofree char *title = g_strdup_printf ("Record how the %s of %s went", royal_run_task (run), target);
  g_autoptr (JsonNode) outcome = NULL;
  JsonArray *proposals = json_object_has_member (result, "proposals")
                             ? json_array_ref (json_object_get_array_member (result, "proposals"))
                             : json_array_new ();

  royal_proposal_set_target (proposal, target);
  royal_proposal_set_title (proposal, title);
  royal_proposal_set_string (proposal, "task", royal_run_task (run));
  royal_proposal_set_int (proposal, "after", world->after);
  if (world->head != NULL)
    royal_proposal_set_string (proposal, "head", world->head);
  if (json_object_has_member (result, "branch") && json_array_get_length (proposals) > 0)
    royal_proposal_set_string (proposal, "branch", json_object_get_string_member (result, "branch"));
  set_array (proposal, "proposals", proposals);
  set_revision (proposal, world);
  set_figures (proposal, result);
  set_conflicts (proposal, plan);
  set_unread (proposal, world);
  royal_proposal_set_deadline (proposal, WAIT_S);
  outcome = royal_run_propose (run, proposal, error);
  if (outcome == NULL)
    {
      json_object_unref (result);
      return NULL;
    }
  json_object_set_string_member (
      result, "recorded", json_object_get_string_member_with_default (json_node_get_object (outcome), "state", ""));
  return take (result);
}

/* --- The files of a commit ---------------------------------------------------------------------------------------- */

typedef struct {
  JsonArray *files;
  const char *folder;
  guint max;
  guint left; /* of the products: what did not fit */
  guint products;
  gsize bytes;
} Commit;

/* @content: (nullable): NULL deletes it */
static void
add_file (Commit *self, const char *handle, const char *ending, const char *content, gsize length)
{
  g_autofree char *path = g_strdup_printf ("%s/%s.%s", self->folder, handle, ending);
  g_autofree char *text = content != NULL ? g_strndup (content, length) : NULL;
  JsonObject *file = json_object_new ();

  json_object_set_string_member (file, "path", path);
  if (text != NULL)
    json_object_set_string_member (file, "content", text);
  else
    json_object_set_boolean_member (file, "delete", TRUE);
  json_array_add_object_element (self->files, file);
  self->bytes += length + length / 8; /* with its escapes */
}

/* One of a product's two files, when it is another. */
static void
add_if_changed (Commit *self,
                const char *handle,
                const char *ending,
                const char *was,
                gsize was_length,
                const char *now,
                gsize length)
{
  if (now == NULL ? was == NULL : was != NULL && was_length == length && memcmp (was, now, length) == 0)
    return;
  add_file (self, handle, ending, now, length);
}

/* The products on our side that are to be others, where @staged (nullable), the branch, has them not yet. */
static void
fill (Commit *self, GPtrArray *changes, GHashTable *staged)
{
  for (guint i = 0; i < changes->len; i++)
    {
      const SyncChange *change = changes->pdata[i];
      const SyncEntry *entry = staged != NULL ? g_hash_table_lookup (staged, change->handle) : change->entry;
      g_autofree char *json = NULL;
      g_autofree char *html = NULL;

      if (staged != NULL && sync_fields_equal (entry != NULL ? entry->fields : NULL, change->after))
        continue;
      if (json_array_get_length (self->files) + 2 > MAX (self->max, 2) || self->bytes > BYTES_MAX)
        {
          self->left++;
          continue;
        }
      json = change->after != NULL ? sync_product_json (change->after) : NULL;
      html = change->after != NULL ? sync_product_html (change->after) : NULL;
      add_if_changed (self, change->handle, "html", entry != NULL ? entry->html : NULL,
                      entry != NULL ? entry->html_length : 0, html, html != NULL ? strlen (html) : 0);
      add_if_changed (self, change->handle, "json", entry != NULL ? entry->json : NULL,
                      entry != NULL ? entry->json_length : 0, json, json != NULL ? strlen (json) : 0);
      self->products++;
    }
}

static gboolean
push (RoyalRun *run,
      const SyncWorld *world,
      Commit *commit,
      const char *branch,
      const char *message,
      JsonObject *result,
      GError **error)
{
  g_autoptr (RoyalProposal) proposal = royal_proposal_new ("git.branch.push");
  JsonNode *files = json_node_init (json_node_alloc (), JSON_NODE_ARRAY);

  json_node_set_array (files, commit->files);
  royal_proposal_set_target (proposal, text_of (world, "repository", ""));
  royal_proposal_set_string (proposal, "branch", branch);
  if (world->default_branch != NULL)
    royal_proposal_set_string (proposal, "base", world->default_branch);
  royal_proposal_set_string (proposal, "message", message);
  royal_proposal_set_node (proposal, "files", files);
  royal_proposal_set_title (proposal, message);
  royal_proposal_add_source (proposal, "shopify.products");
  royal_proposal_add_source (proposal, "git.files");
  royal_proposal_set_deadline (proposal, WAIT_S);
  json_object_set_string_member (result, "branch", branch);
  set_text (result, "base", world->default_branch);
  json_object_set_int_member (result, "changed", commit->products);
  json_object_set_int_member (result, "files", json_array_get_length (commit->files));
  json_object_set_int_member (result, "left", commit->left);
  return json_array_get_length (commit->files) == 0 || propose (run, proposal, result, error);
}

/* The branch's products, when it is there: (transfer full) (nullable). */
static gboolean
read_staged (SyncWorld *world, RoyalRun *run, const char *branch, GHashTable **ret_staged, GError **error)
{
  g_autoptr (GError) fault = NULL;
  g_autofree char *head = sync_world_branch (world, run, branch, NULL, &fault);

  if (fault != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&fault));
      return FALSE;
    }
  if (head == NULL)
    return TRUE;
  *ret_staged = sync_catalog_new ();
  return sync_world_files (world, run, head, NULL, *ret_staged, error);
}

static Commit
commit_new (const SyncWorld *world)
{
  return (Commit){ .files = json_array_new (),
                   .folder = text_of (world, "folder", "products"),
                   .max = (guint)json_object_get_int_member_with_default (world->config, "max_files", 4000) };
}

static JsonNode *
export_products (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (SyncWorld) world = sync_world_read (run, 0, error);
  g_auto (Plan) plan = { 0 };
  g_autoptr (GHashTable) staged = NULL;
  g_autoptr (JsonObject) result = NULL;
  g_autoptr (JsonArray) files = NULL;
  g_autofree char *branch = NULL;
  g_autofree char *message = NULL;
  Commit commit;

  (void)input;
  if (world == NULL)
    return NULL;
  branch = g_strdup_printf ("%s-%" G_GINT64_FORMAT, text_of (world, "branch", "royal/sync"),
                            sync_world_revision (world) + 1);
  if (!read_staged (world, run, branch, &staged, error))
    return NULL;
  plan_make (&plan, world, FALSE);
  result = answer (world, plan.open, FALSE);
  commit = commit_new (world);
  files = commit.files;
  fill (&commit, plan.changes, staged);
  message = g_strdup_printf ("products: %u changed in the shop", commit.products);
  if (!push (run, world, &commit, branch, message, result, error))
    return NULL;
  return record (run, world, &plan, g_steal_pointer (&result), error);
}

static JsonNode *
request (RoyalRun *run, JsonObject *input, GError **error)
{
  const char *github = json_object_get_string_member_with_default (royal_run_config (run), "github", "");
  const char *base = json_object_get_string_member_with_default (input, "base", NULL);
  g_autoptr (RoyalProposal) proposal = royal_proposal_new ("github.pull_request.open");
  g_autoptr (JsonObject) result = json_object_new ();

  json_object_set_boolean_member (result, "proposed", FALSE);
  royal_proposal_set_target (proposal, github);
  royal_proposal_set_string (proposal, "head", json_object_get_string_member (input, "branch"));
  if (base != NULL)
    royal_proposal_set_string (proposal, "base", base);
  royal_proposal_set_string (proposal, "title", "Products as the shop has them");
  royal_proposal_set_title (proposal, "Ask for the products' branch to be merged");
  if (base != NULL && *github != '\0' && !propose (run, proposal, result, error))
    return NULL;
  return take (g_steal_pointer (&result));
}

/* --- To the shop -------------------------------------------------------------------------------------------------- */

/* Fields of a product that the shop is told of, by their paths. */
static const char *const texts[] = { "title", "description_html", "vendor", "product_type" };

/* What can be told of one product; what cannot is added to @left, as HANDLE: FIELD. */
static JsonObject *
update_of (const SyncFields *before, const SyncFields *after)
{
  JsonObject *update = json_object_new ();
  JsonArray *tags = json_array_new ();
  gboolean same = TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (g_strcmp0 (sync_fields_get (before, texts[i]), sync_fields_get (after, texts[i])) != 0)
      {
        g_autofree char *text = sync_product_text (after, texts[i]);

        json_object_set_string_member (update, texts[i], text != NULL ? text : "");
      }
  for (guint i = 0; i < sync_fields_count (before); i++)
    if (g_str_has_prefix (sync_fields_at (before, i)->path, "tags/"))
      same = same && sync_fields_get (after, sync_fields_at (before, i)->path) != NULL;
  for (guint i = 0; i < sync_fields_count (after); i++)
    if (g_str_has_prefix (sync_fields_at (after, i)->path, "tags/"))
      {
        const char *path = sync_fields_at (after, i)->path + strlen ("tags/");
        g_autofree char *name = sync_path_name (path, strlen (path));

        json_array_add_string_element (tags, name);
        same = same && sync_fields_get (before, sync_fields_at (after, i)->path) != NULL;
      }
  if (same)
    json_array_unref (tags);
  else
    json_object_set_array_member (update, "tags", tags);
  return update;
}

static gboolean
is_told (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (strcmp (path, texts[i]) == 0)
      return TRUE;
  return g_str_has_prefix (path, "tags/");
}

/* product → { key → variant's id }, of the read `shopify.variants`. */
static GHashTable *
read_variants (RoyalRun *run, GError **error)
{
  static const char *const names[] = { "product", "sku", "variant" };
  g_autoptr (RoyalTable) table = royal_run_read (run, "shopify.variants", NULL, error);
  GHashTable *variants;
  gint columns[3];

  if (table == NULL)
    return NULL;
  for (guint i = 0; i < 3; i++)
    {
      columns[i] = royal_table_find (table, names[i]);
      if (columns[i] >= 0 && royal_table_column_type (table, (guint)columns[i]) == ROYAL_COLUMN_STRING)
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "shopify.variants: expected a column %s of strings",
                   names[i]);
      return NULL;
    }
  variants = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    {
      char *cell[3];
      char *key;

      for (guint i = 0; i < 3; i++)
        {
          gsize n = 0;
          const char *text = royal_table_string (table, (guint)columns[i], row, &n);

          cell[i] = text != NULL ? g_strndup (text, n) : g_strdup ("");
        }
      /* A SKU that a product has twice names neither. */
      key = g_strconcat (cell[0], "\n", cell[1], NULL);
      if (g_hash_table_contains (variants, key) || *cell[1] == '\0')
        g_clear_pointer (&cell[2], g_free);
      g_hash_table_insert (variants, key, cell[2]);
      g_free (cell[0]);
      g_free (cell[1]);
    }
  return variants;
}

typedef struct {
  RoyalProposal *updates;
  RoyalProposal *prices;
  guint n_updates;
  guint n_prices;
  JsonArray *left; /* what no action brings to the shop */
  guint n_left;
  guint later; /* what did not fit into the batch */
} Batches;

static void
leave (Batches *self, const char *handle, const char *path)
{
  g_autofree char *words = g_strdup_printf ("%s: %s", handle, *path != '\0' ? path : "the product itself");

  if (self->n_left++ < TOLD_MAX)
    json_array_add_string_element (self->left, words);
}

/* A price that the repository changed, once for a variant; TRUE when it is one. */
static gboolean
add_price (Batches *self, GHashTable *variants, const SyncChange *change, const char *path)
{
  g_autofree char *unit = sync_path_unit (path);
  const char *member = unit != NULL && strlen (path) > strlen (unit) ? path + strlen (unit) + 1 : "";
  g_autofree char *key = NULL;
  g_autofree char *name = unit != NULL ? sync_path_name (unit + strlen ("variants/"), strlen (unit) - 9) : NULL;
  g_autofree char *price_path = unit != NULL ? g_strconcat (unit, "/price", NULL) : NULL;
  g_autofree char *compare_path = unit != NULL ? g_strconcat (unit, "/compare_at_price", NULL) : NULL;
  g_autofree char *price = NULL;
  g_autofree char *compare = NULL;
  const char *variant;
  JsonObject *parameters;

  if (strcmp (member, "price") != 0 && strcmp (member, "compare_at_price") != 0)
    return FALSE;
  key = g_strconcat (change->entry->product, "\n", name, NULL);
  variant = g_hash_table_lookup (variants, key);
  price = sync_product_text (change->after, price_path);
  compare = sync_product_text (change->after, compare_path);
  if (variant == NULL || price == NULL)
    return FALSE;
  /* Both of a variant are one item: the price tells of both when it changed. */
  if (strcmp (member, "compare_at_price") == 0 &&
      g_strcmp0 (sync_fields_get (change->entry->fields, price_path), sync_fields_get (change->after, price_path)) != 0)
    return TRUE;
  if (self->n_prices == ITEMS_MAX)
    {
      self->later++;
      return TRUE;
    }
  parameters = json_object_new ();
  json_object_set_string_member (parameters, "price", price);
  if (g_strcmp0 (sync_fields_get (change->entry->fields, compare_path),
                 sync_fields_get (change->after, compare_path)) != 0)
    set_text (parameters, "compare_at_price", compare);
  royal_proposal_add_item (self->prices, variant, take (parameters));
  self->n_prices++;
  return TRUE;
}

static void
add_paths (Batches *self, GHashTable *variants, const SyncChange *change)
{
  const SyncFields *before = change->entry->fields;
  const SyncFields *sides[] = { before, change->after };

  for (guint s = 0; s < 2; s++)
    for (guint i = 0; i < sync_fields_count (sides[s]); i++)
      {
        const char *path = sync_fields_at (sides[s], i)->path;
        const char *was = sync_fields_get (before, path);
        const char *now = sync_fields_get (change->after, path);

        /* What is on both sides is looked at once. */
        if (g_strcmp0 (was, now) == 0 || (s == 1 && was != NULL) || is_told (path))
          continue;
        if (!add_price (self, variants, change, path))
          leave (self, change->handle, path);
      }
}

static void
add_change (Batches *self, GHashTable *variants, const SyncChange *change)
{
  g_autoptr (JsonObject) update = NULL;

  if (change->after == NULL || change->entry == NULL || change->entry->product == NULL)
    {
      leave (self, change->handle, "");
      return;
    }
  update = update_of (change->entry->fields, change->after);
  if (json_object_get_size (update) > 0 && self->n_updates == ITEMS_MAX)
    self->later++;
  else if (json_object_get_size (update) > 0)
    {
      royal_proposal_add_item (self->updates, change->entry->product, take (g_steal_pointer (&update)));
      self->n_updates++;
    }
  add_paths (self, variants, change);
}

static gboolean
propose_batch (RoyalRun *run, RoyalProposal *proposal, guint n, const char *what, JsonObject *result, GError **error)
{
  g_autofree char *title = g_strdup_printf ("Bring %u %s from the repository to the shop", n, what);

  royal_proposal_set_title (proposal, title);
  royal_proposal_add_source (proposal, "git.files");
  royal_proposal_set_deadline (proposal, WAIT_S);
  return n == 0 || propose (run, proposal, result, error);
}

static JsonNode *
import_products (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (SyncWorld) world = sync_world_read (run, 0, error);
  g_autoptr (GHashTable) variants = world != NULL ? read_variants (run, error) : NULL;
  g_autoptr (RoyalProposal) updates = royal_proposal_new ("shopify.product.update");
  g_autoptr (RoyalProposal) prices = royal_proposal_new ("shopify.price.update");
  g_auto (Plan) plan = { 0 };
  g_autoptr (JsonObject) result = NULL;
  Batches batches = { .updates = updates, .prices = prices };

  (void)input;
  if (variants == NULL)
    return NULL;
  plan_make (&plan, world, TRUE);
  batches.left = json_array_new ();
  for (guint i = 0; i < plan.changes->len; i++)
    add_change (&batches, variants, plan.changes->pdata[i]);
  result = answer (world, plan.open, TRUE);
  json_object_set_int_member (result, "updates", batches.n_updates);
  json_object_set_int_member (result, "prices", batches.n_prices);
  json_object_set_int_member (result, "later", batches.later);
  json_object_set_int_member (result, "by_hand", batches.n_left);
  json_object_set_array_member (result, "left", batches.left);
  if (!propose_batch (run, updates, batches.n_updates, "products", result, error) ||
      !propose_batch (run, prices, batches.n_prices, "prices", result, error))
    return NULL;
  return record (run, world, &plan, g_steal_pointer (&result), error);
}

/* --- Revisions ---------------------------------------------------------------------------------------------------- */

/* Every file of a product that is not what it was, byte for byte. */
static void
fill_back (Commit *self, GHashTable *now, GHashTable *then)
{
  static const SyncEntry none = { 0 };
  g_autoptr (GPtrArray) handles = sync_catalog_handles (now, then, NULL);

  for (guint i = 0; i < handles->len; i++)
    {
      const char *handle = handles->pdata[i];
      const SyncEntry *a = g_hash_table_lookup (now, handle);
      const SyncEntry *b = g_hash_table_lookup (then, handle);
      guint before = json_array_get_length (self->files);

      a = a != NULL ? a : &none;
      b = b != NULL ? b : &none;
      if (before + 2 > MAX (self->max, 2) || self->bytes > BYTES_MAX)
        {
          self->left++;
          continue;
        }
      add_if_changed (self, handle, "html", a->html, a->html_length, b->html, b->html_length);
      add_if_changed (self, handle, "json", a->json, a->json_length, b->json, b->json_length);
      self->products += json_array_get_length (self->files) > before;
    }
}

static JsonNode *
rollback (RoyalRun *run, JsonObject *input, GError **error)
{
  const gint64 revision = json_object_get_int_member (input, "revision");
  g_autoptr (SyncWorld) world = sync_world_read (run, revision, error);
  const char *at = world != NULL ? sync_world_commit (world) : NULL;
  g_auto (Plan) plan = { 0 };
  g_autoptr (GHashTable) then = sync_catalog_new ();
  g_autoptr (GHashTable) staged = NULL;
  g_autoptr (JsonObject) result = NULL;
  g_autoptr (JsonArray) files = NULL;
  g_autofree char *branch = NULL;
  g_autofree char *message = NULL;
  Commit commit;

  if (world == NULL)
    return NULL;
  if (at == NULL || world->head == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "/revision: expected one of 1 to %" G_GINT64_FORMAT,
                   world->after);
      return NULL;
    }
  branch = g_strdup_printf ("%s-back-%" G_GINT64_FORMAT "-%.12s", text_of (world, "branch", "royal/sync"), revision,
                            world->head);
  if (!sync_world_files (world, run, at, NULL, then, error) || !read_staged (world, run, branch, &staged, error))
    return NULL;
  plan_make (&plan, world, FALSE);
  result = answer (world, plan.open, FALSE);
  commit = commit_new (world);
  files = commit.files;
  fill_back (&commit, staged != NULL ? staged : world->repository, then);
  message = g_strdup_printf ("products: back to revision %" G_GINT64_FORMAT, revision);
  if (!push (run, world, &commit, branch, message, result, error))
    return NULL;
  return record (run, world, &plan, g_steal_pointer (&result), error);
}

ROYAL_AGENT (ROYAL_TASK ("export", export_products),
             ROYAL_TASK ("request", request),
             ROYAL_TASK ("import", import_products),
             ROYAL_TASK ("rollback", rollback))
