#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Settings, in a browser: users, tokens, delegations, a schedule, a freeze; shops, of which one is connected by way of a fake of Shopify.
set -uo pipefail
# shellcheck source=tests/e2e/host.sh
. "${ROYAL_SRCDIR:?}/tests/e2e/host.sh"

jq '.triggers = { "weekly": { "task": "checkpoint", "schedule": { "cron": "0 6 * * mon", "zone": "Europe/Paris" }, "input": { "season": "SS25" } } }' \
  "$ROYAL_SRCDIR/manifests/markdown.json" >"$host_dir/manifests/markdown.json"
mkdir "$host_dir/manifests/connectors"
cat >"$host_dir/manifests/connectors/notifications.json" <<'END'
{ "receivers": { "ops": { "webhook": { "origin": "http://127.0.0.1:9", "insecure": true } } } }
END

# Where browsers come back from Shopify has to be known before the host listens.
"$ROYAL_BUILDDIR/tests/integration/shopify-oauth-peer" >"$host_dir/port" &
peer_pid=$!
# shellcheck disable=SC2317 # the trap calls it
leave () { kill "$peer_pid" 2>/dev/null; host_env_remove; }
until_ok test -s "$host_dir/port"
read -r peer <"$host_dir/port"
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
jq -n --arg origin "http://127.0.0.1:$peer" --arg callback "http://localhost:$port/oauth/shopify/callback" '
  { token: "shop-token", origin: $origin, insecure: true, private: true } as $shop
  | { id: "app-id", secret: "app-secret", callback: $callback, scopes: ["read_products", "write_themes"] } as $app
  | { shops: { main: ($shop + { shop: "acme.myshopify.com", app: $app }), hand: ($shop + { shop: "hand.myshopify.com", token: "hand-token" }),
               old: ($shop + { shop: "old.myshopify.com", token: "old-token", app: $app }) } }' \
  >"$host_dir/manifests/connectors/shopify.json"
ctl secret make-key >"$host_dir/KEYS"
chmod 600 "$host_dir/KEYS"
if [ "$(id -u)" = 0 ]; then chown nobody "$host_dir/KEYS"; chmod -R a+rX "$host_dir/manifests"; fi
host_start ROYAL_SECRET_APP_ID=app-9f1c ROYAL_SECRET_APP_SECRET=hush-of-the-app ROYAL_SECRET_HAND_TOKEN=by-hand -- --secrets-key-file="$host_dir/KEYS" \
  --listen="127.0.0.1:$port" || exit 1
pg=$(dirname "$(find /usr/lib/postgresql -name psql -path '*/bin/*' | sort -V | tail -n 1)")
as_owner () { as_user "$pg/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$host_dir/data/postgres/run" -U royal_admin -d royal -c "$1"; }
has_shops () { [ "$(ctl shopify list --json | jq '.items | length')" = 3 ]; }
until_ok has_shops || exit 1
# One that was connected before its app asked for more, whose next install failed, and whose token could not be renewed.
as_owner "update shopify_shops set granted = '{write_products}', connected_at = now (), connected_by = '<b>old</b>' where shop = 'old';
          insert into shopify_installs (workspace_id, state, shop, scopes, begun_by, ends_at, used_at, ended_at, error)
          select workspace_id, sha256 ('x'), shop, '{read_products}', 'test', now (), now (), now (), '<svg onload=\"document.title=1\">'
          from shopify_shops where shop = 'old';
          insert into shopify_tokens (workspace_id, shop, ends_at, renew_at, error)
          select workspace_id, shop, now (), 'infinity', '<i>no token</i>' from shopify_shops where shop = 'old'" || exit 1
drive settings.mjs
