/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gate-host.h"
#include "royal-test.h"

G_BEGIN_DECLS

/* What tests of people's part in the gate share: the workspace, and people who answer. */

extern gint64 people_ws;

GateHost *people_host (const char *host_id) G_GNUC_WARN_UNUSED_RESULT;

#define assert_value(wanted, ...)                                                                                      \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *found_ = gate_sql_value (__VA_ARGS__);                                                            \
    g_assert_cmpstr (found_, ==, wanted);                                                                              \
  }                                                                                                                    \
  G_STMT_END

/* As the owner, in the workspace. */
#define IN_WORKSPACE "select set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false); "

/* An item of a batch, with ' for ". */
#define ITEM(target, value) "{'target':'" target "','parameters':{'value':" #value "}}"

/* @error is of that code, and says @text; then it is cleared. */
void assert_says (GError **error, int code, const char *text);

/* (transfer full): the id of what the agent `setter` proposes. */
char *people_submit (GateHost *host, const char *text) G_GNUC_WARN_UNUSED_RESULT;
char *people_digest (const char *id) G_GNUC_WARN_UNUSED_RESULT;
/* As rh_gate_answer_finish(), waiting. */
JsonObject *people_finish (GateHost *host, GAsyncResult **result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* @exclude: (nullable): "[1,2]" */
JsonObject *people_approve (GateHost *host, const char *who, const char *role, const char *id, const char *exclude,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
JsonObject *people_modify (GateHost *host, const char *who, const char *id, const char *change, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void assert_approves (GateHost *host, const char *who, const char *role, const char *id, const char *state);
void assert_refuses (GateHost *host, const char *who, const char *role, const char *id, int code, const char *text);
/* What the rule asks of people, with ' for ". */
void people_ask (const char *id, const char *asks);

G_END_DECLS
