/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"
#include "rh-store.h"

G_BEGIN_DECLS

/* What is allowed, changed as anything else is: proposed, shown as a difference, approved by an administrator, undone.
 * Each action always asks.
 *
 * policy.change   target `policy`, { "document": a policy }: it is put in force; its inverse puts back what was
 * grant.change    target an agent, { "grants": { "reads", "writes" } }: what it may do, beside what its file says
 * envelope.grant  target the envelope's id, { "envelope": docs/schema/envelope.schema.json }; its inverse revokes it
 * envelope.revoke target the envelope's id, {}
 * breaker.restore target an agent, {}: it gets back what it may do by itself
 * breaker.change  target an agent, { "breaker": { "failed", "undone", "rejected", "window_s" } }: when it loses that
 * key.trust       target the key's name, { "public_key": 64 hexadecimal digits, or null: it is not trusted any more }
 */
#define RH_TYPE_CONTROL (rh_control_get_type ())
G_DECLARE_FINAL_TYPE (RhControl, rh_control, RH, CONTROL, GObject)

RhControl *rh_control_new (RhStore *store) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
