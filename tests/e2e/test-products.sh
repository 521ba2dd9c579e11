#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From the catalog to the shop, in a browser: the agents and workflows that are shipped, and a fake of Shopify that tells what it was
# given.
set -uo pipefail
# shellcheck source=tests/e2e/host.sh
. "${ROYAL_SRCDIR:?}/tests/e2e/host.sh"

"$ROYAL_BUILDDIR/tests/fault/shopify-peer" 0 >"$host_dir/port" &
peer_pid=$!
# shellcheck disable=SC2317 # the trap calls it
leave () { kill "$peer_pid" 2>/dev/null; host_env_remove; }
until_ok test -s "$host_dir/port"
shop=http://127.0.0.1:$(cat "$host_dir/port")
mkdir -p "$host_dir/manifests/connectors"
jq -n --arg origin "$shop" '{ shops: { main: { shop: "acme.myshopify.com", token: "shop-token", origin: $origin, insecure: true,
  private: true, pull: ["products"] } } }' >"$host_dir/manifests/connectors/shopify.json"
[ "$(id -u)" != 0 ] || chmod -R a+rX "$host_dir/manifests"
jq '.config.max_proposals = 10' "$ROYAL_SRCDIR/manifests/product_scout.json" >"$host_dir/manifests/product_scout.json"
export ROYAL_SECRET_SHOP_TOKEN=good-token
listen
{
  echo 'product,supplier,title,price,cost,shipping,shipping_days,rating,reviews,sold'
  echo 'lamp,Lumen,Desk lamp,49.90,15.00,4.00,7,4.6,900,900'
  echo 'chair,Lumen,Garden chair,100.00,60.00,5.00,7,4.7,900,800'
  echo 'mug,Ton,Mug with a cat,12.00,3.00,1.00,7,4.8,900,700'
  echo 'clock,Hell & Co,"Wall clock <svg onload=""document.title=1"">",40.00,10.00,2.00,7,4.5,900,600'
  echo 'sofa,Lumen,Blue sofa,45.00,15.00,4.00,7,4.6,900,'
} >"$host_dir/catalog.csv"
{
  echo 'product,week,value'
  for product in lamp chair mug clock sofa; do
    for week in 2026-01-05 2026-01-12 2026-01-19 2026-01-26 2026-02-02 2026-02-09 2026-02-16 2026-02-23; do echo "$product,$week,10"; done
  done
} >"$host_dir/signals.csv"
{
  echo 'supplier,orders,late,failed,shipping_days,rating,reviews,messages,answered'
  echo 'Lumen,400,16,2,7,4.6,800,120,114'
  echo 'Ton,9,0,0,10,4.9,3,4,4'
  echo 'Hell & Co,150,60,20,25,3.1,90,50,20'
} >"$host_dir/suppliers.csv"
for kind in catalog signals suppliers; do
  ctl catalog upload "$kind" "$host_dir/$kind.csv" >"$host_dir/upload.log" 2>&1 || { sed 's/^/# /' "$host_dir/upload.log"; exit 1; }
done
drive products.mjs E2E_SHOP="$shop"
