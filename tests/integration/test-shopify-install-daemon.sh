#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A shop's token by Shopify's authorization code grant, on a whole host: royalctl begins, a browser goes to a fake of Shopify and back;
# the token is kept, and nothing that is secret is in a log, an answer or the audit.
# shellcheck disable=SC2317 # functions are called by name
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
leave () {
  if [ -n "${peer_pid:-}" ]; then kill "$peer_pid" 2>/dev/null; fi
  host_env_remove
}
rm -f "$host_dir"/manifests/*.json "$host_dir"/manifests/workflows/*.json
cp "$ROYAL_SRCDIR/manifests/policy.json" "$host_dir/manifests/"
mkdir "$host_dir/manifests/connectors"

"$ROYAL_BUILDDIR/tests/integration/shopify-oauth-peer" >"$host_dir/port" &
peer_pid=$!
until_ok test -s "$host_dir/port"
read -r peer <"$host_dir/port"
cat >"$host_dir/manifests/connectors/shopify.json" <<M
{ "shops": { "main": { "shop": "acme.myshopify.com", "token": "shop-token", "origin": "http://127.0.0.1:$peer", "insecure": true,
  "private": true, "app": { "id": "app-id", "secret": "app-secret", "callback": "http://localhost:1/oauth/shopify/callback",
  "scopes": ["read_products", "write_products"] } } } }
M
ctl secret make-key >"$host_dir/KEYS"
chmod 600 "$host_dir/KEYS"
if [ "$(id -u)" = 0 ]; then
  chown nobody "$host_dir/KEYS"
  chmod -R a+rX "$host_dir/manifests"
fi

host_spawn ROYAL_SECRET_APP_ID=app-9f1c -- --secrets-key-file="$host_dir/KEYS"
wait "$host_pid"; host_pid=
runs 0 "a host does not start without an app's secret, and says which" grep -q 'connector `shopify`: .*app-secret' "$host_dir/royald.log"
host_start ROYAL_SECRET_APP_ID=app-9f1c ROYAL_SECRET_APP_SECRET=hush-of-the-app -- --secrets-key-file="$host_dir/KEYS" \
  --listen=127.0.0.1:0 --log-level=debug
ok $? 'it starts without the token, which is yet to be got'
port=$(jq -r 'select(.id == "http.listening") | .port' "$host_dir/royald.log" | tail -n 1)
has_shop () { ctl shopify list --json | jq -e '.items[] | select(.shop == "main")'; }
soon 'the shop is known' has_shop

# A browser, to which the host is localhost:1.
visit () { # visit JAR URL: prints the status and where it is sent
  curl -s --max-time 20 -b "$1" -c "$1" -o "$host_dir/page" -w '%{http_code} %{redirect_url}\n' \
    --connect-to "localhost:1:127.0.0.1:$port" "$2"
}
mine=$host_dir/jar other=$host_dir/other-jar
touch "$mine" "$other"
runs 0 'royalctl begins' ctl shopify install main
says 'and says what is to be done' 'open this in a browser, once, before '
link=$(tail -n 1 <<<"$out")
read -r status to < <(visit "$mine" "$link")
is 'the link leads to Shopify' "302 http://127.0.0.1:$peer/admin/oauth/authorize" "$status ${to%%\?*}"
read -r status _ < <(visit "$other" "$link")
is 'once' 403 "$status"
read -r status back < <(visit "$mine" "$to")
is 'and Shopify back' '302 http://localhost:1/oauth/shopify/callback' "$status ${back%%\?*}"
read -r status _ < <(visit "$other" "$back")
is 'another browser is refused' "403 state: expected the browser in which the install was begun" "$status $(jq -r .detail "$host_dir/page")"
read -r status _ < <(visit "$mine" "$back")
is 'that browser ends it' '200 The app is installed in acme.myshopify.com. This page can be closed.' "$status $(cat "$host_dir/page")"
read -r status _ < <(visit "$mine" "$back")
is 'once' 403 "$status"
is 'the token is kept, sealed' 'shop-token store' "$(ctl secret list --json | jq -r '.items[] | select(.name == "shop-token") | "\(.name) \(.source)"')"
told () { ctl audit list --json | jq -e '[.items[].kind] | index ("shopify.install.begun") and index ("shopify.install.done")'; }
soon 'the audit tells of it' told

# Neither the log, at its most talkative, nor the audit has what opens anything.
ctl audit list --json >"$host_dir/audit.json"
state=${link##*=}
code=${back#*code=}; code=${code%%&*}
for canary in hush-of-the-app shpat_0123456789abcdef "$state" "$code"; do
  runs 1 "$(printf '%.4s… is in no log and not in the audit' "$canary")" \
    grep -rqF -e "$canary" "$host_dir/royald.log" "$host_dir/audit.json"
done
host_stop; ok $? 'it stops'

host_start ROYAL_SECRET_APP_ID=app-9f1c ROYAL_SECRET_APP_SECRET=hush-of-the-app ROYAL_SECRET_SHOP_TOKEN=by-hand -- \
  --secrets-key-file="$host_dir/KEYS"
soon 'the shop is known again' has_shop
runs 1 'a token in the environment would hide the one that is kept' ctl shopify install main
says 'and that is said' 'the secret shop-token: expected it in the database alone, its environment holds one, which comes first'
host_stop
finish
