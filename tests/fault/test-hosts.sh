#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What else goes wrong, under the same load and with the same invariant: two hosts on one database, one that freezes past its
# lease and wakes, a database that restarts, a disk that is full, a clock that jumps, a peer that throttles, fails, cuts.
# shellcheck disable=SC2317 # functions are called by name
set -uo pipefail
# shellcheck source=tests/fault/chaos-lib.sh
. "${ROYAL_SRCDIR:?}/tests/fault/chaos-lib.sh"
pg=${ROYAL_PG_BINDIR:-/usr/lib/postgresql/15/bin}
if [ "$(id -u)" = 0 ]; then as_user () { setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups -- "$@"; }
else as_user () { "$@"; }; fi

number=0 failed=0
ok () { # ok STATUS NAME [DETAIL]
  number=$((number + 1))
  if [ "$1" = 0 ]; then echo "ok $number - $2"; return; fi
  echo "not ok $number - $2"
  printf '%s\n' "${3:-}" | sed 's/^/# /'
  failed=1
}
skip () { number=$((number + 1)); echo "ok $number - $1 # SKIP $2"; }

# --- a database of its own, and two hosts on it -----------------------------------------------------------------------

database_make () {
  pg_dir=$host_dir/pg
  mkdir -m 700 "$pg_dir"
  if [ "$(id -u)" = 0 ]; then chown nobody "$pg_dir"; fi
  as_user "$pg/initdb" -D "$pg_dir/data" -U dba -A trust -E UTF8 --no-sync >"$host_dir/initdb.log" 2>&1 && database_start \
    && as_user "$pg/psql" -X -q -h "$pg_dir" -U dba -d postgres -c 'create database royal'
}
database_start () {
  as_user "$pg/pg_ctl" -D "$pg_dir/data" -w -t 60 -l "$pg_dir/log" -o "-k $pg_dir -c listen_addresses=" start >/dev/null 2>&1
}
database_stop () { as_user "$pg/pg_ctl" -D "$pg_dir/data" -w -m "$1" stop >/dev/null 2>&1; }
sql () { as_user "$pg/psql" -X -q -A -t -h "$pg_dir" -U dba -d royal -c "$1"; }

second_start () { # another host, of another machine as far as this one knows
  [ -d "$host_dir/data2" ] || mkdir -m 700 "$host_dir/data2"
  "$host_bin/royald" --data-dir="$host_dir/data2" --socket="$host_dir/run/second.sock" --plugins="$host_plugins" \
    --manifests="$host_dir/manifests" --worker="$host_worker" --database-url="$url" >>"$host_dir/second.log" 2>&1 &
  second_pid=$!
  local _
  for _ in $(seq 400); do
    if curl -sf -o /dev/null --unix-socket "$host_dir/run/second.sock" http://royal/readyz; then return 0; fi
    sleep 0.05
  done
  return 1
}
second_stop () { [ -z "${second_pid:-}" ] || { kill "-${1:-TERM}" "$second_pid" 2>/dev/null; wait "$second_pid" 2>/dev/null; second_pid=; }; }

leave () {
  second_stop KILL
  stop_load
  kill "$peer_pid" 2>/dev/null
  host_end TERM || true
  database_stop immediate
  host_env_remove
}

revive () { host_ready; } # no host dies here

with_load () { # with_load NAME COMMAND…: under load; then everything is once
  local name=$1 status=0 from=$SECONDS; shift
  start_load_from 0.04
  "$@" || status=$?
  kill "$submitter_pid" 2>/dev/null
  settle_down 100 || status=90
  check_once || status=91
  stop_load
  [ $status = 0 ]
  ok $? "$name ($((SECONDS - from)) s)" "status $status; $verdict; $(tail -n 5 "$host_dir/royald.log")"
}
start_load_from () { # the numbers go on where the last load ended
  next=$(($(sort -n "$host_dir/accepted" | tail -n 1) + 1))
  ( n=$next; while :; do submit $n; n=$((n + 1)); sleep "$1"; done ) & submitter_pid=$!
  approver & approver_pid=$!
}

race () { sleep 4; }
freeze () { # the first host freezes; the second takes over what it held once its leases are over; it wakes
  sleep 1.5
  kill -STOP "$host_pid"
  sleep 1
  if [ -n "${ROYAL_FAULT_LONG:-}" ]; then sleep 35
  else
    sql "update effects set lease_until = now () where state = 'executing';
         update jobs set lease_until = now () where state = 'leased'" >/dev/null 2>&1
    sleep 6
  fi
  kill -CONT "$host_pid"
  sleep 1
}
restart_database () { # RESTART MODE, twice
  local mode
  for mode in fast immediate; do
    sleep 1.5
    database_stop "$mode"
    sleep 0.5
    database_start || return 1
  done
  sleep 1
}
fill_disk () { # no file of the database may grow: what it writes fails as on a full disk, its log ends it, and it cannot start
  local pid pids
  sleep 1.5
  pids=$(head -n 1 "$pg_dir/data/postmaster.pid")
  pids="$pids $(cat "/proc/$pids/task/$pids/children")"
  for pid in $pids; do prlimit --pid "$pid" --fsize=8192:unlimited 2>/dev/null; done
  sleep 3
  database_stop immediate
  sleep 0.5
  database_start || return 1
  sleep 1
}
jump () { # the host's clock: a day on, two days back, right again
  local offset
  for offset in 86400 -86400 0; do
    sleep 1
    set_skew "$offset"
  done
  sleep 1
}
set_skew () { # one long, in place
  local hex i bytes=''
  hex=$(printf '%016x' "$1")
  for ((i = 14; i >= 0; i -= 2)); do bytes="$bytes\\x${hex:i:2}"; done
  printf "%b" "$bytes" | dd of="$host_dir/skew" conv=notrunc 2>/dev/null
}
storm () { # storm KINDS: nothing but that for a while
  sleep 1
  faults "{\"share\":1,\"late_ms\":300,\"kinds\":[$1]}"
  sleep "${2:-4}"
  api /connectors >"$host_dir/connectors"
  faults '{"share":0,"kinds":[]}'
  sleep 1
}

