/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-reads.h"

#include "rh-call.h"

#include <string.h>

/* A call waits until nothing else is to be done first, so that it is for all whose requests have come meanwhile; but
 * not for more than so many, and not longer than that. */
#define GATHER_MAX 32
#define GATHER_MS 5
#define GATHER_PRIORITY (G_PRIORITY_DEFAULT + 10)

/* Who waits for an answer. */
typedef struct {
  RhRowsFunc then;
  gpointer data;
} Reader;

/* One question, from the first call until nobody asks it any more. */
typedef struct {
  RhStore *store; /* owned while there are sources; its calls hold it by themselves */
  const RhStatement *statement;
  gint64 workspace;
  char **params;
  char *key;
  GArray *asked;   /* Reader: those whom the call under way is for */
  GArray *waiting; /* Reader: those of the next one */
  guint idle;      /* sources, while a call is due */
  guint timeout;
  gboolean is_asked; /* a call is under way */
} Question;

static GQuark
questions_quark (void)
{
  return g_quark_from_static_string ("rh-reads");
}

/* key → Question, of @store. */
static GHashTable *
questions_of (RhStore *store)
{
  GHashTable *questions = g_object_get_qdata (G_OBJECT (store), questions_quark ());

  if (questions == NULL)
    {
      questions = g_hash_table_new (g_str_hash, g_str_equal);
      g_object_set_qdata_full (G_OBJECT (store), questions_quark (), questions, (GDestroyNotify)g_hash_table_unref);
    }
  return questions;
}

/* (transfer full): each part with its length, so that no two questions share one. */
static char *
key_of (const RhStatement *statement, gint64 workspace, const char *const *params)
{
  GString *key = g_string_new (statement->name);

  g_string_append_printf (key, " %" G_GINT64_FORMAT, workspace);
  for (guint i = 0; i < statement->n_params; i++)
    if (params[i] != NULL)
      g_string_append_printf (key, " %" G_GSIZE_FORMAT ":%s", strlen (params[i]), params[i]);
    else
      g_string_append (key, " -");
  return g_string_free (key, FALSE);
}

static Question *
question_new (RhStore *store, const RhStatement *statement, gint64 workspace, const char *const *params, char *key)
{
  Question *self = g_new0 (Question, 1);

  self->store = store;
  self->statement = statement;
  self->workspace = workspace;
  self->params = rh_params_copy (params, statement->n_params);
  self->key = key;
  self->asked = g_array_new (FALSE, FALSE, sizeof (Reader));
  self->waiting = g_array_new (FALSE, FALSE, sizeof (Reader));
  return self;
}

static void
question_free (Question *self)
{
  rh_params_free (self->params, self->statement->n_params);
  g_free (self->key);
  g_array_unref (self->asked);
  g_array_unref (self->waiting);
  g_free (self);
}

static void gather (Question *self);

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  Question *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  g_autoptr (GArray) asked = self->asked;

  self->is_asked = FALSE;
  /* What a reader asks from now on is a question of its own, or waits for the next call. */
  self->asked = g_array_new (FALSE, FALSE, sizeof (Reader));
  if (self->waiting->len > 0)
    gather (self);
  else
    {
      g_hash_table_remove (questions_of (self->store), self->key);
      question_free (self);
    }
  for (guint i = 0; i < asked->len; i++)
    {
      const Reader *reader = &g_array_index (asked, Reader, i);

      reader->then (rows, error, reader->data);
    }
}

/* The call is for all that wait. */
static void
ask (Question *self)
{
  GArray *none = self->asked;

  self->is_asked = TRUE;
  self->asked = self->waiting;
  self->waiting = none;
  rh_store_call_async (self->store, self->statement, self->workspace, (const char *const *)self->params, NULL,
                       on_answered, self);
}

static void
end_gathering (Question *self)
{
  g_autoptr (RhStore) store = self->idle != 0 ? self->store : NULL;

  g_clear_handle_id (&self->idle, g_source_remove);
  g_clear_handle_id (&self->timeout, g_source_remove);
  ask (self);
}

static gboolean
on_gathered (gpointer data)
{
  end_gathering (data);
  return G_SOURCE_CONTINUE; /* it is removed already */
}

/* No call is under way, and somebody waits for one. */
static void
gather (Question *self)
{
  if (self->waiting->len >= GATHER_MAX)
    end_gathering (self);
  else if (self->idle == 0)
    {
      g_object_ref (self->store);
      self->idle = g_idle_add_full (GATHER_PRIORITY, on_gathered, self, NULL);
      self->timeout = g_timeout_add (GATHER_MS, on_gathered, self);
    }
}

void
rh_reads_call (RhStore *store,
               const RhStatement *statement,
               gint64 workspace,
               const char *const *params,
               RhRowsFunc then,
               gpointer data)
{
  g_autofree char *key = NULL;
  const Reader reader = { then, data };
  Question *question;

  g_return_if_fail (RH_IS_STORE (store) && statement != NULL && then != NULL);
  g_return_if_fail (statement->writes == RH_READS);
  g_return_if_fail (statement->n_params == 0 || params != NULL);

  key = key_of (statement, workspace, params);
  question = g_hash_table_lookup (questions_of (store), key);
  if (question != NULL)
    {
      g_array_append_val (question->waiting, reader);
      if (!question->is_asked)
        gather (question);
      return;
    }
  question = question_new (store, statement, workspace, params, g_steal_pointer (&key));
  g_hash_table_insert (questions_of (store), question->key, question);
  g_array_append_val (question->waiting, reader);
  gather (question);
}
