#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A season with the agents that Royal ships: three years of history come in, the demand agent forecasts, the inventory agent
# proposes what to make, a person wants less safety stock, approves, and sales that are off bring a new forecast.
# shellcheck disable=SC2317 # functions are called by name
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin

run_is () { [ "$(ctl workflow show "$run" --json | jq -r .state)" = "$1" ]; }
waits () { # waits ACTION: its id is in $proposal
  proposal=$(ctl approvals list --json | jq -er --arg action "$1" '.items[] | select(.action == $action and .state == "pending") | .id')
}
said () { ctl approvals show "$proposal" --json | jq -c "$1"; }
season () { ctl season status SS25 --json | jq -c "$1"; }
holds () { jq -en --argjson v "$2" "$1" >/dev/null; ok $? "$3 ($2)"; }

host_start; ok $? 'a host starts with the agents that are shipped'
mkdir "$host_dir/files"
"$ROYAL_SRCDIR/tools/make-season-fixture" "$host_dir/files"
runs 0 'stores are loaded' ctl season load --stores "$fixtures/stores.csv"
runs 0 'history is loaded' ctl season upload "$host_dir/files/history.csv" --history

# The plan.
run=$(ctl season plan SS25 --category dresses --name "Women's Dresses" --start 2025-03-01 --weeks 12 --list-price 89.90 \
  --unit-cost 31.00 --json | jq -er .id)
soon 'an order waits for a person' waits manufacturing.order
runs 0 'how far the agent was' ctl events --topics agent.progress
says 'was told as it went' 'agent.progress'
total=$(season .season.forecast_total)
holds '$v > 4000 and $v < 20000' "$total" 'the demand agent forecasts what such a season sells'
is 'the order is a fifth more, rounded up' "$(((total * 12 + 9) / 10))" "$(said .parameters.quantity)"
is 'initial and held back are all of it' 0 "$(said '.parameters | .quantity - .initial - .holdback')"
is 'stores have the initial part, to the unit' 0 "$(said '.parameters | .initial - ([.allocation[].units] | add)')"

# A person wants less safety stock.
first=$proposal
runs 1 'more safety stock than there is forecast is refused' ctl approvals modify "$proposal" --inputs '{"safety_stock":1.5}'
says 'by its name' '/safety_stock: expected at most 1, found 1.5'
runs 1 'and less than none' ctl approvals modify "$proposal" --inputs '{"safety_stock":-0.1}'
says 'too' '/safety_stock: expected at least 0, found -0.1'
runs 0 'less safety stock is asked for' ctl approvals modify "$proposal" --inputs '{"safety_stock":0.15}' --note 'less stock'
another () { waits manufacturing.order && [ "$proposal" != "$first" ]; }
soon 'the agent proposes anew' another
is 'fifteen per cent more' "$(((total * 115 + 99) / 100))" "$(said .parameters.quantity)"
runs 0 'approved' ctl approvals approve "$proposal" --yes
made () { [ "$(season .inventory.made)" = "$(((total * 115 + 99) / 100))" ]; }
soon 'it is ordered once' made
soon 'the plan waits for week 6' run_is waiting

# Four weeks sell twice what was expected.
ctl season show SS25 --json >"$host_dir/season.json"
awk -F, 'NR == 1 { print; next } $2 <= 4 { printf "%s,%s,%d\n", $1, $2, $3 * 2 }' "$fixtures/actuals.csv" >"$host_dir/files/four.csv"
run=$(ctl season upload "$host_dir/files/four.csv" --season SS25 --json | jq -er .workflow)
ok $? 'sales start a run'
anew () { [ "$(ctl workflow show "$run" --json | jq '[.steps[] | select(.path == "recorded" and .state == "completed")] | length')" = 1 ]; }
soon 'they are off by more than a fifth: there is a new forecast' anew
holds '$v[0] > $v[1]' "[$(season .season.forecast_total),$total]" 'of more than before'

# Sales of a week for which nothing was expected are more than a fifth off, and so is what is a hair above it.
{ head -n 1 "$fixtures/forecast.csv"; awk -F, 'NR > 1 { printf "%s,%d,%d\n", $1, $2, $2 == 1 ? 0 : $3 }' "$fixtures/forecast.csv"; } >"$host_dir/files/late.csv"
runs 0 'a season that begins with nothing' ctl season load --code LATE --category dresses --name Late --start 2025-03-01 --weeks 12 \
  --forecast "$host_dir/files/late.csv"
awk -F, 'NR == 1 || $2 == 1' "$fixtures/actuals.csv" >"$host_dir/files/one.csv"
run=$(ctl season upload "$host_dir/files/one.csv" --season LATE --json | jq -er .workflow)
soon 'sells, and is forecast anew' anew
hair=$(ctl workflow show "$run" --json | jq -c '.input | .variance = 0.2')
runs 0 'a fifth and a hair' ctl simulate --name season_week "$hair" --json
is 'is forecast anew' '["forecast.record"]' "$(jq -c '[.effects[].action]' <<<"$out")"

# What the agent does not propose ends the plan, with its reason.
{ echo store_id,category_id,week_start_date,units_sold
  for week in $(seq 0 109); do echo "S001,bread,$(date -u -d "2023-01-21 +$((7 * week)) days" +%F),10000"; done; } >"$host_dir/files/bread.csv"
runs 0 'a category that sells a lot' ctl season upload "$host_dir/files/bread.csv" --history
run=$(ctl season plan BREAD --category bread --name Bread --start 2025-03-01 --weeks 12 --json | jq -er .id)
soon 'is not planned' run_is failed
says_why () { case $(ctl workflow show "$run" --json | jq -c .error) in *'the forecast of 120000 units is above the configured limit of 100000'*) return 0 ;; *) return 1 ;; esac; }
says_why; ok $? 'and the run says why' "$(ctl workflow show "$run" --json | jq -c .error)"

# Nor does it record a new forecast above the limit: nothing is ordered by the old one.
{ echo store_id,week_number,units; for week in $(seq 12); do echo "S001,$week,5000"; done; } >"$host_dir/files/bread-forecast.csv"
runs 0 'a season that was expected to sell less' ctl season load --code LOAF --category bread --name Loaf --start 2025-03-01 \
  --weeks 12 --forecast "$host_dir/files/bread-forecast.csv"
printf 'store_id,week_number,units_sold\nS001,1,10000\n' >"$host_dir/files/bread-week.csv"
run=$(ctl season upload "$host_dir/files/bread-week.csv" --season LOAF --json | jq -er .workflow)
soon 'sells, and comes to an end' run_is completed
is 'with the reason, and the old forecast' '["completed","skipped","skipped",true]' "$(ctl workflow show "$run" --json | jq -c '.steps as $s
  | [("reforecast", "recorded", "reallocate") as $p | $s[] | select(.path == $p) | .state] + [.result.reason | contains("above the configured limit")]')"

# A season that has no six weeks ends with its order: there is no checkpoint to wait for.
run=$(ctl season plan SHORT --category dresses --name Short --start 2025-03-01 --weeks 4 --list-price 89.90 --unit-cost 31.00 \
  --json | jq -er .id)
soon 'a short season is planned' waits manufacturing.order
runs 0 'and approved' ctl approvals approve "$proposal" --yes
soon 'that is all of it' run_is completed
is 'without a markdown' '["week_6","markdown"]' \
  "$(ctl workflow show "$run" --json | jq -c '[.steps[] | select(.state == "skipped" and .path != "refused") | .path]')"

runs 0 'the audit holds' ctl audit verify
finish
