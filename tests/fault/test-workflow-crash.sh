#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the host at every durable step of a workflow with an approval in its middle, before and after each: after a
# restart it comes to its end, and every step, job and effect of it happened once. One run names the steps; then the host ends
# itself after each of the workflow's own. With ROYAL_TEST_LONG=1 also before them, and at those of the queue and the effect.
set -euo pipefail
# shellcheck source=tools/host-env.sh
. "${ROYAL_SRCDIR:?}/tools/host-env.sh"

cases=0
tap () { cases=$((cases + 1)); echo "ok $cases - $1"; }
bail () {
  echo "not ok $((cases + 1)) - $1"
  ctl workflow show "${run:-none}" 2>&1 | sed 's/^/# /'
  tail -n 30 "$host_dir/royald.log" | sed 's/^/# /'
  echo "1..$((cases + 1))"
  exit 1
}

host_env "${ROYAL_BUILDDIR:?}"
trap host_env_remove EXIT
fixtures=$ROYAL_SRCDIR/tests/fixtures/season
cp "$ROYAL_BUILDDIR/tests/fixtures/agents/good.so" "$host_plugins/"
echo '{ "agent": "good", "module": "good.so", "limits": { "workers": 2 } }' >"$host_dir/manifests/good.json"
cp "$ROYAL_SRCDIR/tests/fixtures/workflows/season_plan.json" "$host_dir/manifests/workflows/"
steps=$host_dir/data/steps

again () { # again WHAT COMMAND…: for 20 s, restarting a host that has died
  local what=$1 _; shift
  for _ in $(seq 400); do
    if "$@" 2>/dev/null; then return 0; fi
    revive
    sleep 0.05
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
begin () { run=$(ctl workflow start season_plan --json --key "$1" --input "{\"season\":\"$season\"}" | jq -er .id); }
waits () { proposal=$(ctl workflow show "$run" --json | jq -er '.now[0].waits_for.proposals[0]'); }
approve () {
  case $(ctl approvals show "$proposal" --json | jq -r .state) in approved | executing | executed) return 0 ;; esac
  ctl approvals approve "$proposal" --yes >/dev/null
}
is_completed () { [ "$(ctl workflow show "$run" --json | jq -r .state)" = completed ]; }

plan_once () { # one plan, whatever happens
  again 'the run' begin "$1"
  again 'its wait' waits
  again 'the approval' approve
  again 'its end' is_completed
}

wanted='["demand completed 1","inventory completed 1","inventory[0].allocate completed 1","inventory[1].allocate completed 1","markdown completed 1","approved completed 1","reforecast skipped 1","report completed 1"]'
check_once () {
  local found n
  found=$(ctl workflow show "$run" --json | jq -c '[.steps[] | "\(.path) \(.state) \(.attempt)"]')
  [ "$found" = "$wanted" ] || bail "the steps are $found ($1)"
  n=$(ctl jobs list --state all --json | jq --arg by "workflow:season_plan" '[.items[] | select(.created_by == $by)] | length')
  [ "$n" = $((5 * (plans + 1))) ] || bail "$n jobs, expected $((5 * (plans + 1))) ($1)"
  n=$(ctl season show "$season" --json | jq 'if .current_markdown_pct == 0.2 then .markdowns else 0 end')
  [ "$n" = 1 ] || bail "$n effects instead of one ($1)"
  plans=$((plans + 1))
}

plan () { # plan N WHEN: one plan of a host that ends at its N-th step
  kill -0 "${host_pid:-none}" 2>/dev/null || host_start
  load_season "$1 $2"
  host_stop
  rm -f "$steps"
  crashed=0
  host_spawn ROYAL_CRASH_AT="$1" ROYAL_CRASH_WHEN="$2" ROYAL_CRASH_LOG="$steps"
  host_wait_ready || revive
  plan_once "$2-$1"
  check_once "$2 $1"
}

pattern='^workflow\.(start|commit)$'
moments=(after)
if [ "${ROYAL_TEST_LONG:-0}" = 1 ]; then
  pattern='^(workflow\.(start|commit)|job\.(report|lease|complete)|effect\.finish)$'
  moments=(before after)
fi
plans=0
for when in "${moments[@]}"; do
  plan 0 "$when"
  mapfile -t numbers < <(grep -nE "$pattern" "$steps" | cut -d: -f1)
  [ "$(grep -c '^workflow\.commit$' "$steps")" -ge 4 ] || bail "the steps are $(tr '\n' ' ' <"$steps")"
  n_killed=0
  for n in "${numbers[@]}"; do
    # Lists of jobs are short: the count is of one page.
    if [ $((5 * (plans + 1))) -gt 45 ]; then
      host_end TERM || true
      rm -rf "$host_dir/data"
      mkdir -m 700 "$host_dir/data"
      plans=0
    fi
    plan "$n" "$when"
    [ $crashed = 1 ] || continue
    n_killed=$((n_killed + 1))
    tap "kill -9 $when step $n ($(sed -n "${n}p" "$steps")): every step once"
  done
  [ $n_killed -ge 5 ] || bail "the host was killed $n_killed times only"
  tap "$n_killed times kill -9 $when a durable step of a workflow"
done
echo "1..$cases"
