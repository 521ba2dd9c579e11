#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A season's plan on the whole host, with an approval in its middle: everything is killed while it waits, and it comes to its
# end once. What is live, what is refused, simulations and scenarios, as an operator has them.
# shellcheck disable=SC2317 # functions are called by name
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
workflows=$ROYAL_SRCDIR/tests/fixtures/workflows
cp "$workflows/season_plan.json" "$host_dir/manifests/workflows/"
add_agent good

run_is () { [ "$(ctl workflow show "$run" --json | jq -r .state)" = "$1" ]; }
of_run () { ctl workflow show "$run" --json | jq -c "$1"; }
jobs_of () { ctl jobs list --json | jq "[.items[] | select(.agent == \"$1\")] | length"; }
start () { run=$(ctl workflow start "$@" --json | jq -er .id); }

# A file that is wrong is found by the host, with the place.
host_start; ok $? 'a host starts with workflows'
runs 0 'royalctl workflow check' ctl workflow check "$host_dir"/manifests/workflows/*.json
jq '.steps[3].approval.of = ["nothing"]' "$workflows/season_plan.json" >"$host_dir/bad.json"
runs 1 'an unknown step is a fault' ctl workflow check "$host_dir/bad.json"
says 'with file and pointer' "$host_dir/bad.json: /steps/3/approval/of/0: expected a task, parallel, map or branch that ends before this step, found \"nothing\""
jq '.steps[2].task.agent = "nobody"' "$workflows/season_plan.json" >"$host_dir/bad.json"
runs 1 'an unknown agent too' ctl workflow check "$host_dir/bad.json"
says 'with file and pointer' '/steps/2/task/agent: expected an enabled agent, found "nobody"'
cp "$host_dir/bad.json" "$host_dir/manifests/workflows/bad.json"
runs 1 'a reload with a second of its name is refused' ctl reload
says 'with both files' '/name: expected a name that '
rm "$host_dir/manifests/workflows/bad.json"
runs 0 'without it all is well' ctl reload
runs 1 'what is not there cannot be started' ctl workflow start nothing
runs 1 'nor with an input that does not fit' ctl workflow start season_plan --input '{"season":7}'
says 'as its schema says' '/season'

# The plan waits for a person; everything dies; it goes on.
load_season plan
start season_plan --input "{\"season\":\"$season\"}" --key plan
soon 'the plan waits' run_is waiting
is 'for the approval, since then' '["approved","approval"]' "$(of_run '[.now[0].step, .now[0].waits_for.kind]')"
find_proposal
is 'of the proposal that its job made' "\"$proposal\"" "$(of_run '.now[0].waits_for.proposals[0]')"
is 'every step began once' '["demand","inventory","inventory[0].allocate","inventory[1].allocate","markdown","approved"]' "$(of_run '[.steps[].path]')"
before=$(of_run '[.steps[] | select(.state == "completed") | [.path, .started_at, .ended_at, .job]]')
same=$(ctl workflow start season_plan --input "{\"season\":\"$season\"}" --key plan --json | jq -r .id)
is 'its key starts it once' "$run" "$same"
# It goes on as it was begun, whatever the file says by then.
jq '.steps = [.steps[0]] | .result = "other"' "$workflows/season_plan.json" >"$host_dir/manifests/workflows/season_plan.json"
kill -9 "$(postmaster)" 2>/dev/null || true
host_kill
host_start; ok $? 'host and database are killed, and start again'
soon 'it still waits' run_is waiting
is 'what was done was not done again' "$before" "$(of_run '[.steps[] | select(.state == "completed") | [.path, .started_at, .ended_at, .job]]')"
ctl workflow watch "$run" >"$host_dir/watched" 2>&1 &
watcher=$!
soon 'it is watched' grep -q waiting "$host_dir/watched"
runs 0 'a person approves' ctl approvals approve "$proposal" --yes
soon 'the plan comes to its end' run_is completed
wait "$watcher"; ok $? 'who watches it is told, and ends well' "$(cat "$host_dir/watched")"
out=$(cat "$host_dir/watched")
for kind in approval.decided effect.executed workflow.step.ended workflow.completed; do says "of its $kind" " $kind "; done
is 'with what its steps found' \
  '{"total":8000,"applied":1,"allocated":[{"of":8000,"cluster":"a"},{"of":8000,"cluster":"b"}],"reforecast":"skipped"}' \
  "$(of_run '.result | {total, applied, allocated, reforecast}')"
is 'each job once' 4 "$(jobs_of good)"
is 'and one effect' 1 "$(markdowns)"
start season_plan --input "{\"season\":\"$season\"}"
soon 'a new run follows the new file' run_is completed
is 'to its own end' '"other"' "$(of_run .result)"
cp "$workflows/season_plan.json" "$host_dir/manifests/workflows/"
ctl reload >/dev/null

# A rejection: what was done is taken back, backwards.
load_season rejected
start season_plan --input "{\"season\":\"$season\"}"
soon 'another plan waits' run_is waiting
find_proposal
ctl approvals reject "$proposal" --reason 'not this year' >/dev/null
soon 'it fails when its proposal is rejected' run_is failed
runs 1 'which is no good end for who watches' ctl workflow watch "$run"
runs 1 'and what is not there cannot be watched' ctl workflow watch nothing
says 'as is said' 'no run nothing of a workflow'
is 'and says where' '["denied","approved"]' "$(of_run '[.error.code, .error.step]')"
is 'after its steps were taken back, the last first' \
  '["~inventory[1].allocate completed","~inventory[0].allocate completed"]' \
  "$(of_run '[.steps[] | select(.path | startswith("~")) | .path + " " + .state]')"
is 'with what they had made' '{"undo":{"of":8000,"cluster":"b"}}' "$(of_run '.steps[] | select(.path == "~inventory[1].allocate") | .result')"
is 'nothing was marked down' 0 "$(markdowns)"

# A person cancels.
load_season cancelled
start markdown_checkpoint --input "{\"season\":\"$season\"}"
soon 'the shipped checkpoint waits' run_is waiting
runs 0 'it is cancelled' ctl workflow cancel "$run"
soon 'and ends' run_is cancelled

# Live, and in the audit.
events=$(http '/api/v1/events?topics=workflow&limit=200')
for kind in workflow.started workflow.step.started workflow.step.ended workflow.waiting workflow.completed workflow.failed workflow.cancelled; do
  [ "$(jq "[.items[] | select(.kind == \"$kind\")] | length" <<<"$events")" -gt 0 ]
  ok $? "the feed has $kind"
done
audited () { ctl audit export | jq -r .kind | grep -c '^workflow\.' | grep -qv '^0$'; }
soon 'the audit has them' audited

# Simulations: the same code, and no effect.
load_season simulated
before="$(ctl approvals list --state all --json | jq '.items | length') $(markdowns)"
runs 0 'an agent is simulated' ctl simulate markdown checkpoint "{\"season\":\"$season\"}" --json
is 'and would propose' '[["markdown.apply","approve",0.2]]' "$(jq -c '[.effects[] | [.action, .decision, .parameters.markdown_pct]]' <<<"$out")"
is 'with the facts' true "$(jq '.effects[0].facts | has("markdown_pct")' <<<"$out")"
runs 0 'a workflow is simulated from its file' ctl simulate --workflow "$workflows/season_plan.json" "{\"season\":\"$season\"}" --json
is 'through its approval to its end' '["completed",1,"approved"]' "$(jq -c '[.state, (.effects | length), (.steps[] | select(.kind == "approval") | .path)]' <<<"$out")"
is 'nothing was proposed or done' "$before" "$(ctl approvals list --state all --json | jq '.items | length') $(markdowns)"
is 'nor is it among the runs' 0 "$(ctl workflow list --json | jq '[.items[] | select(.simulated)] | length')"

# Scenarios: what they read is recorded, but for what the gate observes itself.
mkdir "$host_dir/scenarios"
sed "s/SEASON/$season/" "$workflows/scenarios/recorded.json" >"$host_dir/scenarios/recorded.json"
runs 0 'scenarios hold' ctl scenario run "$workflows/scenarios/steps.json" "$workflows/scenarios/fault.json" "$host_dir/scenarios/recorded.json"
jq '.expect.effects[0].parameters.markdown_pct = 0.35' "$host_dir/scenarios/recorded.json" >"$host_dir/scenarios/wrong.json"
runs 1 'one that expects something else does not' ctl scenario run "$host_dir/scenarios/wrong.json"
says 'and says what it found' 'effects: /0/parameters/markdown_pct: expected 0.35, found 0.4'
jq '.faults.reads["retail.sales"] = { code: "unavailable", message: "no sales today" }' "$host_dir/scenarios/recorded.json" >"$host_dir/scenarios/away.json"
runs 1 'a read can be made to fail' ctl scenario run "$host_dir/scenarios/away.json"
says 'and the agent fails of it' 'state: expected "completed", found "failed"'

host_stop; ok $? 'the host stops'
finish
