#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Agents in an operator's hands, on the whole host: their workers are replaced while they run, they are paused and let go on, called
# directly, and seen together.
# shellcheck disable=SC2317 # functions are called by name
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
together () { # together AGENT: puts it into one cluster with the others
  jq '.cluster = "yard"' "$host_dir/manifests/$1.json" >"$host_dir/manifest" && mv "$host_dir/manifest" "$host_dir/manifests/$1.json"
}
add_agent good
together good
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
together dead
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

# A direct call.
of_answer () { jq -c "$1" <<<"$out"; }
posts 'a task is called' 200 /agents/good/tasks/echo '{"a":[1]}'
is 'and its result is the answer' '["good","echo","completed",{"a":[1]}]' "$(of_answer '[.agent, .task, .state, .result]')"
posts 'one that fails' 200 /agents/good/tasks/fail '{"code":"denied"}'
is 'is answered, too' '["dead","denied"]' "$(of_answer '[.state, .error.code]')"
failed_job=$(of_answer .id | tr -d '"')
posts 'one that takes long is not waited for' 202 '/agents/good/tasks/wait?wait_s=1' '{"ms":2500}'
is 'with its job' '["good","wait"]' "$(of_answer '[.agent, .task]')"
job=$(of_answer .id | tr -d '"')
soon 'which comes to its end' job_ends
posts 'the same key' 200 /agents/good/tasks/echo '{}' -H 'Idempotency-Key: once'
same=$(of_answer .id)
posts 'is the same call' 200 /agents/good/tasks/echo '{}' -H 'Idempotency-Key: once'
is 'of one job' "$same" "$(of_answer .id)"
curl -s --unix-socket "$ROYAL_SOCKET" http://royal/api/v1/agents/good/tasks/wait -H 'Content-Type: application/json' -d '{"ms":1500,"gone":true}' &
caller=$!
find_job () { job=$(ctl jobs list --json | jq -er 'first (.items[] | select(.input.gone)).id'); }
soon 'somebody calls' find_job
kill "$caller"
soon 'who goes, and the job comes to its end' job_ends
posts 'a task that it has not' 404 /agents/good/tasks/nothing '{}'
says 'is named' 'has no task `nothing`'
posts 'nor is there one of nobody' 404 /agents/nobody/tasks/echo '{}'
posts 'an input is an object' 422 /agents/good/tasks/echo '[]'
posts 'and is waited for a minute at most' 422 '/agents/good/tasks/echo?wait_s=61' '{}'

# A job that failed for good is tried again, once.
posts 'a dead job is tried again' 200 "/jobs/$failed_job/retry"
is 'from its first attempt' '["queued"]' "$(of_answer '[.state] | map(if . == "leased" then "queued" else . end)')"
job=$failed_job
is_dead () { job_is "$job" dead; }
soon 'and fails again' is_dead
is 'which its runs tell' '["failed","failed"]' "$(of_job '[.runs[].state]')"
posts 'one that completed is not' 409 "/jobs/$(tr -d '"' <<<"$same")/retry"
says 'as is said' 'only one that ended without success can be tried again'
posts 'nor one that is not there' 404 /jobs/00000000-0000-7000-8000-000000000000/retry
posts 'nor what is no job' 404 /jobs/nothing/retry

# Clusters.
gets () { # gets NAME STATUS PATH: in $out
  is "$1" "$2" "$(http "/api/v1$3" -o "$host_dir/answer" -w '%{http_code}')"
  out=$(cat "$host_dir/answer")
}
gets 'the agents of a cluster' 200 /clusters/yard/status
is 'with what is wrong: a job is dead' '["degraded",1,false,false]' "$(of_answer '.agents[] | select(.id == "good") | [.health, .dead, .paused, .breaker]')"
is 'and the worst of them all' '["failed","failed"]' "$(of_answer '[.health, (.agents[] | select(.id == "dead") | .health)]')"
ctl jobs discard --agent good >/dev/null
ctl pause agent good 'a count' >/dev/null
gets 'asked again' 200 /clusters/yard/status
is 'it is paused, and nothing else' '["paused",0,true]' "$(of_answer '.agents[] | select(.id == "good") | [.health, .dead, .paused]')"
gets 'what they have done today' 200 /clusters/yard/metrics
is 'of each' '[true,1,0,0]' "$(of_answer '.agents[] | select(.id == "good") | [.jobs == .completed + .failed, .failed, .under_way, .proposals_waiting]')"
is 'and of all' true "$(of_answer '.jobs == ([.agents[].jobs] | add) and .completed == ([.agents[].completed] | add)')"
is 'with the times of their runs' true "$(of_answer '.run_s.max >= .run_s.p95 and .run_s.max > 1 and .run_s.mean > 0')"
gets 'of a cluster that is none' 404 /clusters/nothing/status
gets 'there is nothing' 404 /clusters/nothing/metrics

host_stop; ok $? 'the host stops'
finish
