/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-hook-service.h"

#include <string.h>

static const RhHookService services[] = {
  { .name = "github",
    .prefix = "sha256=",
    .typed = TRUE,
    .headers = { { .signature = "X-Hub-Signature-256", .topic = "X-GitHub-Event", .id = "X-GitHub-Delivery" } },
    .n_headers = 1 },
  /* It tries again for four hours, and tells then when it first happened. */
  { .name = "shopify",
    .prefix = "",
    .base64 = TRUE,
    .tolerance_s = 6 * 3600,
    .headers = { { "X-Shopify-Hmac-Sha256", "X-Shopify-Topic", "X-Shopify-Shop-Domain", "X-Shopify-API-Version",
                   "X-Shopify-Webhook-Id", "X-Shopify-Event-Id", "X-Shopify-Triggered-At" },
                 { "Shopify-Hmac-Sha256", "Shopify-Topic", "Shopify-Shop-Domain", "Shopify-API-Version",
                   "Shopify-Webhook-Id", NULL, "Shopify-Triggered-At" } },
    .n_headers = 2 },
};

const RhHookService *
rh_hook_service_find (const char *name)
{
  g_return_val_if_fail (name != NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (services); i++)
    if (strcmp (services[i].name, name) == 0)
      return &services[i];
  return NULL;
}
