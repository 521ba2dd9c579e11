#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The sync and GitHub, by the workflow that is shipped: what changed in the shop is pushed to a branch, for which a pull request is
# opened; a merge, of which GitHub's webhook tells, is brought to the shop. Where its packages are, Prism stands between the host
# and the fake of GitHub, and judges both by GitHub's own description (tests/github-spec).
# shellcheck disable=SC2317,SC2154 # functions are called by name; what sync-host.sh and prism.sh set
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
# shellcheck source=tests/integration/sync-host.sh
. "${ROYAL_SRCDIR:?}/tests/integration/sync-host.sh"
# shellcheck source=tests/github-spec/prism.sh
. "${ROYAL_SRCDIR:?}/tests/github-spec/prism.sh"
begin
sync_begin shop
mkdir "$host_dir/prism"
pids=()
leave () { kill "${pids[@]}"; wait "${pids[@]}"; host_env_remove; } 2>/dev/null

"$ROYAL_BUILDDIR/tests/fault/shopify-peer" 0 >"$host_dir/port" &
pids+=($!)
if why=$(prism_packages) && "$ROYAL_SRCDIR/tools/npm-packages" "$prism_here"; then
  fake=$(free_port) proxy=$(free_port)
  ROYAL_GITHUB_FAKE_PORT=$fake "$ROYAL_BUILDDIR/tests/integration/github-peer" >"$host_dir/github.port" &
  pids+=($!)
  prism_start "$host_dir/prism" "$proxy" "$fake"
  ok $? 'Prism stands before the fake of GitHub'
  pids+=("$prism_pid")
  judged=yes
else
  "$ROYAL_BUILDDIR/tests/integration/github-peer" >"$host_dir/github.port" &
  pids+=($!)
  until_ok test -s "$host_dir/github.port"
  fake=$(cat "$host_dir/github.port") proxy=$fake judged=
  skip 'Prism stands before the fake of GitHub' "${why:-they could not be had}"
fi
until_ok test -s "$host_dir/port"
peer=http://127.0.0.1:$(cat "$host_dir/port")
jq -n --arg origin "$peer" '{ shops: { main: { shop: "acme.myshopify.com", token: "shop-token", origin: $origin, insecure: true,
  private: true } } }' >"$host_dir/manifests/connectors/shopify.json"
jq -n --arg origin "http://127.0.0.1:$proxy" '{ repositories: { shop: { repository: "acme/shop", token: "github-token", origin: $origin,
  insecure: true, private: true } } }' >"$host_dir/manifests/connectors/github.json"
jq '.config += { repository: "shop", github: "shop" } | .triggers = { merged: { workflow: "products_sync", webhook: {
  service: "github", secrets: ["github-hook"], events: ["pull_request.closed"], from: ["acme/shop"] } } }' \
  "$ROYAL_SRCDIR/manifests/products_sync.json" >"$host_dir/manifests/products_sync.json"
[ "$(id -u)" != 0 ] || chmod -R a+rX "$host_dir/manifests"
host_start ROYAL_SECRET_SHOP_TOKEN=good-token ROYAL_SECRET_GITHUB_TOKEN=good-token ROYAL_SECRET_GITHUB_HOOK=hush
ok $? 'a host starts with the three connectors'

pulls () { curl -s "http://127.0.0.1:$fake/fake" | jq -rc ".pulls | $1"; }
run_state () { ctl workflow show "$run" --json | jq -r .state; }
run_is () { [ "$(run_state)" = "$1" ]; }
later () { local _; for _ in $(seq 600); do if "$@" >"$host_dir/later" 2>&1; then return 0; fi; sleep 0.1; done; return 1; }
sync () { # sync NAME: a run of the workflow, to its end
  run=$(ctl workflow start products_sync --input '{}' --json | jq -er .id) && later run_is completed
  ok $? "$1" "$(ctl workflow show "$run" --json)"
}
result () { ctl workflow show "$run" --json | jq -rc ".result | $1"; }
deliver () { # deliver ID NUMBER: of a pull request that was merged; the answer is in $told
  local body signature
  body=$(jq -cn --argjson number "$2" '{ action: "closed", number: $number, pull_request: { number: $number, merged: true },
    repository: { full_name: "acme/shop" } }')
  signature=$(printf '%s' "$body" | openssl dgst -sha256 -hmac hush | sed 's/.* //')
  told=$(http /webhooks/github -X POST -H 'Content-Type: application/json' -H "X-Hub-Signature-256: sha256=$signature" \
    -H 'X-GitHub-Event: pull_request' -H "X-GitHub-Delivery: $1" --data-binary "$body")
  run=$(jq -r '.started[0] // empty' <<<"$told")
}

