#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A host's verdicts on the query with which Shopify sends a browser back equal those of Shopify's own library. install-verdicts.mjs does
# it, this starts the host.
set -uo pipefail
for program in node npm; do
  command -v "$program" >/dev/null || { echo "1..0 # SKIP there is no $program"; exit 0; }
done
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
here=$ROYAL_SRCDIR/tests/webhooks
if ! "$ROYAL_SRCDIR/tools/npm-packages" "$here"; then
  [ -z "${CI:-}" ] || exit 1
  echo "1..0 # SKIP the services' libraries could not be had"
  exit 0
fi
begin
mkdir "$host_dir/manifests/connectors"
cat >"$host_dir/manifests/connectors/shopify.json" <<'M'
{ "shops": { "main": { "shop": "acme.myshopify.com", "token": "shop-token", "app": { "id": "app-id", "secret": "app-secret",
  "callback": "http://localhost:1/oauth/shopify/callback", "scopes": ["read_products"] } } } }
M
ctl secret make-key >"$host_dir/KEYS"
chmod 600 "$host_dir/KEYS"
if [ "$(id -u)" = 0 ]; then chown nobody "$host_dir/KEYS"; chmod -R a+rX "$host_dir/manifests"; fi
host_start ROYAL_SECRET_APP_ID=k ROYAL_SECRET_APP_SECRET=hush-of-the-app -- --secrets-key-file="$host_dir/KEYS" --listen=127.0.0.1:0 \
  || exit 1
WEBHOOKS_URL=http://127.0.0.1:$(jq -r 'select(.id == "http.listening") | .port' "$host_dir/royald.log")
export WEBHOOKS_URL
node "$here/install-verdicts.mjs"
status=$?
[ $status = 0 ] || tail -n 20 "$host_dir/royald.log" | sed 's/^/# /'
exit $status
