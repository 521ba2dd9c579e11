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

chaos_begin 1 && trap leave EXIT && database_make
ok $? 'a database of its own runs'
url="postgresql://dba@/royal?host=$(printf %s "$pg_dir" | jq -sRr @uri)"
printf '\0\0\0\0\0\0\0\0' >"$host_dir/skew"
chmod 644 "$host_dir/skew"
host_start LD_PRELOAD="$ROYAL_BUILDDIR/tests/fault/libskew.so" SKEW_FILE="$host_dir/skew" -- --database-url="$url"
ok $? 'a host starts on it'
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
second_stop; ok $? 'the second host stops'
host_stop; ok $? 'the first host stops'
echo "1..$number"
exit $failed
