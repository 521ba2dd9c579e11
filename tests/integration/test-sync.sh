#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A shop's products and a repository's files through a whole host: the first run in parts, a run without changes, one in which a
# hundredth changed, runs that are interrupted, a conflict that a person answers, a rollback; and what changed in the repository is
# brought to a shop. ROYAL_SYNC_PRODUCTS says how many products there are (300; the long form is 10000).
# shellcheck disable=SC2317,SC2154 # functions are called by name; what sync-host.sh sets
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
# shellcheck source=tests/integration/sync-host.sh
. "${ROYAL_SRCDIR:?}/tests/integration/sync-host.sh"
does () { local name=$1; shift; "$@"; ok $? "$name" "${result:-}"; } # in this shell, unlike runs
n=${ROYAL_SYNC_PRODUCTS:-300}
if ((n * 2 / 3 < 4000)); then max=$((n * 2 / 3)); else max=4000; fi
begin
sync_begin shop other
sync_configure shop "$max"
"$ROYAL_BUILDDIR/tests/fault/shopify-peer" 0 >"$host_dir/port" &
peer_pid=$!
leave () { kill "$peer_pid"; wait "$peer_pid"; host_env_remove; } 2>/dev/null
until_ok test -s "$host_dir/port"
peer=http://127.0.0.1:$(cat "$host_dir/port")
jq -n --arg origin "$peer" '{ shops: { main: { shop: "acme.myshopify.com", token: "shop-token", origin: $origin, insecure: true,
  private: true } } }' >"$host_dir/manifests/connectors/shopify.json"
export ROYAL_SECRET_SHOP_TOKEN=good-token
host_start; ok $? 'a host starts'
sync_products "$n"

# The first run.
does 'the first run' sync_export
is 'in as many parts as there must be' "$(((n + max / 2 - 1) / (max / 2)))" "$runs"
sync_merge shop
is 'each product is two files' $((n * 2)) "$(git_in shop ls-tree -r --name-only main products | wc -l)"
is 'a file says what the shop has' '"Product 7 v1"' "$(git_in shop show main:products/product-00007.json | jq .title)"
is 'and another one the description' '<p>Made with care, number 7. ' "$(git_in shop show main:products/product-00007.html | cut -c1-29)"

# Nothing changed.
before=$(git_in shop for-each-ref)
does 'a run without changes' sync_export
is 'proposes nothing' 'false 0' "$(of '[.proposed, .files] | join(" ")')"
is 'makes no commit' "$before" "$(git_in shop for-each-ref)"
is 'finds that both sides are the same' "1 $(head_of shop main) $n" \
  "$(ctl sync revisions --json | jq -r '.items[0] | "\(.revision) \(.commit) \(.products)"')"
does 'and another one' sync_export
is 'is no revision more' 1 "$(of .revision)"
first=$(tree_of shop main)

# A hundredth changed.
sync_products "$n" 2 'i % 100 = 7'
does 'a run in which a hundredth changed' sync_export
sync_merge shop
is 'touches a hundredth' $((n / 100)) "$(changed_files shop main~1 main)"
is 'and no more than that' "$((n / 100)) $((n / 100)) royal/sync-2" "$(of '[.changed, .files, .branch] | join(" ")')"
does 'a run after it was merged' sync_export
is 'is another revision' 2 "$(of .revision)"

# Interrupted again and again, and resumed.
sync_products "$n" 3 'i % 3 = 0'
sync_configure shop $((max / 8 > 2 ? max / 8 : 2))
host_kill
host_start
for _ in 1 2 3 4 5; do
  ctl jobs run products_sync export >/dev/null
  pause=$((RANDOM % (1000 + n / 2)))
  echo "# killed after $pause ms"
  sleep "$((pause / 1000)).$(printf '%03d' $((pause % 1000)))"
  host_kill
  host_start || break
done
does 'after five interruptions a run goes on' sync_export
sync_merge shop
is 'each change is made' "$((n / 3))" "$(git_in shop grep -l '"Product [0-9]* v3"' main -- products | wc -l)"
sync_configure other 20000
host_kill
host_start
does 'the same products in another repository' sync_export
is 'are the same tree as in one that was interrupted' "$(tree_of other "$branch")" "$(tree_of shop main)"
sync_configure shop "$max"
host_stop
host_start
does 'both sides are the same again' sync_export

