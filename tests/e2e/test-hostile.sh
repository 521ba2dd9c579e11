#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The console, of a season whose markdown waits, products that are looked into and a shop that is not connected, when whatever is text in
# the host's answers has markup in it.
set -uo pipefail
# shellcheck source=tests/e2e/host.sh
. "${ROYAL_SRCDIR:?}/tests/e2e/host.sh"

mkdir "$host_dir/manifests/connectors"
cat >"$host_dir/manifests/connectors/shopify.json" <<'END'
{ "shops": { "main": { "shop": "acme.myshopify.com", "token": "shop-token", "app": { "id": "app-id", "secret": "app-secret",
  "callback": "http://localhost:1/oauth/shopify/callback", "scopes": ["read_products"] } } } }
END
[ "$(id -u)" != 0 ] || chmod -R a+rX "$host_dir/manifests"
export ROYAL_SECRET_APP_ID=app-id ROYAL_SECRET_APP_SECRET=app-secret
listen
load_season "Women's Dresses" || exit 1
checkpoint >"$host_dir/job.log" 2>&1 || exit 1
printf 'product,supplier,title,price,cost,shipping,shipping_days,rating,reviews,sold\nlamp,Lumen,Desk lamp,49.90,15.00,4.00,7,4.6,900,900\n' \
  >"$host_dir/catalog.csv"
printf 'supplier,orders,late,failed\nLumen,400,16,2\n' >"$host_dir/suppliers.csv"
{
  ctl catalog upload catalog "$host_dir/catalog.csv" && ctl catalog upload suppliers "$host_dir/suppliers.csv" && ctl goals margin=0.4 \
    && ctl workflow start product_pipeline --input '{}' && ctl jobs run supplier_vetting review --wait
} >"$host_dir/products.log" 2>&1 || { sed 's/^/# /' "$host_dir/products.log"; exit 1; }
drive hostile.mjs
