#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Random kill -9 of the host, a worker and the database in turn, under a load of jobs, approvals and batches, against a peer
# that misbehaves: nothing is lost, nothing is doubled, nothing is stuck.
#
#   ROYAL_CHAOS_KILLS  how many (12); ROYAL_CHAOS_SEED: what was printed, to have the same again
set -uo pipefail
# shellcheck source=tests/fault/chaos-lib.sh
. "${ROYAL_SRCDIR:?}/tests/fault/chaos-lib.sh"

kills=${ROYAL_CHAOS_KILLS:-12}
seed=${ROYAL_CHAOS_SEED:-$((RANDOM * 32768 + RANDOM))}
fail () {
  echo "not ok 1 - $1"
  tail -n 40 "$host_dir/royald.log" | sed 's/^/# /'
  echo '1..1'
  [ -z "${ROYAL_CHAOS_KEEP:-}" ] || { cp -r "$host_dir" "$ROYAL_CHAOS_KEEP"; }
  exit 1
}
echo "# seed $seed"
RANDOM=$((seed % 32768))

chaos_begin "$seed" || fail 'no peer'
host_start || fail 'the host does not start'
faults '{"share":0.15,"late_ms":300,"kinds":["slow","late","cut","before","busy","unavailable","error"]}'
start_load "${ROYAL_CHAOS_PAUSE:-0.05}"
started=$SECONDS
victims=(host worker database)
declare -A killed=([host]=0 [worker]=0 [database]=0)
for ((i = 0; i < kills; i++)); do
  sleep "0.$((RANDOM % 900 + 100))"
  victim=${victims[i % 3]}
  revive || fail "the host does not come back after $i kills"
  "kill_$victim" || fail "the host does not come back after $i kills"
  killed[$victim]=$((killed[$victim] + 1))
  if [ $(((i + 1) % 50)) = 0 ]; then echo "# $((i + 1)) kills, $(wc -l <"$host_dir/accepted") jobs, $((SECONDS - started)) s"; fi
done
kill "$submitter_pid"
faults '{"share":0,"kinds":[]}'
settle_down "${ROYAL_CHAOS_SETTLE:-90}" || { check_once; fail "something is stuck: $verdict; $(api '/approvals?state=pending,approved,executing&limit=3' | jq -c '[.items[] | {id, state, target, effect}]') $(api '/jobs?state=queued,leased&limit=3' | jq -c '[.items[] | {id, state, attempt}]')"; }
check_once || fail "$verdict; $(api '/approvals?state=failed,unknown,stale,expired,denied&limit=3' | jq -c '[.items[] | {id, state, target, reason, effect}]') $(api '/jobs?state=dead,quarantined,cancelled&limit=3' | jq -c '[.items[] | {id, state, attempt, error}]')"
stop_load
echo "# $verdict"
echo "# peer $(peer /counts)"
echo "ok 1 - $kills times kill -9 (host ${killed[host]}, worker ${killed[worker]}, database ${killed[database]}) in $((SECONDS - started)) s: 0 lost, 0 doubled, 0 stuck"
echo '1..1'
