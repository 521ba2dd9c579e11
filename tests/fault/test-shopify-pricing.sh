#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A shop from end to end: it is pulled into the mirror, the agent `pricing` reads what was sold and proposes prices, a person approves,
# the shop has them, each set once; the mirror shows them after the next pull; in the end they are undone.
set -euo pipefail
# shellcheck source=tools/host-env.sh
. "${ROYAL_SRCDIR:?}/tools/host-env.sh"

cases=0
tap () { cases=$((cases + 1)); echo "ok $cases - $1"; }
bail () {
  echo "not ok $((cases + 1)) - $1"
  tail -n 20 "$host_dir/royald.log" | sed 's/^/# /'
  echo "1..$((cases + 1))"
  exit 1
}
end () {
  if [ -n "${peer_pid:-}" ]; then kill "$peer_pid" 2>/dev/null || true; fi
  host_env_remove
}
again () { # again WHAT COMMAND…: for 60 s
  local what=$1 _; shift
  for _ in $(seq 300); do
    if "$@" 2>/dev/null; then return 0; fi
    sleep 0.2
  done
  bail "$what did not come to be"
}

host_env "${ROYAL_BUILDDIR:?}"
trap end EXIT
rm -f "$host_dir"/manifests/{demand,inventory,markdown,product_scout}.json "$host_dir"/manifests/workflows/*.json
mkdir "$host_dir/manifests/connectors"
# Steps of up to a quarter: a person decides.
jq '.config.max_step = 0.25' "$ROYAL_SRCDIR/manifests/pricing.json" >"$host_dir/manifests/pricing.json"
export ROYAL_SECRET_SHOP_TOKEN=good-token
ROYAL_SHOPIFY_WEEKS=40 "$ROYAL_BUILDDIR/tests/fault/shopify-peer" 0 >"$host_dir/port" &
peer_pid=$!
again 'the peer' test -s "$host_dir/port"
read -r port <"$host_dir/port"
cat >"$host_dir/manifests/connectors/shopify.json" <<END
{ "shops": { "main": { "shop": "acme.myshopify.com", "token": "shop-token", "origin": "http://127.0.0.1:$port", "margin_min_pct": 30,
                       "insecure": true, "private": true, "pull": ["products", "orders"], "points": 20000, "points_per_s": 1000 } } }
END
host_start || bail 'the host does not start'
variants () { curl -s --max-time 10 "http://127.0.0.1:$port/fake/variants"; }
pulls () { ctl shopify list --json | jq -c '[.items[] | select(.shop == "main") | .pulls[] | select(.part != "notes")]'; }
has_shop () { [ "$(pulls)" != '[]' ]; }
is_pulled () { [ "$(pulls | jq -r 'map(.state) | unique | join (" ")')" = 'done' ]; }
pull () {
  ctl shopify pull main >/dev/null
  again 'the pull' is_pulled
}
changed () { pulls | jq -r --arg part "$1" '.[] | select(.part == $part) | .changed'; }

again 'the shop' has_shop
pull
tap "a shop is pulled: $(changed products) products and $(changed orders) lines of orders"

ctl jobs run pricing review --json >/dev/null
known=' '
proposal_of () { # the one that was not there before
  local id
  for id in $(ctl approvals list --state all --json | jq -r '.items[].id'); do
    case $known in *" $id "*) ;; *) proposal=$id; known="$known$id "; return 0 ;; esac
  done
  return 1
}
state_of () { ctl approvals show "$proposal" --json | jq -r .state; }
is_executed () { [ "$(state_of)" = executed ]; }
again 'the proposal' proposal_of
ctl approvals show "$proposal" --json >"$host_dir/proposal.json"
jq -e '.state == "pending" and .action == "shopify.price.update"' "$host_dir/proposal.json" >/dev/null \
  || bail "it is $(jq -r .state "$host_dir/proposal.json"), not pending"
# The facts are the host's: what it cost and was sold at, by who bought it at a price that is a quarter less.
jq -e '.n_items == 8 and (.facts | .price_before_sum == 800 and .cost_sum == 320 and .items == 8
  and (.price_after_max - 75.49 | fabs) < 1e-9 and (.change_pct_min + 24.51 | fabs) < 1e-9
  and (.margin_after_sum - 8 * 35.49 | fabs) < 1e-9) and .rules == ["price-from-20"]' "$host_dir/proposal.json" >/dev/null \
  || bail "the facts are $(jq -c .facts "$host_dir/proposal.json")"
tap "$(jq -r .words.title "$host_dir/proposal.json"): $(jq -r .words.reasoning "$host_dir/proposal.json" | head -n 1)"

prices () { variants | jq -r 'sort | map(.[1:4] | join (" ")) | unique | join (", ")'; } # price, requests, changes
[ "$(prices)" = '100.00 0 0' ] || bail "before it is approved the shop has $(prices)"
ctl approvals approve "$proposal" --yes >/dev/null
again 'the execution' is_executed
[ "$(prices)" = '75.49 1 1' ] || bail "the shop has $(prices)"
[ "$(ctl approvals show "$proposal" --json | jq .effects.executed)" = 8 ] \
  || bail "of the effects $(ctl approvals show "$proposal" --json | jq -c '.effects')"
pull
[ "$(changed products)" = 8 ] || bail "$(changed products) products of the mirror have another price"
tap 'approved: the shop has eight prices, each set once, and the mirror has them'

ctl approvals undo "$proposal" --reason 'a test' >/dev/null
again 'the inverse' proposal_of
[ "$(state_of)" != pending ] || ctl approvals approve "$proposal" --yes >/dev/null
again 'the inverse' is_executed
[ "$(prices)" = '100.00 2 2' ] || bail "after the undo the shop has $(prices)"
ctl audit verify >/dev/null || bail 'the audit does not hold'
tap 'undone: the shop has the prices that it had, and the audit holds'
echo "1..$cases"
