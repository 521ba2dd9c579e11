#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A host's verdicts on deliveries of GitHub and Shopify equal those of their own libraries; all published payloads of GitHub start
# what they should; a thousand a second are taken, each once. verdicts.mjs does it, this starts the host.
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
cp "$ROYAL_BUILDDIR/tests/fixtures/agents/good.so" "$host_plugins/"
cat >"$host_dir/manifests/good.json" <<'M'
{ "agent": "good", "module": "good.so", "triggers": {
  "github": {
    "task": "echo",
    "input": { "event": { "$": "/event" }, "id": { "$": "/id" }, "action": { "$": "/body/action" },
      "repository": { "$": "/body/repository/full_name" }, "sender": { "$": "/body/sender/login" } },
    "webhook": { "service": "github", "secrets": ["github-hook"], "max_bytes": 1048576, "per_minute": 600000 }
  },
  "shopify": {
    "task": "echo",
    "input": { "event": { "$": "/event" }, "shop": { "$": "/source" }, "n": { "$": "/body/n" } },
    "webhook": { "service": "shopify", "secrets": ["shopify-hook"], "per_minute": 600000 }
  }
} }
M
[ "$(id -u)" != 0 ] || chmod -R a+rX "$host_dir/manifests"
host_start ROYAL_SECRET_GITHUB_HOOK=s3cret ROYAL_SECRET_SHOPIFY_HOOK=hush -- --listen=127.0.0.1:0 || exit 1
port=$(jq -r 'select(.id == "http.listening") | .port' "$host_dir/royald.log")
token=$(ctl token create --name test --role operator --json | jq -r .token)
export WEBHOOKS_URL=http://127.0.0.1:$port WEBHOOKS_TOKEN=$token
node "$here/verdicts.mjs"
status=$?
[ $status = 0 ] || tail -n 20 "$host_dir/royald.log" | sed 's/^/# /'
exit $status
