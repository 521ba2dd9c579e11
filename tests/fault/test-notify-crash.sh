#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the host at durable steps of notifications, by webhook and by mail: before and after they are made, leased and
# confirmed. After a restart none was lost, and at most those that were under way came twice, with the same id.
# The steps are those of a round that nobody kills: some of each kind, with ROYAL_TEST_LONG=1 all.
set -euo pipefail
# shellcheck source=tools/host-env.sh
. "${ROYAL_SRCDIR:?}/tools/host-env.sh"

cases=0
tap () { cases=$((cases + 1)); echo "ok $cases - $1"; }
bail () {
  echo "not ok $((cases + 1)) - $1"
  tail -n 20 "$host_dir/royald.log" | sed 's/^/# /'
  echo "1..$((cases + 1))"
  exit 1
}
end () {
  if [ -n "${peer_pid:-}" ]; then
    kill "$peer_pid" 2>/dev/null || true
    wait "$peer_pid" 2>/dev/null || true
  fi
  host_env_remove
}

host_env "${ROYAL_BUILDDIR:?}"
trap end EXIT
steps=$host_dir/data/steps
find "$host_dir/manifests" -name "*.json" ! -name policy.json -delete
mkdir "$host_dir/manifests/connectors"
"$ROYAL_BUILDDIR/tests/fault/notify-peer" >"$host_dir/ports" &
peer_pid=$!
for _ in $(seq 100); do
  if [ -s "$host_dir/ports" ]; then break; fi
  sleep 0.05
done
read -r http smtp <"$host_dir/ports" || bail 'no peer'
cat >"$host_dir/manifests/connectors/notifications.json" <<END
{ "receivers": {
    "hook": { "topics": ["stops"], "per_minute": 600,
              "webhook": { "origin": "http://127.0.0.1:$http", "insecure": true, "private": true, "signing": "hook-key" } },
    "mail": { "topics": ["stops"], "per_minute": 600,
              "email": { "server": "127.0.0.1", "port": $smtp, "tls": "none", "private": true,
                         "from": "royal@shop.example", "to": ["anna@shop.example"] } } } }
END
export ROYAL_SECRET_HOOK_KEY=any-text

peer () { curl -s --max-time 10 "http://127.0.0.1:$http/fake/$1"; }
revive () {
  if kill -0 "$host_pid" 2>/dev/null; then return 0; fi
  wait "$host_pid" 2>/dev/null || true
  crashed=1
  host_start ROYAL_CRASH_AT= || bail 'the host does not start again'
}
again () { # again WHAT COMMAND…: for 60 s, restarting a host that has died
  local what=$1 _; shift
  for _ in $(seq 600); do
    if "$@" 2>/dev/null; then return 0; fi
    revive
    sleep 0.1
  done
  bail "$what did not come to be"
}
stopped () { ctl stop "$1" >/dev/null; }
resumed () { ctl resume >/dev/null; }

ids () { # ids RECEIVER: of its notifications, those that were sent
  ctl notify show "$1" --json | jq -r '.items[] | select(.state == "sent") | .id'
}
known=$host_dir/known
: >"$known"
told () { # told RECEIVER N: whether N events were told since the round began, and nothing waits
  local n
  n=$(ctl notify show "$1" --json | jq --rawfile known "$known" '($known | split("\n")) as $k
    | [.items[] | select(.id as $i | $k | index($i) | not)] | if any(.state != "sent") then -1 else map(.events) | add // 0 end')
  [ "$n" -ge "$2" ]
}

events=4 twice=0
once () { # once WHEN AT: a round, with the host killed at that step; 0 = never
  local receiver calls n id
  host_stop || true
  rm -f "$steps"
  crashed=0
  host_spawn ROYAL_CRASH_AT="$2" ROYAL_CRASH_WHEN="$1" ROYAL_CRASH_LOG="$steps"
  host_wait_ready || revive
  for n in $(seq $((events / 2))); do
    again 'the stop' stopped "round $1 $2 $n"
    sleep 0.3
    again 'its end' resumed
    sleep 0.3
  done
  for receiver in hook mail; do
    again "what $receiver is told" told "$receiver" "$events"
    calls=$(peer "$([ "$receiver" = hook ] && echo calls || echo mails)" | cut -d' ' -f1)
    while read -r id; do
      if grep -qx "$id" "$known"; then continue; fi
      n=$(grep -cx "$id" <<<"$calls" || true)
      [ "$n" -ge 1 ] || bail "$receiver was not told $id, which was sent ($1 step $2)"
      [ "$n" -le $((1 + crashed)) ] || bail "$receiver was told $id $n times ($1 step $2)"
      twice=$((twice + n - 1))
      echo "$id" >>"$known"
    done < <(ids "$receiver")
    n=$(sort -u <<<"$calls" | grep -cvxF -f "$known" || true)
    [ "$n" = 0 ] || bail "$receiver was told what is not known ($1 step $2)"
  done
}

once before 0 # what happens at a first start alone
for when in before after; do
  once "$when" 0
  [ "$crashed" = 0 ] || bail 'the host died by itself'
  kinds='claim end make'
  [ "$when" = after ] || kinds=end
  places=()
  for kind in $kinds; do
    grep -qx "notice.$kind" "$steps" || bail "no crash point at notice.$kind"
    mapfile -t found < <(grep -nx "notice.$kind" "$steps" | cut -d: -f1)
    [ "${ROYAL_TEST_LONG:-0}" = 1 ] || found=("${found[0]}" "${found[$((${#found[@]} / 2))]}" "${found[-1]}")
    places+=("${found[@]}")
  done
  kills=0
  for n in "${places[@]}"; do
    once "$when" "$n"
    [ "$crashed" = 1 ] || continue
    kills=$((kills + 1))
    tap "kill -9 $when step $n ($(tail -n 1 "$steps")): everyone was told everything"
  done
  [ "$kills" -gt 0 ] || bail 'no step was reached'
done
[ "$twice" -gt 0 ] || bail 'nothing was told twice: no host was killed between sending and confirming'
tap "$(wc -l <"$known") notifications, $twice of them told twice with the same id, none lost"
ctl audit verify >/dev/null || bail 'the audit does not hold'
echo "1..$cases"