# From the shop: a branch, and a pull request for it.
sync_products 6
sync 'a run of the workflow ends'
is 'a pull request is open for its branch' '[["royal/sync-1","main","open"]]' \
  "$(pulls 'map ([.head.ref, .base.ref, .state])')"
is 'which has the files' 12 "$(git_in shop ls-tree -r --name-only royal/sync-1 products | wc -l)"
is 'of the run' 'royal/sync-1 12' "$(result '"\(.branch) \(.pushed)"')"
sync_products 6 2 'i = 3'
sync 'a product changes, and another run ends'
is 'the branch has one commit more' 2 "$(git_in shop rev-list --count main..royal/sync-1)"
is 'and the same pull request' '[[1,"open"]]' "$(pulls 'map ([.number, .state])')"
sync 'a run in which nothing changed ends'
is 'nothing is asked of GitHub' '[[1,"open"]]' "$(pulls 'map ([.number, .state])')"

# It is merged.
git_in shop update-ref refs/heads/main "$(git_in shop rev-parse royal/sync-1)"
curl -s -X PUT "http://127.0.0.1:$fake/fake/merged/1" >"$host_dir/merged"
deliver m-1 1
is 'GitHub tells of it, and a run starts' true "$([ -n "$run" ] && echo true)"
later run_is completed; ok $? 'which ends' "$told"
is 'both sides are the same: a revision' 1 "$(ctl sync revisions --json | jq '.items[0].revision')"
first=$run
deliver m-1 1
is 'told again, it is known' "$first true" "$(jq -r '"\(.started[0]) \(.known)"' <<<"$told")"
is 'and no other pull request is there' 1 "$(pulls length)"

# From the repository: what somebody merged there is brought to the shop. The fake's variant 1 is of its product 100001.
sql "insert into shopify_products select workspace_id, 'main', 100001, 'priced', 1, jsonb_build_object ('handle', 'priced', 'title',
    'Priced', 'status', 'ACTIVE', 'vendor', '', 'product_type', '', 'tags', '[]'::jsonb, 'description_html', '', 'variants',
    jsonb_build_array (jsonb_build_object ('sku', 'P-1', 'title', 'One', 'price', '100.00', 'compare_at_price', null)))::text
    from workspaces where name = 'default'"
sql "insert into shopify_variants (workspace_id, shop, variant, product, title, price, sku)
    select workspace_id, 'main', 1, 100001, 'One', '100.00', 'P-1' from workspaces where name = 'default'"
sync 'another product'
is 'has a branch and a pull request of its own' '[[1,"royal/sync-1","closed"],[2,"royal/sync-2","open"]]' \
  "$(pulls 'map ([.number, .head.ref, .state])')"
git_in shop update-ref refs/heads/main "$(git_in shop rev-parse royal/sync-2)"
curl -s -X PUT "http://127.0.0.1:$fake/fake/merged/2" >"$host_dir/merged"
deliver m-2 2
later run_is completed; ok $? 'merged too' "$told"
sync_edit shop priced '.variants["P-1"].price = "101.00"' && sync_edit shop product-00001 '.title = "By hand"'
ok $? 'a person merges a price and a title'
deliver m-3 3
waits () { proposal=$(ctl approvals list --json | jq -er '.items[] | select(.action == "shopify.product.update" and .state == "pending") | .id'); }
later waits; ok $? 'a title is asked for' "$told $(ctl workflow show "$run" --json)"
price_is () { [ "$(curl -s "$peer/fake/variants" | jq -r '.[] | select(.[0] == 1) | .[1]')" = "$1" ]; }
later price_is 101.00; ok $? 'a price that the policy lets pass is in the shop'
is 'the run waits for the person' waiting "$(run_state)"
runs 0 'who approves' ctl approvals approve "$proposal" --yes
later run_is completed; ok $? 'and it ends' "$(ctl workflow show "$run" --json)"
is 'with what was brought' '[1,1,0]' "$(result '[.updates, .prices, .conflicts]')"
is 'no pull request is opened for what came from there' 2 "$(pulls length)"
ended () { [ "$(ctl approvals show "$proposal" --json | jq -r .state)" = executed ]; }
later ended; ok $? 'the title is in the shop'

if [ -n "$judged" ]; then
  sleep 1
  found=$(prism_violations "$host_dir/prism")
  asked=$(grep -c 'Request received' "$host_dir/prism/log")
  [ -z "$found" ] && [ "$asked" -gt 4 ]
  ok $? "what was asked of GitHub, and its answers, are as GitHub describes them ($asked)" "$found"
else
  skip 'what was asked of GitHub, and its answers, are as GitHub describes them' "${why:-they could not be had}"
fi
runs 0 'the audit holds' ctl audit verify
finish
