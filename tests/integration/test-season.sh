#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A season on the whole host: its history comes in, it is planned with an approval in its middle, sold, found to be more than
# 20 % off and forecast anew, marked down at week 6. The agents are stand-ins where the host is what is tested.
# shellcheck disable=SC2317 # functions are called by name
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
add_agent demand '{ "reads": ["retail.plan"], "writes": [{ "action": "forecast.record" }] }'
add_agent inventory '{ "reads": ["retail.plan", "retail.forecast", "retail.inventory"], "writes": [
  { "action": "manufacturing.order" }, { "action": "replenishment.ship" }, { "action": "reallocation.order" }] }'

run_is () { [ "$(ctl workflow show "$run" --json | jq -r .state)" = "$1" ]; }
of_run () { ctl workflow show "$run" --json | jq -c "$1"; }
stock () { ctl season status SS25 --json | jq -c "$1"; }
waits () { # waits ACTION: its id is in $proposal
  proposal=$(ctl approvals list --json | jq -er --arg action "$1" '.items[] | select(.action == $action and .state == "pending") | .id')
}
weeks_to () { awk -F, -v last="$1" 'NR == 1 || $2 <= last' "$fixtures/actuals.csv"; }

host_start; ok $? 'a host starts with the season'"'"'s workflows'
mkdir "$host_dir/files"
"$ROYAL_SRCDIR/tools/make-season-fixture" "$host_dir/files"
history=$host_dir/files/history.csv

# What comes in.
runs 0 'stores are loaded' ctl season load --stores "$fixtures/stores.csv"
head -n 3901 "$history" >"$host_dir/files/short.csv"
runs 1 'a history of 18 months is refused' ctl season upload "$host_dir/files/short.csv" --history
says 'with what is needed' 'Insufficient historical data: need 24+ months, found 18 months'
runs 0 'a dry run tells what would change' ctl season upload "$history" --history --dry-run
says 'all of it' 'added                    7800'
runs 0 'history is loaded' ctl season upload "$history" --history
runs 0 'again, it changes nothing' ctl season upload "$history" --history
says 'and says so' 'unchanged                7800'

# A category that nothing was loaded under is a mistake of the hand.
runs 1 'a category that nobody knows is refused' ctl season plan SS25 --category dreses --name X --start 2025-03-01 --weeks 12
says 'with those that are known' 'no category is `dreses`; there are: dresses'
runs 1 'and nothing is made' ctl season show SS25

# The plan, with an order that waits for a person.
run=$(ctl season plan SS25 --category dresses --name "Women's Dresses" --start 2025-03-01 --weeks 12 --list-price 89.90 \
  --unit-cost 31.00 --json | jq -er .id)
soon 'an order waits' waits manufacturing.order
is 'the forecast is recorded' 8000 "$(stock .season.forecast_total)"
runs 0 'a person approves' ctl approvals approve "$proposal" --yes
made () { [ "$(stock '[.inventory.made, .inventory.shipped, .inventory.holdback]')" = '[9600,5280,4320]' ]; }
soon 'the order is placed, stores have their part' made
soon 'the plan waits for week 6' run_is waiting
plan=$run

# Four weeks of sales: 3,200 where 2,666 were expected, 20.03 % more. One new forecast, what it makes the season short of.
weeks_to 4 >"$host_dir/files/four.csv"
run=$(ctl season upload "$host_dir/files/four.csv" --season SS25 --json | jq -er .workflow)
week_4=$run
is 'the same sales start the same run' "$run" "$(ctl season upload "$host_dir/files/four.csv" --season SS25 --json | jq -er .workflow)"
soon 'what is short waits for a person' waits reallocation.order
is 'the season is forecast anew, stores are sent what they need' '["reforecast","recorded","replenish","sent","guard","reallocate","ordered"]' \
  "$(of_run '[.steps[] | select(.state != "skipped").path]')"
is 'ten thousand in all, nothing off so far' '[10000,3200,3200]' "$(stock '.season | [.forecast_total, .forecast_to_date, .sold]')"
is 'the order states both' '[2980,400]' \
  "$(ctl approvals show "$proposal" --json | jq -c '.facts | [.shortage, .shortage_with_store_stock]')"
runs 0 'approved' ctl approvals approve "$proposal" --yes
soon 'the week is done' run_is completed
is 'as it says' '{"sent":1,"ordered":1}' "$(of_run '.result | {sent, ordered}')"
# What the agents saw of it, for people.
watch () { http /api/v1/retail/seasons/SS25/watch | jq -c "$1"; }
is 'the guard looked after the stores were sent their part' '[1,["stockout"],10,20]' \
  "$(watch '.guard | [.stockout, .findings[0].alerts, .findings[0].ledger, .findings[0].forecast_next]')"