# Both sides change the same field.
sync_edit shop product-00004 '.title = "Ours"'; ok $? 'a person changes a title in the repository'
sync_products "$n" 4 'i = 4'
does 'a run with a conflict' sync_export
is 'leaves the repository as it is' 'false 1' "$(of '[.proposed, .conflicts] | join(" ")')"
conflict=$(ctl sync conflicts --json | jq -c '.items[0]')
is 'and asks' 'product-00004 title "Product 4 v1" "Product 4 v4" "Ours"' \
  "$(jq -r '[.handle, .field, .base, .shop, .repository] | join(" ")' <<<"$conflict")"
runs 0 'a person answers' ctl sync answer "$(jq -r .id <<<"$conflict")" --take shop
says 'what the answer means' 'title of product-00004: what the shop has counts'
does 'the next run' sync_export
is 'brings it to the repository' 'true 0 1' "$(of '[.proposed, .conflicts, .files] | join(" ")')"
sync_merge shop
is 'as the shop has it' '"Product 4 v4"' "$(git_in shop show main:products/product-00004.json | jq .title)"
does 'then both are the same' sync_export
is 'and nothing is asked' '[]' "$(ctl sync conflicts --state open,answered --json | jq -c .items)"

# Back.
does 'a rollback to the first revision' sync_run rollback '{"revision":1}'
branch=$(of .branch)
soon 'is pushed' head_of shop "$branch"
is 'its files are what they were, byte for byte' "$first" "$(tree_of shop "$branch")"
runs 1 'a revision that is not there' ctl jobs run products_sync rollback --input '{"revision":99}' --wait --json
says 'is refused with what there is' "expected one of 1 to $(ctl sync revisions --json | jq -r '.items[0].revision')"
is 'each run is told' true "$(ctl sync runs --json | jq '[.items[].task] | index("rollback") == 0 and length > 5')"

# To the shop: a title that asks, and a price that is within what the policy lets pass. The shop's variant 1 is of its product 100001.
sql "insert into shopify_products select workspace_id, 'main', 100001, 'priced', 1, jsonb_build_object ('handle', 'priced', 'title',
    'Priced', 'status', 'ACTIVE', 'vendor', '', 'product_type', '', 'tags', '[]'::jsonb, 'description_html', '', 'variants',
    jsonb_build_array (jsonb_build_object ('sku', 'P-1', 'title', 'One', 'price', '100.00', 'compare_at_price', null)))::text
    from workspaces where name = 'default'"
sql "insert into shopify_variants (workspace_id, shop, variant, product, title, price, sku)
    select workspace_id, 'main', 1, 100001, 'One', '100.00', 'P-1' from workspaces where name = 'default'"
does 'another product' sync_export
sync_merge shop
does 'is had by both' sync_export
sync_edit shop priced '.variants["P-1"].price = "101.00"' && sync_edit shop product-00001 '.title = "By hand"'
ok $? 'a person changes a price and a title in the repository'
does 'both are proposed to the shop' sync_run import
is 'one of each' '1 1 0' "$(of '[.prices, .updates, .by_hand] | join(" ")')"
proposal=$(ctl approvals list --json | jq -r '.items[] | select(.action == "shopify.product.update") | .id')
is 'a title asks' pending "$(ctl approvals show "$proposal" --json | jq -r .state)"
runs 0 'a person approves' ctl approvals approve "$proposal" --yes
does 'both are done' sync_settled
is 'the title is' executed "$(ctl approvals show "$proposal" --json | jq -r .state)"
is 'and the price is' executed "$(ctl approvals list --state all --json \
  | jq -r '[.items[] | select(.action == "shopify.price.update")][0].state')"
is 'which the shop has' 101.00 "$(curl -s "$peer/fake/variants" | jq -r '.[] | select(.[0] == 1) | .[1]')"
sql "update shopify_products set document = jsonb_set (document::jsonb, '{title}', '\"By hand\"')::text where handle = 'product-00001'"
sql "update shopify_products set document = jsonb_set (document::jsonb, '{variants,0,price}', '\"101.00\"')::text where handle = 'priced'"
does 'once they are pulled' sync_run import
is 'nothing is left to bring' 'false 0 0' "$(of '[.proposed, .prices, .updates] | join(" ")')"

# The workflow.
sync_products "$n" 5 'i = 5'
run=$(ctl workflow start products_sync --input '{}' --json | jq -er .id); ok $? 'the workflow starts'
run_is () { [ "$(ctl workflow show "$run" --json | jq -r .state)" = "$1" ]; }
soon 'and ends' run_is completed
is 'it pushed what changed' 1 "$(ctl workflow show "$run" --json | jq .result.pushed)"
runs 0 'the audit holds' ctl audit verify
finish
