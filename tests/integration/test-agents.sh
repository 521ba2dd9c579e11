#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Agents in an operator's hands, on the whole host: their workers are replaced while they run, they are paused and let go on.
# shellcheck disable=SC2317 # functions are called by name
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
add_agent good
host_start; ok $? 'a host starts'

post () { http "/api/v1$1" -X POST -H 'Content-Type: application/json' -d "${2:-{\}}" -o "$host_dir/answer" -w '%{http_code}' "${@:3}"; }
posts () { # posts NAME STATUS PATH [BODY] [OPTION…]
  is "$1" "$2" "$(post "${@:3}")"
  out=$(cat "$host_dir/answer")
}
start () { job=$(ctl jobs run good "$@" --json | jq -er .id); }
of_job () { ctl jobs show "$job" --json | jq -c "$1"; }
job_ends () { job_is "$job" completed; }
is_busy () { ctl agents show good --json | jq -e '.workers.workers[0].state == "busy"'; }
told () { ctl audit list --limit 200 --json | jq -c "[.items[] | select(.kind == \"$1\") | .record | fromjson | $2] | last"; }
told_is () { [ "$(told "$1" "$2")" = "$3" ]; }

# Restart: of what is idle, of what runs, and at once.
before=$(workers_of good)
runs 0 'an agent is restarted' ctl agents restart good --reason 'it has leaked'
says 'as is said' 'agent good is restarted'
[ "$(workers_of good)" != "$before" ] && [ "$(workers_of good | wc -l)" = 1 ]; ok $? 'by another worker'
soon 'it is audited, with who and why' told_is agent.restarted '[.subject, .data.now, .data.reason, (.actor | startswith("unix:"))]' '["good",false,"it has leaked",true]'
before=$(workers_of good)
start wait --input '{"ms":1500}'
soon 'a job is under way' is_busy
posts 'a restart waits for it' 200 /agents/good/restart '{}'
is 'and is done then' '["ready",false]' "$(jq -c '[.state, .restarting]' <<<"$out")"
soon 'what ran came to its end' job_ends
is 'by one attempt' 1 "$(of_job .attempt)"
[ "$(workers_of good)" != "$before" ]; ok $? 'and there is another worker'
before=$(workers_of good)
start version --input '{"ms":1500}'
soon 'another one is' is_busy
posts 'one that does not wait' 200 /agents/good/restart '{"now":true}'
[ "$(workers_of good)" != "$before" ]; ok $? 'replaces the worker at once'
soon 'and the job is done by the new one' job_ends
is 'by the same attempt, once' '[1,["completed"]]' "$(of_job '[.attempt, [.runs[].state]]')"
posts 'what is not known is refused' 422 /agents/good/restart '{"soon":true}'
posts 'as is who is not there' 404 /agents/nobody/restart '{}'
runs 1 'and what royalctl is asked of him' ctl agents restart nobody
says 'with his name' 'no agent is named nobody'

# One that cannot be started is said to be so, and tried again when it can.
add_agent dead
ctl reload >/dev/null
has_failed () { ctl agents show dead --json | jq -e '.workers.state == "failed"'; }
soon 'an agent cannot be started' has_failed
posts 'nor by a restart' 503 /agents/dead/restart '{}'
says 'which says why' 'agent `dead` cannot be started: '

# Pause and resume, by the names that agents have.
posts 'an agent is paused' 200 /agents/good/pause '{"reason":"a count"}'
is 'as by /control/pause' '[["agent","good","a count"]]' "$(jq -c '[.workspace.pauses[] | [.kind, .name, .reason]]' <<<"$out")"
posts 'it goes on' 200 /agents/good/resume
is 'and is held by nothing' '[]' "$(jq -c .workspace.pauses <<<"$out")"
posts 'which is said once' 404 /agents/good/resume
posts 'one that is not there is not paused' 404 /agents/nobody/pause '{"reason":"a count"}'
posts 'nor one without a reason' 422 /agents/good/pause '{}'

host_stop; ok $? 'the host stops'
finish
