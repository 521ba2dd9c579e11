#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What is low in stock in a shop is told to its staging theme, by the agent that is shipped and a fake of Shopify: a person is asked, by
# a rule of this test; the file comes into that theme and nowhere else; nothing is proposed as long as the list is the same; another list
# takes its place; undone, it is as it was. A live theme is not written to.
# shellcheck disable=SC2317 # functions are called by name
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
ROYAL_SHOPIFY_THEMES=2 ROYAL_SHOPIFY_WEEKS=1 "$ROYAL_BUILDDIR/tests/fault/shopify-peer" 0 >"$host_dir/port" &
peer_pid=$!
leave () { kill "$peer_pid" 2>/dev/null; host_env_remove; }
until_ok test -s "$host_dir/port"
shop=http://127.0.0.1:$(cat "$host_dir/port")
mkdir -p "$host_dir/manifests/connectors"
jq -n --arg origin "$shop" '{ shops: { main: { shop: "acme.myshopify.com", token: "shop-token", origin: $origin, insecure: true,
  private: true, pull: ["products", "themes"] } } }' >"$host_dir/manifests/connectors/shopify.json"
jq '.rules += [{ name: "badges-ask", match: { agent: "inventory", action: "shopify.theme.files" }, risk: "medium",
  decision: "approve" }]' "$ROYAL_SRCDIR/manifests/policy.json" >"$host_dir/manifests/policy.json"
configured () { # configured JSON: the agent's configuration, besides what is shipped
  jq --argjson config "$1" '.config += $config' "$ROYAL_SRCDIR/manifests/inventory.json" >"$host_dir/manifests/inventory.json"
  [ "$(id -u)" != 0 ] || chmod -R a+rX "$host_dir/manifests"
}
configured '{ "low_stock": 7 }'
host_start ROYAL_SECRET_SHOP_TOKEN=good-token; ok $? 'a host starts with the agent'

path=assets/royal-low-stock.json
pulled () { ctl shopify list --json | jq -e '[.items[].pulls[] | select(.part == "products" or .part == "themes") | .state] == ["done", "done"]'; }
badges () { ctl jobs run inventory badges --wait --json | jq -c '.result | [.proposed, .low, .reason // .outcome.state]'; }
live () { curl -s "$shop/fake/themes" | jq -cS '."1"'; }
list () { curl -s "$shop/fake/themes" | jq -r --arg path "$path" '."2".files[$path] // "null"' | sed '1{/^\/\*/d}' | jq -c '.skus // .'; }
list_is () { [ "$(list)" = "$1" ]; }
mirror_has () { # mirror_has N: the staging theme has so many files, as it was pulled
  [ "$(http /api/v1/themes | jq '.items[] | select(.theme == "main/2") | .files')" = "$1" ]
}
asked () { # asked: the proposal that waits is in $proposal
  proposal=$(ctl approvals list --json | jq -er '.items[] | select(.action == "shopify.theme.files" and .state == "pending") | .id')
}
decided () { # decided FACTS: by the policy that is shipped
  jq -n --argjson facts "$1" '{ agent: "inventory", action: "shopify.theme.files", target: "main/2", facts: $facts }' >"$host_dir/sample.json"
  ctl policy test "$host_dir/sample.json" --policy "$ROYAL_SRCDIR/manifests/policy.json" | sed -n 's/^decision *//p'
}

is 'without a theme nothing is proposed' '[false,null,"no staging theme is configured"]' "$(badges)"
runs 0 'the shop is pulled' ctl shopify pull main
soon 'its products and themes are in the mirror' pulled
live_was=$(live)

configured '{ "low_stock": 7, "theme": "main/2" }'
runs 0 'a theme is configured' ctl reload
all='["SKU-1-0","SKU-2-0","SKU-3-0","SKU-4-0","SKU-5-0","SKU-6-0","SKU-7-0","SKU-8-0"]'
is 'a list is proposed' '[true,8,"pending"]' "$(badges)"
asked; ok $? 'a person is asked'
is 'for the staging theme, which the host knows not to be live' '["main/2",false,1]' \
  "$(ctl approvals show "$proposal" --json | jq -c '[.target, .facts.live, .facts.files]')"
is 'nothing is written before' null "$(list)"
runs 0 'it is approved' ctl approvals approve "$proposal" --yes
soon 'the staging theme has the list' list_is "$all"
is 'the live theme is untouched' "$live_was" "$(live)"
soon 'what was written is pulled by itself' mirror_has 2
is 'the same list is not proposed again' '[false,8,"the theme has this list"]' "$(badges)"

configured '{ "low_stock": 6, "theme": "main/2" }'
runs 0 'the threshold is lowered' ctl reload
first=$proposal
is 'a list of nothing is proposed' '[true,0,"pending"]' "$(badges)"
asked && ctl approvals reject "$proposal" --reason 'not now' >/dev/null; ok $? 'it is rejected'
is 'and the list stays' "$all" "$(list)"

runs 0 'what was written is undone' ctl approvals undo "$first"
soon 'a person is asked of that, too' asked
runs 0 'it is approved as well' ctl approvals approve "$proposal" --yes
soon 'the file is gone, as it was' list_is null
is 'the live theme is still untouched' "$live_was" "$(live)"

configured '{ "low_stock": 7, "theme": "main/1" }'
runs 0 'the live theme is configured' ctl reload
is 'nothing is proposed for it' '[false,null,"the theme is live, and a live theme is not written to"]' "$(badges)"
is 'by the shipped policy a staging theme is written to, and people are told' notify "$(decided '{ "live": false }')"
is 'and a live one is not' deny "$(decided '{ "live": true }')"
runs 0 'the audit holds' ctl audit verify
finish
