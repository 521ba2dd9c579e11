/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-workers.h"

G_BEGIN_DECLS

/* Looks every few seconds at what no event tells: how full the queue, the database and the disk are, what the processes use.
 * Sets the metrics of it, and judges the alerts. */
#define RH_TYPE_SAMPLER (rh_sampler_get_type ())
G_DECLARE_FINAL_TYPE (RhSampler, rh_sampler, RH, SAMPLER, GObject)

/* @data_dir: whose disk is watched */
RhSampler *rh_sampler_new (RhStore    *store,
                           RhRegistry *registry,
                           RhWorkers  *workers,
                           const char *data_dir) G_GNUC_WARN_UNUSED_RESULT;

/* From now on; the first look is at once. */
void rh_sampler_start (RhSampler *self);
void rh_sampler_stop (RhSampler *self);

/* (transfer full): the alerts that fire, as rh_alert_watch_firing(). */
JsonNode *rh_sampler_alerts (RhSampler *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
