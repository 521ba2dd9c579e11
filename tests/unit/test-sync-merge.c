/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sync-merge.h>

#define TRIALS 20000

static const char *const paths[] = { "seo/title", "status", "tags/a", "tags/b", "title", "vendor" };
static const char *const variants[] = { "variants/A", "variants/A-1", "variants/B" };
static const char *const members[] = { "barcode", "price" };

static void
set_number (SyncFields *fields, const char *path, gint value)
{
  g_autofree char *text = g_strdup_printf ("%d", value);

  sync_fields_set (fields, path, value != 0 ? text : NULL);
}

/* Changes a few fields, tags among them, and puts variants in and out. */
static void
edit (SyncFields *fields, guint times)
{
  for (guint i = 0; i < times; i++)
    {
      const char *path = paths[g_test_rand_int_range (0, G_N_ELEMENTS (paths))];
      const char *unit = variants[g_test_rand_int_range (0, G_N_ELEMENTS (variants))];
      gint what = g_test_rand_int_range (0, 4);

      if (what < 2 && g_str_has_prefix (path, "tags/"))
        sync_fields_set (fields, path, g_test_rand_bit () ? "true" : NULL);
      else if (what < 2)
        set_number (fields, path, g_test_rand_int_range (0, 4));
      else if (what == 2 && g_test_rand_bit ())
        {
          for (guint m = 0; m < G_N_ELEMENTS (members); m++)
            {
              g_autofree char *inner = g_strconcat (unit, "/", members[m], NULL);

              sync_fields_set (fields, inner, NULL);
            }
          sync_fields_set (fields, unit, NULL);
        }
      else
        {
          g_autofree char *inner = g_strconcat (unit, "/", members[g_test_rand_int_range (0, 2)], NULL);

          sync_fields_set (fields, unit, "{}");
          set_number (fields, inner, g_test_rand_int_range (0, 4));
        }
    }
}

/* (nullable) */
static SyncFields *
random_product (const SyncFields *from)
{
  SyncFields *fields;

  if (g_test_rand_int_range (0, 12) == 0)
    return NULL;
  fields = from != NULL ? sync_fields_copy (from) : sync_fields_new ();
  edit (fields, (guint)g_test_rand_int_range (0, 6));
  return fields;
}

static GPtrArray *
conflicts_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)sync_conflict_free);
}

static void
assert_equal (const SyncFields *a, const SyncFields *b)
{
  g_assert_true (sync_fields_equal (a, b));
}

/* merge (b, b, x) = merge (b, x, b) = merge (b, x, x) = x */
static void
test_identity (void)
{
  for (guint i = 0; i < TRIALS; i++)
    {
      g_autoptr (GPtrArray) conflicts = conflicts_new ();
      g_autoptr (SyncFields) base = random_product (NULL);
      g_autoptr (SyncFields) x = random_product (base);
      g_autoptr (SyncFields) right = sync_merge (base, base, x, conflicts);
      g_autoptr (SyncFields) left = sync_merge (base, x, base, conflicts);
      g_autoptr (SyncFields) same = sync_merge (base, x, x, conflicts);

      assert_equal (right, x);
      assert_equal (left, x);
      assert_equal (same, x);
      g_assert_cmpuint (conflicts->len, ==, 0);
    }
}

static const SyncConflict *
conflict_of (GPtrArray *conflicts, const char *path)
{
  for (guint i = 0; i < conflicts->len; i++)
    if (sync_path_within (path, ((SyncConflict *)conflicts->pdata[i])->path))
      return conflicts->pdata[i];
  return NULL;
}

static void
test_symmetry (void)
{
  for (guint i = 0; i < TRIALS; i++)
    {
      g_autoptr (GPtrArray) one = conflicts_new ();
      g_autoptr (GPtrArray) other = conflicts_new ();
      g_autoptr (SyncFields) base = random_product (NULL);
      g_autoptr (SyncFields) x = random_product (base);
      g_autoptr (SyncFields) y = random_product (base);
      g_autoptr (SyncFields) xy = sync_merge (base, x, y, one);
      g_autoptr (SyncFields) yx = sync_merge (base, y, x, other);

      g_assert_cmpuint (one->len, ==, other->len);
      for (guint j = 0; j < one->len; j++)
        {
          const SyncConflict *a = one->pdata[j];
          const SyncConflict *b = other->pdata[j];

          g_assert_cmpstr (a->path, ==, b->path);
          g_assert_cmpstr (a->base, ==, b->base);
          g_assert_cmpstr (a->ours, ==, b->theirs);
          g_assert_cmpstr (a->theirs, ==, b->ours);
        }
      for (guint j = 0; j < sync_fields_count (xy); j++)
        if (conflict_of (one, sync_fields_at (xy, j)->path) == NULL)
          g_assert_cmpstr (sync_fields_at (xy, j)->value, ==, sync_fields_get (yx, sync_fields_at (xy, j)->path));
      if (one->len == 0)
        assert_equal (xy, yx);
    }
}

/* What either side did to a field is in the result, or in the queue with both values; and a field is in the queue only
 * when both changed it, and not alike. */
