/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "host-fixture.h"

#include <rh-workflows.h>

G_BEGIN_DECLS

/* Workflows without workers: an engine over the test's database, whose jobs end as the test says. */

/* An engine with the agent `good`, started. */
RhWorkflows *workflow_engine (HostFixture *f) G_GNUC_WARN_UNUSED_RESULT;
void workflow_engine_stop (RhWorkflows *engine);

/* (transfer full): a definition, from JSON text with ' for ". */
RhWorkflow *workflow_define (const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* Adds the definition to what the engine's new runs follow. */
void workflow_load (HostFixture *f, RhWorkflows *engine, const char *text);

/* (transfer full): the id of a run of what was loaded under @name. */
char *workflow_run (HostFixture *f, RhWorkflows *engine, const char *name, const char *input) G_GNUC_WARN_UNUSED_RESULT;

/* Waits until an expression over the run `r` has a value; over the step `s` at @path. */
void workflow_wait (const char *run, const char *what, const char *value);
void workflow_wait_step (const char *run, const char *path, const char *what, const char *value);
/* The same, now. */
void workflow_expect (const char *run, const char *what, const char *value);
void workflow_expect_step (const char *run, const char *path, const char *what, const char *value);

/* Ends the job of the step at @path, as the queue tells of it; @value is its result or its error as JSON text with '
 * for ". */
void workflow_end_job (const char *run, const char *path, const char *state, const char *value);

/* The paths of steps in their order, with their states: "a completed, b running". (transfer full) */
char *workflow_story (const char *run) G_GNUC_WARN_UNUSED_RESULT;
void workflow_expect_story (const char *run, const char *story);

G_END_DECLS
