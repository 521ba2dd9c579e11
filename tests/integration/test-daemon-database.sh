#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The daemon and its database: one that dies, one that hangs, one that is somebody else's.
# shellcheck disable=SC2317 # functions are called by name
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
pg=${ROYAL_PG_BINDIR:-/usr/lib/postgresql/15/bin}

# The postmaster dies
add_agent good
host_start; ok $? 'a host starts'
propose dies; ok $? 'there is a proposal'
job=$(ctl jobs run good wait --input '{"ms":3000}' --json | jq -r .id)
soon 'a job runs' job_is "$job" leased
kill -9 "$(postmaster)"
soon 'without its database the host is not ready' http_is /readyz 503
is 'and names what it lacks' false "$(http /readyz | jq .checks.database.ok)"
is 'but it is alive' 200 "$(http_status /healthz)"
soon 'it has the database started again' http_is /readyz 200
kill -0 "$host_pid"; ok $? 'the host is the same'
soon 'the job that was in hand completes' job_is "$job" completed
runs 0 'the proposal can be approved' ctl approvals approve "$proposal" --yes
soon 'and is executed' proposal_is executed
is 'once' 1 "$(markdowns)"
runs 0 'the audit holds' ctl audit verify

# The database hangs
mapfile -t backends < <(tr ' ' '\n' <"/proc/$(postmaster)/task/$(postmaster)/children" | grep .)
stalled=("$(postmaster)" "${backends[@]}")
kill -STOP "${stalled[@]}"
ctl status >"$host_dir/waiting" 2>&1 &
caller=$!
slowest=0
for _ in $(seq 20); do
  begun=$(date +%s%N)
  is_healthy=$(http_status /healthz)
  took=$((($(date +%s%N) - begun) / 1000000))
  [ "$is_healthy" = 200 ] || slowest=99999
  [ $took -le $slowest ] || slowest=$took
  sleep 0.05
done
[ $slowest -lt 200 ]; ok $? "while its database hangs the host answers at once (slowest $slowest ms)"
lag=$(http /metrics | awk -F'[" ]' '/^royal_loop_lag_seconds_bucket\{le="0.25"/ { small = $NF } /^royal_loop_lag_seconds_count/ { all = $NF } END { print all - small }')
is 'and its loop does not lag' 0 "$lag"
kill -0 $caller 2>/dev/null; ok $? 'whoever needs the database waits'
kill -CONT "${stalled[@]}"
wait $caller; ok $? 'and is answered once it goes on' "$(cat "$host_dir/waiting")"
host_stop; ok $? 'the host stops'

# Somebody else's database
export PGHOST=$host_dir/pg
mkdir -m 700 "$PGHOST"
if [ "$(id -u)" = 0 ]; then chown nobody "$PGHOST"; fi
psql_as () { as_user "$pg/psql" -X -q -A -t -v ON_ERROR_STOP=1 -U "$1" -d "$2" -c "$3"; }
foreign_end () {
  host_end TERM
  as_user "$pg/pg_ctl" -D "$PGHOST/data" -m immediate -w stop >/dev/null 2>&1
  host_env_remove
}
as_user "$pg/initdb" -D "$PGHOST/data" -U dba -A trust -E UTF8 --no-sync >"$host_dir/initdb.log" 2>&1
as_user "$pg/pg_ctl" -D "$PGHOST/data" -w -l "$PGHOST/log" -o "-k $PGHOST -c listen_addresses= -c fsync=off" start >/dev/null 2>&1
ok $? 'a cluster of its own runs'
trap foreign_end EXIT
psql_as dba postgres 'create database by_dba' && psql_as dba postgres 'create role shopkeeper login' \
  && psql_as dba postgres 'create database by_owner owner shopkeeper'
ok $? 'with two databases'

flow () { # flow NAME: from a season to the audit
  propose "$1"; ok $? "$1: the agent proposes"
  runs 0 "$1: a person approves" ctl approvals approve "$proposal" --yes
  soon "$1: it is executed" proposal_is executed
  is "$1: once" 1 "$(markdowns)"
  runs 0 "$1: the audit holds" ctl audit verify
  is "$1: no database of its own" '' "$(processes "$host_dir/data/postgres")"
}
url_of () { echo "postgresql://$1@/$2?host=$(printf %s "$PGHOST" | jq -sRr @uri)"; }

host_start -- --database-url="$(url_of dba by_dba)"; ok $? 'a host starts on it, as a superuser'
flow superuser
is 'superuser: the host works as royal_host' "$(psql_as dba by_dba "select count (*) from pg_stat_activity where datname = 'by_dba' and application_name like 'royal%'")" \
  "$(psql_as dba by_dba "select count (*) from pg_stat_activity where datname = 'by_dba' and application_name like 'royal%'")"
host_stop; ok $? 'it stops'
psql_as dba postgres 'drop database by_dba with (force); drop role royal_host' 2>/dev/null \
  || { psql_as dba postgres 'drop database by_dba with (force)'; psql_as dba postgres 'drop role royal_host'; }
ok $? 'its role can be dropped with it'

runs 1 'an owner who may make no roles is told' timeout 20 env "${host_wrapper:-env}" "$host_bin/royald" --data-dir="$host_dir/data" \
  --socket="$ROYAL_SOCKET" --plugins="$host_plugins" --manifests="$host_dir/manifests" --worker="$host_worker" \
  --database-url="$(url_of shopkeeper by_owner)" --log-format=json
sql=$(jq -r 'select(.id == "host.start") | .error' <<<"$out" | sed -n 's/.*then start again: //p')
is 'the SQL for the DBA' 'create role royal_host nologin; grant royal_host to "shopkeeper";' "$sql"
for statement in 1 2; do psql_as dba postgres "$(cut -d';' -f$statement <<<"$sql")"; ok $? "the DBA runs statement $statement of it"; done
host_start -- --database-url="$(url_of shopkeeper by_owner)"; ok $? 'then a host starts, as the owner'
flow owner
host_stop; ok $? 'it stops'
runs 0 'royalctl migrate knows that database too' ctl migrate --check --data-dir="$host_dir/data" --database-url="$(url_of shopkeeper by_owner)"
says 'and finds nothing to do' ', 0 pending'
finish