is 'nothing is marked down' null "$(watch .markdown)"
is 'with one event' 1 "$(ctl audit list --limit 200 --json | jq '[.items[] | select(.kind == "retail.variance")] | length')"

# A correction of the same week asks for no second forecast.
sed 's/^\(S001,4\),.*/\1,4000/' "$host_dir/files/four.csv" >"$host_dir/files/corrected.csv"
run=$(ctl season upload "$host_dir/files/corrected.csv" --season SS25 --json | jq -er .workflow)
soon 'a correction starts a run' run_is completed
is 'without another forecast' '"skipped"' "$(of_run .result.reforecast)"
ctl season upload "$host_dir/files/four.csv" --season SS25 >/dev/null

# Week 6: the plan goes on to its markdown.
run=$plan
runs 0 'two weeks more' ctl season upload "$fixtures/actuals.csv" --season SS25
soon 'the markdown waits' waits markdown.apply
runs 0 'approved' ctl approvals approve "$proposal" --yes
soon 'the plan comes to its end' run_is completed
is 'marked down' 1 "$(of_run .result.markdown.applied)"
is 'no week of it is sold yet' '[6,null,"too_early",null,6]' \
  "$(watch '.markdown | [.after_week, .sold, .verdict, .watch, (.weeks | length)]')"
is 'what is expected is the forecast as it came true, raised by the claimed lift' true "$(watch '.markdown | . as $m
  | .lift > 0 and .pace > 0 and all (.weeks[]; (.expected - .forecast * $m.pace * (1 + $m.lift)) | fabs < 1)')"

# What is marked down is watched: by the next week's run, which proposes no second markdown.
awk -F, 'NR == 1 { print; next } { n[$1] = $3 } END { for (s in n) printf "%s,7,%d\n", s, n[s] }' "$fixtures/actuals.csv" >"$host_dir/files/seven.csv"
run=$(ctl season upload "$host_dir/files/seven.csv" --season SS25 --json | jq -er .workflow)
of_step () { of_run ".steps[] | select(.path == \"$1\") | $2"; }
watched () { [ "$(of_step watch .state)" = '"completed"' ]; }
soon 'a markdown is watched' watched
is 'with exactly the season' true "$(of_run '.input.marked_down')"
is 'no second one is proposed' false "$(of_step watch .result.proposed)"
says_so () { case $(of_step watch .result.reason) in *'after week 7 of a season that is marked down'*) return 0 ;; *) return 1 ;; esac; }
says_so; ok $? 'it says how sales stand' "$(of_step watch .result.reason)"
is 'people see what it said' "$(of_step watch .result.reason)" "$(watch .markdown.watch.reason)"
is 'and the week since, against what was expected of it' '[7,true]' \
  "$(watch '.markdown | [(.weeks[] | select(.sold).week), (.weeks[0].sold == .sold and .weeks[0].expected == .expected)]')"
is 'before it there was nothing to watch' '["skipped"]' \
  "$(ctl workflow show "$week_4" --json | jq -c '[.steps[] | select(.path == "watch").state]')"
runs 0 'a chart' ctl season status SS25
says 'what the guard saw' 'stock after week '
says 'what is sold since the markdown' 'since the markdown: sold '
says 'of its weeks' '   6  2025-04-05'
runs 0 'the audit holds' ctl audit verify

# Files of another make.
files=$ROYAL_SRCDIR/tests/fixtures/mapping
mkdir "$host_dir/data-files"
"$files/make" "$host_dir/data-files"
runs 0 'a mapping' ctl season import --mapping "$files/mapping.json" --data "$host_dir/data-files"
says 'takes stores' 'rows                     2'
says 'sums rows of a week, counts what is below zero as nothing' 'units                    1545'
says 'keeps what is missing' 'missing_weeks            1'
says 'leaves out what is too short' '1 categories have less than two years'
jq '.history.columns.units_sold.colum = "x"' "$files/mapping.json" >"$host_dir/bad.json"
runs 1 'a mapping that is wrong' ctl season import --mapping "$host_dir/bad.json" --data "$host_dir/data-files"
says 'is refused with the place' "$host_dir/bad.json: /history/columns/units_sold"
jq '.history.columns.units_sold.column = "day"' "$files/mapping.json" >"$host_dir/bad.json"
runs 1 'a cell that is none' ctl season import --mapping "$host_dir/bad.json" --data "$host_dir/data-files"
says 'too' 'line 2, column day: expected a number'

shared=$ROYAL_SRCDIR/../shared/data
if [ -d "$shared" ]; then
  runs 0 'real stores and sales' ctl season import --mapping "$ROYAL_SRCDIR/docs/mappings/breakfast.json" --data "$shared"
  says 'come in whole' 'rows                     43944'
else skip 'real stores and sales' 'no ../shared/data'; skip 'come in whole' 'no ../shared/data'; fi
finish
