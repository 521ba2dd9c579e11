/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-http-endpoint.h"
#include "rh-smtp.h"

G_BEGIN_DECLS

/**
 * RhReceiver:
 * @link: (nullable): where people find the console
 * @link_key: (nullable): the name of the secret that links to proposals are signed with
 * @endpoint: (nullable): where a webhook goes; NULL: it is @smtp
 * @path: of the webhook; NULL: it is the secret @path_secret
 * @signing: (nullable): the name of the secret that it is signed with
 * @text_alone: the webhook's body is `text` and nothing else
 * @smtp: (nullable): where mail goes
 *
 * One who is notified: docs/schema/notifications.schema.json.
 */
typedef struct {
  char *name;
  char *link;
  char *link_key;
  GStrv topics;
  gint64 deadline_s;
  gint64 per_minute;
  RhHttpEndpoint *endpoint;
  char *path;
  char *path_secret;
  char *signing;
  gboolean text_alone;
  RhSmtpPlace *smtp;
} RhReceiver;

void rh_receiver_free (RhReceiver *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhReceiver, rh_receiver_free)

/* All that a file names: name -> RhReceiver; none when the file is not there. NULL with every fault, one a line. */
GHashTable *rh_receivers_load (const char *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer none) (nullable): the name of the secret that links to proposals are signed with. */
const char *rh_receivers_link_key (GHashTable *receivers);

/* (transfer full): where it is, for people: an origin or addresses, and no secret. */
char *rh_receiver_address (const RhReceiver *self) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): JSON for `notice_receivers_set` of the database. */
char *rh_receivers_describe (GHashTable *receivers) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
