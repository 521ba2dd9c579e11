#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Seasons of 77 real stores through the whole host: the files come in by a mapping, each category is forecast and ordered, a person
# approves, and the weeks that the stores really sold then bring a new forecast once they are more than 20 % off.
# Cereal sells more than the shipped limit of 100,000 units: this host has an operator's own policy and manifest.
# shellcheck disable=SC2317 # functions are called by name
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
shared=$ROYAL_SRCDIR/../shared/data
if [ ! -d "$shared/breakfast" ]; then
  echo '1..0 # SKIP no ../shared/data'
  exit 0
fi
begin

mapping=$ROYAL_SRCDIR/docs/mappings/breakfast.json
start=2011-04-07
limit=1000000

import () { ctl season import --mapping "$mapping" --data "$shared" "$@" --json; }
season () { ctl season status "$code" --json | jq -c "$1"; }
waits () { # waits ACTION: its id is in $proposal
  proposal=$(ctl approvals list --json | jq -er --arg action "$1" 'first (.items[] | select (.action == $action and .state == "pending") | .id)')
}
said () { ctl approvals show "$proposal" --json | jq -c "$1"; }
holds () { jq -en --argjson v "$2" "$1" >/dev/null; ok $? "$3 ($2)"; }
made () { [ "$(season .inventory.made)" = "$quantity" ]; }
done_with () { [ "$(ctl workflow show "$run" --json | jq -r .state)" = completed ]; }
step () { ctl workflow show "$run" --json | jq -r --arg path "$1" '.steps[] | select(.path == $path) | .state'; }

plan () { # plan CODE CATEGORY: forecast, ordered, approved, applied
  code=$1
  runs 0 "$2 is planned" ctl season plan "$code" --category "$2" --name "$2" --start $start --weeks 12 --list-price 3.00 --unit-cost 1.00
  soon 'an order waits for a person' waits manufacturing.order
  total=$(season .season.forecast_total)
  quantity=$(said .parameters.quantity)
  is 'the order is a fifth more, rounded up' "$(((total * 12 + 9) / 10))" "$quantity"
  is 'initial and held back are all of it' 0 "$(said '.parameters | .quantity - .initial - .holdback')"
  is 'stores have the initial part, to the unit' 0 "$(said '.parameters | .initial - ([.allocation[].units] | add)')"
  is 'all of the stores' 77 "$(said '.parameters.allocation | length')"
  holds '$v[0] > 0 and $v[1] >= 0 and $v[1] < 0.2' "$(hindcast)" 'earlier seasons are foretold to a fifth in total'
  runs 0 'approved' ctl approvals approve "$proposal" --yes
  soon 'it is ordered' made
  holds '$v[0] == $v[1] + $v[2]' "$(season '[.inventory | .made, .shipped, .holdback]')" 'made is shipped and held back'
}
sold () { # sold WEEKS REFORECAST: the run after the real sales up to that week ends, and its step is REFORECAST
  run=$(import --actuals "$code" --up-to "$1" | jq -er .workflow)
  ok $? "$code: the sales of week $1 start a run"
  soon 'which ends' done_with
  is "a new forecast after week $1: $2" "$2" "$(step reforecast)"
}
hindcast () { # of the last forecast, by the method that was used: MAPE by week, and how far the totals were off
  local id
  id=$(ctl approvals list --state all --json | jq -er '[.items[] | select(.action == "forecast.record")][0].id')
  ctl approvals show "$id" --json | jq -c '.parameters | .hindcast[.method] | [.mape, .total]'
}
variance () { ctl workflow show "$run" --json | jq -c '.input.variance'; }

jq --argjson limit $limit '.config.max_total = $limit' "$ROYAL_SRCDIR/manifests/demand.json" >"$host_dir/manifests/demand.json"
jq --argjson limit $limit '(.rules[] | .. | .between? | select(. == [1, 100000])) = [1, $limit]' \
  "$ROYAL_SRCDIR/manifests/policy.json" >"$host_dir/manifests/policy.json"
host_start; ok $? 'a host starts with an operator'\''s limit'
runs 0 'what 77 stores sold before the season comes in' import --until $start

plan CEREAL cold-cereal
holds '$v > 100000' "$total" 'more than the shipped limit'
sold 1 skipped
sold 4 skipped
holds '$v <= 0.2' "$(variance)" 'four weeks are not a fifth off'

plan PIZZA frozen-pizza
sold 1 skipped
sold 2 completed
holds '$v > 0.2' "$(variance)" 'two weeks are more than a fifth off'
anew=$(season .season.forecast_total)
holds '$v[0] < $v[1]' "[$anew,$total]" 'less was sold, less is expected'
is 'the sold weeks stand at what was sold' "$(season .season.sold)" "$(season '.season.forecast_to_date')"
sold 3 skipped
holds '$v <= 0.2' "$(variance)" 'after it the third week is near'

# What two years of prices say of pizza: elastic, and told with its interval beside the configured figure.
import --actuals PIZZA --up-to 6 >/dev/null
ctl jobs run markdown checkpoint --input '{"season":"PIZZA"}' --wait >/dev/null
soon 'half sold after six weeks, a markdown waits' waits markdown.apply
measured=$(ctl approvals show "$proposal" --json | jq -c '.. | .measured_elasticity? // empty' | head -n 1)
words=$(ctl approvals show "$proposal" --json | jq -r '.. | .reasoning? // empty' | head -n 1)
holds '$v < -1 and $v > -5' "${measured:-0}" 'its sales answer to its price'
bounds=$(sed -n 's/.*(95 %: \(-[0-9.]*\) to \(-[0-9.]*\),.*/[\1,\2]/p' <<<"$words")
holds '$v[0] < $v[2] and $v[2] < $v[1] and $v[1] < 0' "[${bounds:1:-1},${measured:-0}]" 'with an interval below zero'
runs 0 'the audit holds' ctl audit verify
finish
