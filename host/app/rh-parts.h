/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-config.h"
#include "rh-git.h"
#include "rh-github.h"
#include "rh-http.h"
#include "rh-receiver.h"
#include "rh-registry.h"
#include "rh-shopify.h"
#include "rh-workflow-set.h"

G_BEGIN_DECLS

/* What the configuration names, for a host that starts and for one that is only checked. */

/* @dir: where private copies of modules are kept */
RhRegistry *rh_parts_registry (RhConfig *config, const char *dir) G_GNUC_WARN_UNUSED_RESULT;

/* The http connector, with the endpoints of connectors/http.json beside the manifests; @secrets as in rh_http_new(). */
RhHttp *rh_parts_http (RhConfig *config, RhSecrets *secrets, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The git connector, likewise: connectors/git.json, and its caches in the data folder. */
RhGit *rh_parts_git (RhConfig *config, RhSecrets *secrets, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The github connector, likewise: connectors/github.json. */
RhGithub *rh_parts_github (RhConfig *config, RhSecrets *secrets, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The shopify connector, likewise: connectors/shopify.json. */
RhShopify *rh_parts_shopify (RhConfig *config, RhStore *store, RhSecrets *secrets, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Who is notified: connectors/notifications.json; name -> RhReceiver. */
GHashTable *rh_parts_receivers (RhConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The workflows beside the manifests. */
RhWorkflowSet *rh_parts_workflows (RhConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What TCP shows its clients, as in rh_tls_load(). @ret_certificate: (transfer full) (nullable): NULL when none is configured. */
gboolean rh_parts_certificate (RhConfig *config, GTlsCertificate **ret_certificate, GError **error);

G_END_DECLS