# One person approves at one host what another rejects at the other, at the same moment: one of both answers counts, the other
# is told that it came too late, and what happens is what the first one said. Says what is wrong.
answer () { # answer SOCKET ID approve|reject BODY
  curl -s --max-time 10 -o /dev/null -w '%{http_code}' --unix-socket "$1" "http://royal/api/v1/approvals/$2/$3" -X POST \
    -H 'Content-Type: application/json' -d "$4"
}
answer_both () { # answer_both ID DIGEST: both codes, in a file
  local yes no
  answer "$ROYAL_SOCKET" "$1" approve "{\"digest\":\"$2\"}" >"$host_dir/answers/$1.yes" & yes=$!
  answer "$host_dir/run/second.sock" "$1" reject '{"reason":"no"}' >"$host_dir/answers/$1.no" & no=$!
  wait $yes $no
}
ask_for () { # ask_for N: as many proposals that wait for a person
  local from to n
  from=$(($(sort -n "$host_dir/accepted" | tail -n 1) + 1))
  to=$((from + 3 * $1))
  for ((n = from; n < to; n++)); do if [ $((n % 3)) = 2 ] && [ $((n % 10)) != 9 ]; then submit $n; fi; done
}
answer_at_once () { # answer_at_once N
  local id digest yes no state wanted effects
  mkdir -p "$host_dir/answers"
  ask_for "$1"
  for _ in $(seq 100); do [ "$(count jobs queued,leased)" != 0 ] || break; sleep 0.1; done
  api '/approvals?state=pending&limit=200' | jq -r '.items[] | .id + " " + .digest' >"$host_dir/asked"
  [ "$(wc -l <"$host_dir/asked")" -ge $(($1 / 2)) ] || echo "only $(wc -l <"$host_dir/asked") proposals wait"
  while read -r id digest; do answer_both "$id" "$digest"; done <"$host_dir/asked"
  for _ in $(seq 200); do [ "$(count approvals pending,approved,executing)" != 0 ] || break; sleep 0.1; done
  effect_keys | sort >"$host_dir/effects"
  while read -r id digest; do
    yes=$(cat "$host_dir/answers/$id.yes") no=$(cat "$host_dir/answers/$id.no")
    case "$yes $no" in '200 409') wanted=executed effects=1 ;; '409 200') wanted=rejected effects=0 ;;
      *) echo "$id: the answers were told $yes and $no"; continue ;; esac
    state=$(api "/approvals/$id" | jq -r .state)
    [ "$state" = "$wanted" ] || echo "$id: $state, expected $wanted"
    [ "$(grep -c "^$id" "$host_dir/effects")" = "$effects" ] || echo "$id: expected $effects effects"
  done <"$host_dir/asked"
  echo "$(grep -l 200 "$host_dir"/answers/*.yes | wc -l) approved, $(grep -l 200 "$host_dir"/answers/*.no | wc -l) rejected" >"$host_dir/won"
}

chaos_begin 1 && trap leave EXIT && database_make
ok $? 'a database of its own runs'
url="postgresql://dba@/royal?host=$(printf %s "$pg_dir" | jq -sRr @uri)"
printf '\0\0\0\0\0\0\0\0' >"$host_dir/skew"
chmod 644 "$host_dir/skew"
# A sanitizer would rather be first than behind what is preloaded.
host_start LD_PRELOAD="$ROYAL_BUILDDIR/tests/fault/libskew.so" SKEW_FILE="$host_dir/skew" \
  ASAN_OPTIONS="verify_asan_link_order=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}" -- --database-url="$url"
ok $? 'a host starts on it' "$(tail -n 3 "$host_dir/royald.log")"
[ "$failed" = 0 ] || exit 1
: >"$host_dir/accepted"

with_load 'the wall clock jumps by days' jump
with_load 'connections are cut' storm '"cut","before","late"'
with_load 'a storm of 429 and 503' storm '"busy","unavailable"' 6
[ "$(jq '[.items[] | select(.lane | startswith ("http")) | select(.wait_ms > 0 or .breaker != "closed")] | length' "$host_dir/connectors")" -ge 1 ]
ok $? 'which closed the way for a while' "$(cat "$host_dir/connectors")"
with_load 'the database restarts' restart_database
if command -v prlimit >/dev/null; then with_load 'the disk is full' fill_disk
else skip 'the disk is full' 'there is no prlimit'; fi
second_start; ok $? 'a second host starts' "$(tail -n 3 "$host_dir/second.log")"
with_load 'two hosts on one database' race
with_load 'a host freezes past its leases, and wakes' freeze
said=$(answer_at_once 60; ctl audit verify >/dev/null || echo 'the audit is broken')
[ -z "$said" ]; ok $? "two hosts are told two answers at once ($(cat "$host_dir/won"))" "$said"
second_stop; ok $? 'the second host stops'
host_stop; ok $? 'the first host stops'
echo "1..$number"
exit $failed
