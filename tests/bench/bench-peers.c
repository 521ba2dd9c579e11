/* SPDX-License-Identifier: Apache-2.0 */

#include "bench-peers.h"

#include "bench.h"
#include "royal-json.h"
#include "royal-test.h"

#include <string.h>

struct BenchPeers {
  const char *what;
  const char *const *names;
  const char *const *figures;
  gboolean absent;
  GPtrArray *rounds; /* of JsonNode: { NAME: { FIGURE: number } } */
};

BenchPeers *
bench_peers_new (const char *what, const char *const *names, const char *const *figures)
{
  BenchPeers *self = g_new0 (BenchPeers, 1);

  self->what = what;
  self->names = names;
  self->figures = figures;
  self->rounds = g_ptr_array_new_with_free_func ((GDestroyNotify)json_node_unref);
  return self;
}

void
bench_peers_free (BenchPeers *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->rounds);
  g_free (self);
}

/* Whether they were made ready; who did not has said why. */
static gboolean
are_ready (void)
{
  g_autofree char *path = bench_build_path ("peers/ready");

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* What one round of tools/peers printed; NULL when it failed, which it has explained. (transfer full) */
static char *
run_tool (BenchPeers *self)
{
  g_autofree char *folder = bench_build_path ("peers");
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  g_autoptr (GSubprocess) tool =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, ROYAL_SRCDIR "/tools/peers", self->what, folder, NULL);

  if (tool == NULL)
    g_error ("%s", error->message);
  g_subprocess_communicate_utf8_async (tool, NULL, NULL, royal_test_result, &pending);
  while (pending == NULL)
    g_main_context_iteration (NULL, TRUE);
  result = pending;
  if (!g_subprocess_communicate_utf8_finish (tool, result, &output, NULL, &error))
    g_error ("%s", error->message);
  return g_subprocess_get_successful (tool) ? g_steal_pointer (&output) : NULL;
}

void
bench_peers_round (BenchPeers *self)
{
  g_autofree char *output = NULL;
  g_autoptr (JsonNode) told = NULL;
  g_autoptr (GError) error = NULL;

  if (self->absent)
    return;
  output = are_ready () ? run_tool (self) : NULL;
  self->absent = output == NULL;
  if (self->absent)
    {
      g_ptr_array_set_size (self->rounds, 0);
      return;
    }
  told = royal_json_parse (output, -1, "what tools/peers printed", &error);
  if (told == NULL || !JSON_NODE_HOLDS_OBJECT (told))
    g_error ("tools/peers printed no object: %s", error != NULL ? error->message : output);
  g_ptr_array_add (self->rounds, g_steal_pointer (&told));
}

double
bench_peers_median (BenchPeers *self, const char *name, const char *figure)
{
  g_autofree double *values = g_new (double, self->rounds->len + 1);

  for (guint i = 0; i < self->rounds->len; i++)
    {
      JsonObject *all = json_node_get_object (g_ptr_array_index (self->rounds, i));
      JsonObject *peer = royal_json_object (all, name);

      if (peer == NULL || !json_object_has_member (peer, figure))
        g_error ("tools/peers told no %s of %s", figure, name);
      values[i] = json_object_get_double_member (peer, figure);
    }
  return self->rounds->len > 0 ? bench_median (values, self->rounds->len) : 0;
}

void
bench_peers_print (BenchPeers *self)
{
  if (self->rounds->len == 0)
    {
      g_print ("the peers are absent\n");
      return;
    }
  g_print ("%-12s", "peer");
  for (guint f = 0; self->figures[f] != NULL; f++)
    g_print (" %20s", self->figures[f]);
  g_print ("\n");
  for (guint n = 0; self->names[n] != NULL; n++)
    {
      g_print ("%-12s", self->names[n]);
      for (guint f = 0; self->figures[f] != NULL; f++)
        g_print (" %20.*f", g_str_has_suffix (self->figures[f], "_ms") ? 2 : 0,
                 bench_peers_median (self, self->names[n], self->figures[f]));
      g_print ("\n");
    }
}

char *
bench_peers_members (BenchPeers *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint n = 0; self->rounds->len > 0 && self->names[n] != NULL; n++)
    for (guint f = 0; self->figures[f] != NULL; f++)
      g_string_append_printf (text, ",\"%s_%s\":%.*f", self->names[n], self->figures[f],
                              g_str_has_suffix (self->figures[f], "_ms") ? 3 : 0,
                              bench_peers_median (self, self->names[n], self->figures[f]));
  return g_string_free (g_steal_pointer (&text), FALSE);
}
