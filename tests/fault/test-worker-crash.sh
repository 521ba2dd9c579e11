#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of a worker at every step of a run that proposes: the job is tried again, there is one proposal for it, and
# approved once it has one effect. In a fresh worker that is an attempt that crashed; in a used one the run is tried alone
# within its attempt.
# shellcheck disable=SC2119,SC2317 # functions are called by name, and without arguments
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
add_agent mortal '{ "reads": ["retail.season", "retail.sales"], "writes": [{ "action": "markdown.apply" }] }'
jq '.retry = { attempts: 3, backoff_ms: 10, backoff_max_ms: 50 } | .limits.workers = 2' "$host_dir/manifests/mortal.json" \
  >"$host_dir/mortal.json" && cp "$host_dir/mortal.json" "$host_dir/manifests/mortal.json"
host_start; ok $? 'a host starts'

job_ended () { ctl jobs show "$1" --json | jq -e '.state | IN ("completed", "dead", "cancelled")' >/dev/null; }
attempts_of () { ctl jobs show "$1" --json | jq -c '[.state, (.runs | sort_by (.attempt) | .[].state)]'; }

deaths () { ctl agents show mortal --json | jq '.workers.restarts'; }
in_one_or_two='^\["completed",("crashed",)?"completed"\]$'

die () { # die WHEN STEP [US]: one job whose worker dies there
  local name="$1 $2${3:+, after $3 us}" job wrong='' dead
  dead=$(deaths)
  load_season "Death $name" || return 1
  job=$(ctl jobs run mortal checkpoint --json --input "{\"season\":\"$season\",\"$1\":\"$2\",\"us\":${3:-0}}" | jq -er .id) || return 1
  until_ok job_ended "$job"
  [[ $(attempts_of "$job") =~ $in_one_or_two ]] || wrong="$wrong the attempts are $(attempts_of "$job");"
  [ "$(deaths)" = $((dead + 1)) ] || wrong="$wrong $(($(deaths) - dead)) workers died;"
  [ "$(proposals length)" = 1 ] || wrong="$wrong $(proposals length) proposals;"
  find_proposal && ctl approvals approve "$proposal" --yes >/dev/null || wrong="$wrong it cannot be approved;"
  until_ok proposal_is executed
  [ "$(ctl season show "$season" --json | jq -c '[.markdowns, .current_markdown_pct == 0.2]')" = '[1,true]' ] \
    || wrong="$wrong the season is $(ctl season show "$season" --json | jq -c .);"
  [ -z "$wrong" ]
  ok $? "killed $name: one proposal, one effect" "$wrong $(ctl jobs show "$job" --json)"
}

steps=$(sed -n '/^} steps\[\] = /,/;$/p' "$ROYAL_SRCDIR/tests/fixtures/agents/mortal.c" | grep -o '"[a-z]*"' | tr -d '"')
is 'the steps of a run' 'check get read propose put' "$(tr '\n' ' ' <<<"$steps" | sed "s/ $//")"
for step in $steps; do
  die before "$step"
  die during "$step" 0
  die after "$step"
done
for us in 50 100 200 400 800 1600 3200 6400 12800; do die during propose $us; done
runs 0 'the audit holds' ctl audit verify
is 'nothing waits' 0 "$(ctl status --json | jq .outbox)"
host_stop; ok $? 'the host stops'
finish