static void
check_field (const SyncFields *base,
             const SyncFields *x,
             const SyncFields *y,
             const SyncFields *merged,
             GPtrArray *conflicts,
             const char *path)
{
  const SyncConflict *conflict = conflict_of (conflicts, path);
  const char *was = sync_fields_get (base, path);
  const char *our = sync_fields_get (x, path);
  const char *their = sync_fields_get (y, path);
  const char *now = sync_fields_get (merged, path);

  if (conflict != NULL && strcmp (conflict->path, path) == 0 && *path != '\0' && !g_str_has_prefix (path, "variants/"))
    {
      g_assert_cmpstr (our, !=, was);
      g_assert_cmpstr (their, !=, was);
      g_assert_cmpstr (our, !=, their);
      g_assert_cmpstr (conflict->ours, ==, our);
      g_assert_cmpstr (conflict->theirs, ==, their);
    }
  if (conflict != NULL)
    {
      g_assert_cmpstr (now, ==, our);
      return;
    }
  if (g_strcmp0 (our, was) != 0)
    g_assert_cmpstr (now, ==, our);
  if (g_strcmp0 (their, was) != 0)
    g_assert_cmpstr (now, ==, their);
  if (g_strcmp0 (our, was) == 0 && g_strcmp0 (their, was) == 0)
    g_assert_cmpstr (now, ==, was);
}

static void
test_no_edit_is_lost (void)
{
  guint found = 0;

  for (guint i = 0; i < TRIALS; i++)
    {
      g_autoptr (GPtrArray) conflicts = conflicts_new ();
      g_autoptr (SyncFields) base = random_product (NULL);
      g_autoptr (SyncFields) x = random_product (base);
      g_autoptr (SyncFields) y = random_product (base);
      g_autoptr (SyncFields) merged = sync_merge (base, x, y, conflicts);
      const SyncFields *sides[] = { base, x, y, merged };

      found += conflicts->len;
      for (guint s = 0; s < G_N_ELEMENTS (sides); s++)
        for (guint j = 0; j < sync_fields_count (sides[s]); j++)
          check_field (base, x, y, merged, conflicts, sync_fields_at (sides[s], j)->path);
    }
  g_assert_cmpuint (found, >, TRIALS / 10); /* or this has looked at nothing */
}

/* A third edit of the same base. */
static SyncFields *
merge_clean (const SyncFields *base, const SyncFields *x, const SyncFields *y, gboolean *clean)
{
  g_autoptr (GPtrArray) conflicts = conflicts_new ();
  SyncFields *merged = sync_merge (base, x, y, conflicts);

  *clean = *clean && conflicts->len == 0;
  return merged;
}

static void
test_associativity (void)
{
  guint looked = 0;

  for (guint i = 0; i < TRIALS; i++)
    {
      gboolean clean = TRUE;
      g_autoptr (SyncFields) base = random_product (NULL);
      g_autoptr (SyncFields) x = random_product (base);
      g_autoptr (SyncFields) y = random_product (base);
      g_autoptr (SyncFields) z = random_product (base);
      g_autoptr (SyncFields) xy = merge_clean (base, x, y, &clean);
      g_autoptr (SyncFields) yz = merge_clean (base, y, z, &clean);
      g_autoptr (SyncFields) xz = merge_clean (base, x, z, &clean);
      g_autoptr (SyncFields) left = merge_clean (base, xy, z, &clean);
      g_autoptr (SyncFields) right = merge_clean (base, x, yz, &clean);
      g_autoptr (SyncFields) other = merge_clean (base, xz, y, &clean);

      if (!clean)
        continue;
      looked++;
      assert_equal (left, right);
      assert_equal (left, other);
    }
  g_assert_cmpuint (looked, >, TRIALS / 100);
}

/* An answer makes the winner's field stand, and answers that conflict alone. */
static void
test_settle (void)
{
  for (guint i = 0; i < TRIALS; i++)
    {
      g_autoptr (GPtrArray) conflicts = conflicts_new ();
      g_autoptr (GPtrArray) left = conflicts_new ();
      g_autoptr (SyncFields) base = random_product (NULL);
      g_autoptr (SyncFields) x = random_product (base);
      g_autoptr (SyncFields) y = random_product (base);
      g_autoptr (SyncFields) before = sync_merge (base, x, y, conflicts);
      g_autoptr (SyncFields) after = NULL;
      const SyncConflict *conflict;
      gboolean ours = g_test_rand_bit ();

      if (conflicts->len == 0)
        continue;
      conflict = conflicts->pdata[g_test_rand_int_range (0, (gint32)conflicts->len)];
      sync_settle (&base, ours ? y : x, conflict->path);
      after = sync_merge (base, x, y, left);
      if (*conflict->path == '\0')
        assert_equal (after, ours ? x : y);
      else
        g_assert_cmpstr (sync_fields_get (after, conflict->path), ==, sync_fields_get (ours ? x : y, conflict->path));
      g_assert_cmpuint (left->len, ==, conflicts->len - 1);
      g_assert_true (sync_fields_equal (before, x) || conflicts->len > 0);
    }
}

static void
test_digest (void)
{
  SyncConflict a = { (char *)"title", (char *)"1", NULL, (char *)"2" };
  SyncConflict b = { (char *)"title", (char *)"1", (char *)"", (char *)"2" };
  SyncConflict c = { (char *)"title", (char *)"1", (char *)"2", NULL };
  g_autofree char *one = sync_conflict_digest (&a);
  g_autofree char *two = sync_conflict_digest (&b);
  g_autofree char *three = sync_conflict_digest (&c);

  g_assert_cmpstr (one, !=, two);
  g_assert_cmpstr (one, !=, three);
  g_assert_cmpuint (strlen (one), ==, 64);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sync-merge/identity", test_identity);
  g_test_add_func ("/sync-merge/symmetry", test_symmetry);
  g_test_add_func ("/sync-merge/no-edit-is-lost", test_no_edit_is_lost);
  g_test_add_func ("/sync-merge/associativity", test_associativity);
  g_test_add_func ("/sync-merge/settle", test_settle);
  g_test_add_func ("/sync-merge/digest", test_digest);
  return g_test_run ();
}
