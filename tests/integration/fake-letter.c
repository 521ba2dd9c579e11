/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-letter.h"

#include <royal-json.h>
#include <royal/error.h>
#include <string.h>

struct _FakeLetter {
  GObject parent;

  RoyalSchema *classes;
  char *sent;
  char *undone;
  GHashTable *done; /* key → what verify says */
  guint verifies;
};

static void fake_letter_iface_init (RhConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeLetter,
                               fake_letter,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RH_TYPE_CONNECTOR, fake_letter_iface_init))

static void
fake_letter_finalize (GObject *object)
{
  FakeLetter *self = FAKE_LETTER (object);

  royal_schema_free (self->classes);
  g_free (self->sent);
  g_free (self->undone);
  g_hash_table_unref (self->done);
  G_OBJECT_CLASS (fake_letter_parent_class)->finalize (object);
}

static void
fake_letter_class_init (FakeLetterClass *class)
{
  G_OBJECT_CLASS (class)->finalize = fake_letter_finalize;
}

static void
fake_letter_init (FakeLetter *self)
{
  static const char text[] = "{\"properties\":{"
                             "\"before\":{\"properties\":{\"city\":{\"x-royal-class\":\"personal\"}}},"
                             "\"receipt\":{\"properties\":{\"tracking\":{\"x-royal-class\":\"personal\"}}}}}";
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "classes", NULL);

  self->classes = royal_schema_new (node, "classes", NULL);
  g_assert_nonnull (self->classes);
  self->sent = g_strdup ("");
  self->undone = g_strdup ("");
  self->done = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_node_unref);
}

FakeLetter *
fake_letter_new (void)
{
  return g_object_new (FAKE_TYPE_LETTER, NULL);
}

const char *
fake_letter_sent (FakeLetter *self)
{
  return self->sent;
}

const char *
fake_letter_undone (FakeLetter *self)
{
  return self->undone;
}

guint
fake_letter_verifies (FakeLetter *self)
{
  return self->verifies;
}

static const char *
fake_name (RhConnector *connector)
{
  return "letter";
}

static const RhAction *
fake_actions (RhConnector *connector)
{
  static const RhAction actions[] = {
    { "fake.letter", "Write to a person (fake)", "/fake/fake-letter.schema.json", .reversible = TRUE }, { 0 }
  };

  return actions;
}

static RoyalSchema *
fake_classes (RhConnector *connector, const char *action, const char *target)
{
  return FAKE_LETTER (connector)->classes;
}

static JsonNode *parse (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* ' for ". */
static JsonNode *
parse (const char *format, ...)
{
  g_autofree char *text = NULL;
  JsonNode *node;
  va_list args;

  va_start (args, format);
  text = g_strdelimit (g_strdup_vprintf (format, args), "'", '"');
  va_end (args);
  node = royal_json_parse (text, -1, "fake", NULL);
  g_assert_nonnull (node);
  return node;
}

static const char *
mail_of (const RhEffect *effect)
{
  return royal_json_string (effect->parameters, "mail", "?");
}

static gboolean
is_mode (const RhEffect *effect, const char *mode)
{
  return strcmp (royal_json_string (effect->parameters, "mode", ""), mode) == 0;
}

static void
fake_assess_async (RhConnector *connector,
                   const RhEffect *effect,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer data)
{
  g_autoptr (GTask) task = g_task_new (connector, NULL, callback, data);
  RhAssessment *assessment;

  if (is_mode (effect, "away"))
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "nobody knows %s", mail_of (effect));
      return;
    }
  assessment = g_new0 (RhAssessment, 1);
  assessment->before = parse ("{'city':'" FAKE_LETTER_CITY "','letters':0,'last':'to %s'}", mail_of (effect));
  assessment->facts = parse ("{'to':%" G_GINT64_FORMAT ",'address':'%s','born':%" G_GINT64_FORMAT "}",
                             royal_json_int (effect->parameters, "amount", 0), mail_of (effect),
                             royal_json_int (effect->parameters, "born", 0));
  assessment->preview = parse (
      "{'summary':'Write to %s','changes':[{'label':'letters','before':0,'after':'one in " FAKE_LETTER_CITY "'}]}",
      mail_of (effect));
  g_task_return_pointer (task, assessment, (GDestroyNotify)rh_assessment_free);
}

static RhAssessment *
fake_assess_finish (RhConnector *connector, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* All that it was handed, in the open. */
static char *
text_of (const RhEffect *effect)
{
  g_autoptr (JsonNode) parameters = json_node_init_object (json_node_alloc (), effect->parameters);
  g_autofree char *first = royal_json_to_string (parameters);
  g_autofree char *second = royal_json_to_string (effect->before);
  g_autofree char *third = NULL;

  if (effect->receipt != NULL)
    {
      g_autoptr (JsonNode) receipt = json_node_init_object (json_node_alloc (), effect->receipt);

      third = royal_json_to_string (receipt);
    }
  return g_strjoin (" ", first, second, third, NULL);
}

static void
fake_apply_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  FakeLetter *self = FAKE_LETTER (connector);
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  char **place = effect->receipt != NULL ? &self->undone : &self->sent;
  JsonNode *receipt;

  if (is_mode (effect, "refuse"))
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_FAILED, "the post does not know %s", mail_of (effect));
      return;
    }
  g_free (*place);
  *place = text_of (effect);
  receipt = parse ("{'tracking':'" FAKE_LETTER_TRACKING "','sent':'letter to %s','stamps':1}", mail_of (effect));
  g_hash_table_insert (self->done, g_strdup (effect->key), json_node_ref (receipt));
  if (is_mode (effect, "lost"))
    {
      json_node_unref (receipt);
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "no answer about %s", mail_of (effect));
    }
  else
    g_task_return_pointer (task, receipt, (GDestroyNotify)json_node_unref);
}

static JsonNode *
fake_apply_finish (RhConnector *connector, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
fake_verify_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  FakeLetter *self = FAKE_LETTER (connector);
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  JsonNode *receipt = g_hash_table_lookup (self->done, effect->key);

  self->verifies++;
  g_assert_nonnull (strchr (mail_of (effect), '@')); /* in the open here too */
  g_task_return_pointer (task, receipt != NULL ? json_node_ref (receipt) : NULL, (GDestroyNotify)json_node_unref);
}

static RhVerify
fake_verify_finish (RhConnector *connector, GAsyncResult *result, JsonNode **ret_receipt, GError **error)
{
  *ret_receipt = g_task_propagate_pointer (G_TASK (result), error);
  return *ret_receipt != NULL ? RH_VERIFY_APPLIED : RH_VERIFY_ABSENT;
}

static void
fake_letter_iface_init (RhConnectorInterface *iface)
{
  iface->name = fake_name;
  iface->actions = fake_actions;
  iface->classes = fake_classes;
  iface->assess_async = fake_assess_async;
  iface->assess_finish = fake_assess_finish;
  iface->apply_async = fake_apply_async;
  iface->apply_finish = fake_apply_finish;
  iface->verify_async = fake_verify_async;
  iface->verify_finish = fake_verify_finish;
  iface->undo_async = fake_apply_async;
  iface->undo_finish = fake_apply_finish;
}
