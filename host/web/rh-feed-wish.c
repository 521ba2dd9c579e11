/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-feed-wish.h"

#include <string.h>

#define TOPICS_MAX 32
#define TOPIC_MAX 64

struct _RhFeedWish {
  GStrv topics;   /* (nullable): NULL = all */
  char *workflow; /* (nullable): the run */
};

static gboolean
are_topics (const char *const *names)
{
  if (g_strv_length ((char **)names) > TOPICS_MAX)
    return FALSE;
  for (guint i = 0; names[i] != NULL; i++)
    {
      gsize length = strlen (names[i]);

      if (length == 0 || length > TOPIC_MAX || strspn (names[i], "abcdefghijklmnopqrstuvwxyz0123456789_.-") != length)
        return FALSE;
    }
  return TRUE;
}

RhFeedWish *
rh_feed_wish_new (const char *topics, const char *workflow)
{
  g_auto (GStrv) names = topics != NULL && *topics != '\0' ? g_strsplit (topics, ",", TOPICS_MAX + 1) : NULL;
  RhFeedWish *self;

  if (names != NULL && !are_topics ((const char *const *)names))
    return NULL;
  self = g_new0 (RhFeedWish, 1);
  self->topics = g_steal_pointer (&names);
  /* As the database writes it. */
  self->workflow = workflow != NULL ? g_ascii_strdown (workflow, -1) : NULL;
  return self;
}

void
rh_feed_wish_free (RhFeedWish *self)
{
  if (self == NULL)
    return;
  g_strfreev (self->topics);
  g_free (self->workflow);
  g_free (self);
}

char *
rh_feed_wish_kinds (const RhFeedWish *self)
{
  g_autofree char *joined = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  joined = self->topics != NULL ? g_strjoinv ("\",\"", self->topics) : NULL;
  /* Nothing in a topic needs to be escaped: see are_topics(). */
  return joined != NULL ? g_strdup_printf ("{\"%s\"}", joined) : NULL;
}

const char *
rh_feed_wish_workflow (const RhFeedWish *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->workflow;
}

gboolean
rh_feed_wish_is_all (const RhFeedWish *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->topics == NULL && self->workflow == NULL;
}

gboolean
rh_feed_wish_has (const RhFeedWish *self, RhRows *rows, guint row)
{
  const char *kind = rh_rows_string (rows, row, "kind");

  g_return_val_if_fail (self != NULL && kind != NULL, FALSE);

  if (self->workflow != NULL && g_strcmp0 (rh_rows_string (rows, row, "workflow"), self->workflow) != 0)
    return FALSE;
  for (guint i = 0; self->topics != NULL && self->topics[i] != NULL; i++)
    if (g_str_has_prefix (kind, self->topics[i]))
      return TRUE;
  return self->topics == NULL;
}

gboolean
rh_feed_wish_ends_with (const RhFeedWish *self, RhRows *rows, guint row)
{
  static const char *const ends[] = { "workflow.completed", "workflow.failed", "workflow.cancelled", NULL };

  g_return_val_if_fail (self != NULL, FALSE);
  return self->workflow != NULL && g_strv_contains (ends, rh_rows_string (rows, row, "kind"));
}
