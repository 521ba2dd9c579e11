/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-receiver.h"
#include "rh-secrets.h"

G_BEGIN_DECLS

/* Tells receivers outside of what waits for a person: makes notifications of events, after they were committed, and
 * sends those that are due until that is confirmed. Every host of a database does; each notification is with one of
 * them at a time. Nothing waits for it: neither the gate nor anyone's request. */
typedef struct _RhNotifier RhNotifier;

/* @receivers: name -> RhReceiver. Begins at once, and goes on until it is stopped; @holder is this host. */
RhNotifier *rh_notifier_new (RhStore *store,
                             RhSecrets *secrets,
                             GHashTable *receivers,
                             gint64 workspace,
                             const char *holder) G_GNUC_WARN_UNUSED_RESULT;

/* Cancels what is under way and lets @self (nullable) go; what was not confirmed is sent again by whoever starts next.
 */
void rh_notifier_stop (RhNotifier *self);

G_END_DECLS
