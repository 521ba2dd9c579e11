/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-secret.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * RhNotice:
 * @id: the same however often it is sent
 * @kind: of its events, such as `approval.required`, or `notification.test`
 * @n: of how many events it tells
 * @attempt: which one this is, from 1
 * @made_s: when it was made, in seconds since 1970
 * @events: those that it shows, as `notice_event` of the database makes them, at most ten
 *
 * One notification for one receiver.
 */
typedef struct {
  char *id;
  char *receiver;
  char *kind;
  gint64 n;
  gint64 attempt;
  gint64 made_s;
  JsonArray *events;
} RhNotice;

void rh_notice_free (RhNotice *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhNotice, rh_notice_free)

/* Has the links to proposals signed with @key, where the events say what was proposed: rh-approval-link.h. */
gboolean rh_notice_sign (RhNotice *self, RhSecret *key, gint64 workspace, GError **error);

/* (transfer full): one line for people. */
char *rh_notice_title (const RhNotice *self) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): plain text, the title first and then a line for each event. @link (nullable): where the console is.
 */
char *rh_notice_text (const RhNotice *self, const char *link) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_notice_body:
 * @link: (nullable): where the console is
 * @text_alone: nothing but `text`
 *
 * Returns: (transfer full): { "text", "type", "timestamp", "data": { "id", "n", "events" } }, as Slack and Standard
 * Webhooks have it. In `text` nothing that an event brings is markup.
 */
JsonNode *rh_notice_body (const RhNotice *self, const char *link, gboolean text_alone) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
