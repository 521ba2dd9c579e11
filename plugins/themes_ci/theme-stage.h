/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <royal/agent.h>

G_BEGIN_DECLS

/* A branch's theme as a copy of the live one: tasks of the agent. What they propose is a copy, and files of that copy; the
 * live theme is never a target of theirs. */

/* { ref? | branch? }: proposes the copy, which is known by the branch and the commit; one that is there already is taken. */
JsonNode *theme_stage (RoyalRun *run, JsonObject *input, GError **error);

/* { name, branch, sha, part }: proposes the copy's files, as they are at the commit: `code`, and then the `rest`, which names it. */
JsonNode *theme_stage_fill (RoyalRun *run, JsonObject *input, GError **error);

/* { theme, branch, sha }: looks whether the copy has the commit's files, and no others; %ROYAL_ERROR_UNAVAILABLE until then. */
JsonNode *theme_stage_staged (RoyalRun *run, JsonObject *input, GError **error);

G_END_DECLS
