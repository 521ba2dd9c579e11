#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the host at every durable step of one approved write, before and after each step: after a restart the effect
# has happened exactly once, every time. The steps are enumerated: the host ends itself at its N-th, and N rises until a
# whole write comes through without reaching it. Then the same with the database as the victim.
set -euo pipefail
# shellcheck source=tools/host-env.sh
. "${ROYAL_SRCDIR:?}/tools/host-env.sh"

cases=0
tap () { cases=$((cases + 1)); echo "ok $cases - $1"; }
bail () { echo "not ok $((cases + 1)) - $1"; tail -n 30 "$host_dir/royald.log" | sed 's/^/# /'; echo "1..$((cases + 1))"; exit 1; }

host_env "${ROYAL_BUILDDIR:?}"
trap host_env_remove EXIT
fixtures=$ROYAL_SRCDIR/tests/fixtures/season
steps=$host_dir/data/steps

# The client: a person who tries again until what they want is the case.
again () { # again WHAT COMMAND…: for 20 s, restarting a host that has died
  local what=$1 _; shift
  for _ in $(seq 200); do
    if "$@" 2>/dev/null; then return 0; fi
    revive
    sleep 0.1
  done
  bail "$what did not come to be"
}

revive () {
  if kill -0 "$host_pid" 2>/dev/null; then return 0; fi
  wait "$host_pid" 2>/dev/null || true
  crashed=1
  host_start ROYAL_CRASH_AT= || bail 'the host does not start again'
}

load_season () {
  season=$(ctl season load --json --category dresses --name "Crash $1" --start 2025-03-01 --weeks 12 \
    --stores "$fixtures/stores.csv" --forecast "$fixtures/forecast.csv" --actuals "$fixtures/actuals.csv" | jq -er .season)
}

enqueue () {
  ctl jobs run markdown checkpoint --json --input "{\"season\":\"$season\"}" --key "crash-$1" | jq -e .id >/dev/null
}
proposal_of () {
  proposal=$(ctl approvals list --state all --json \
    | jq -er --arg season "$season" '[.items[] | select(.target == $season)] | if length > 0 then .[0].id else error("none") end')
}
state_of () { ctl approvals show "$1" --json | jq -r .state; }
approve () {
  case $(state_of "$proposal") in approved | executing | executed) return 0 ;; esac
  ctl approvals approve "$proposal" --yes >/dev/null
}
is_executed () { [ "$(state_of "$proposal")" = executed ]; }
is_idle () { ctl status --json | jq -e '.outbox == 0' >/dev/null; }

write_once () { # one approved write, whatever happens
  again 'the job' enqueue "$1"
  again 'the proposal' proposal_of
  again 'the approval' approve
  again 'the effect' is_executed
}

check_once () {
  local n
  n=$(ctl approvals list --state all --json | jq --arg season "$season" '[.items[] | select(.target == $season)] | length')
  [ "$n" = 1 ] || bail "$n proposals for one job ($1)"
  n=$(ctl season show "$season" --json | jq 'if .current_markdown_pct == 0.2 then .markdowns else 0 end')
  [ "$n" = 1 ] || bail "$n effects instead of one ($1)"
  ctl audit verify >/dev/null || bail "the audit does not hold ($1)"
}

# walk WHAT VICTIM-FILE WHEN: N rises until nothing is killed any more
walk () {
  local n covered step
  crashed=1
  for ((n = 1; crashed == 1; n++)); do
    kill -0 "${host_pid:-none}" 2>/dev/null || host_start
    load_season "$1 $3 $n"
    host_stop
    rm -f "$steps"
    crashed=0
    host_spawn ROYAL_CRASH_AT=$n ROYAL_CRASH_WHEN="$3" ROYAL_CRASH_LOG="$steps" ${2:+ROYAL_CRASH_VICTIM="$2"}
    host_wait_ready || revive
    write_once "$1-$3-$n"
    again 'the end' is_idle
    check_once "$1 $3 $n"
    [ "$(wc -l <"$steps")" -lt "$n" ] || crashed=1
    [ "$crashed" = 0 ] || tap "kill -9 of the $1 $3 step $n ($(sed -n "${n}p" "$steps")): once"
    [ "$n" -lt 200 ] || bail 'the write has no end'
  done
  host_end TERM || true # the step that the write did not reach may be one of the host's end
  covered=$(sort -u "$steps" | tr '\n' ' ')
  for step in "${must_cover[@]}"; do
    case " $covered" in *" $step "*) ;; *) bail "no crash point at $step; there are: $covered" ;; esac
  done
  tap "$((n - 2)) times kill -9 of the $1 $3 a durable step, the effect once each time"
}

# What a claim or the journal will find cannot be told before it is sent: they are steps when they have found something. The job
# is leased by the call that puts it in.
steps_before=(job.enqueue gate.submit job.complete gate.answer retail.apply effect.finish)
steps_after=("${steps_before[@]}" effect.claim journal.append)
must_cover=("${steps_before[@]}")
walk host '' before
must_cover=("${steps_after[@]}")
walk host '' after
walk database "$host_dir/data/postgres/postmaster.pid" after
echo "1..$cases"
