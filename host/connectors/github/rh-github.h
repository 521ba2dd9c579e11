/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"
#include "rh-secrets.h"

G_BEGIN_DECLS

/* Pull requests, labels, statuses and releases of the repositories that the operator names in connectors/github.json. */
#define RH_TYPE_GITHUB (rh_github_get_type ())
G_DECLARE_FINAL_TYPE (RhGithub, rh_github, RH, GITHUB, GObject)

/* @file: see docs/schema/github-repositories.schema.json; none configured when it is not there. @secrets: (nullable) to
 * check only. */
RhGithub *rh_github_new (const char *file, RhSecrets *secrets, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
