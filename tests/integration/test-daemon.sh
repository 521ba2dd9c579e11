#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The daemon as an operator has it: options, start, stop, reload, crash. As root it becomes another user; as an ordinary
# user it stays one.
# shellcheck disable=SC2317 # functions are called by name
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
royald=$host_bin/royald
settings=(--data-dir="$host_dir/data" --socket="$ROYAL_SOCKET" --plugins="$host_plugins"
  --manifests="$host_dir/manifests" --worker="$host_worker")

# Options
runs 0 'royald --version' "$royald" --version
is 'prints the version' "royald $("$royald" --version | cut -d' ' -f2)" "$out"
runs 0 'royald --help' "$royald" --help
says 'names the options' '--migrate=apply|check'
runs 0 'royald --help-settings' "$royald" --help-settings
says 'names the settings' '--stop-timeout=SECONDS'
for wrong in --nonsense argument --migrate=maybe --stop-timeout=soon --config=/nonexistent/royal.conf; do
  runs 2 "royald $wrong is wrong usage" "$royald" "${settings[@]}" "$wrong"
done

# --check
runs 0 '--check is content' "$royald" "${settings[@]}" --check
says 'and says so' 'everything holds'
mkdir "$host_dir/bad"
echo '{ "rules": 3 }' >"$host_dir/bad/policy.json"
echo '{ "agent": "markdown", "module": "markdown.so", "grants": {}, "limits": { "workers": "two" } }' >"$host_dir/bad/a.json"
echo '{ "agent": ' >"$host_dir/bad/b.json"
echo '{ "agent": "c", "module": "none.so", "grants": {} }' >"$host_dir/bad/c.json"
printf '[log]\nlevel=loud\n[gate]\npolizei=1\n' >"$host_dir/bad/royal.conf"
runs 1 '--check finds' "$royald" "${settings[@]}" --config="$host_dir/bad/royal.conf" --manifests="$host_dir/bad" --connections=0 \
  --worker=/nonexistent/worker --socket="$host_dir/bad/new/royald.sock" --data-dir="$host_dir/bad/data" \
  --listen=192.0.2.1:8080 --database-url=postgresql://127.0.0.1:1/royal --check
says 'a bad setting' 'connections (from option): expected a number from 1 to 64, found `0`'
says 'and one in the file' 'log-level (from file): expected debug, info, notice, warning or error, found `loud`'
says 'and a setting that there is not' '[gate] polizei: no such setting'
says 'and a bad policy' 'bad/policy.json: /rules: expected an array, found 3'
says 'and a bad manifest' 'bad/a.json: /limits/workers: expected an integer, found "two"'
says 'and another' 'bad/b.json: line 2, column 1: expected a value'
says 'and a missing plugin' 'bad/c.json: /module: '
says 'and an address that is not here' 'listen: 192.0.2.1:8080: '
says 'and a database that is not there' 'database-url: '
says 'and a missing worker, all at once' 'worker: /nonexistent/worker is not a program that can be run'
[ ! -e "$host_dir/bad/new" ] && [ ! -e "$host_dir/bad/data" ]
ok $? '--check makes nothing'

# --migrate
runs 1 '--migrate=check of nothing: everything is pending' "$royald" "${settings[@]}" --migrate=check
says 'and says so' '0 applied, '
runs 0 'royalctl migrate' ctl migrate --data-dir="$host_dir/data"
says 'and says so' ', 0 pending'
runs 0 'royalctl migrate --check agrees' ctl migrate --check --data-dir="$host_dir/data"
runs 0 '--migrate=apply has nothing to do' "$royald" "${settings[@]}" --migrate=apply
is 'nothing is left running' '' "$(processes "$host_dir/data")"

# Start, as whom, twice
host_start; ok $? 'a host starts'
runs 0 'and serves' ctl status
is 'its processes belong to one unprivileged user' "$(as_user id -u)" \
  "$(for pid in $host_pid $(postmaster) $(workers_of markdown); do awk '/^Uid:/ { print $2; print $3; print $4 }' "/proc/$pid/status"; done | sort -u)"
is 'that has no capability' '0000000000000000' \
  "$(for pid in $host_pid $(workers_of markdown); do awk '/^Cap(Prm|Eff)/ { print $2 }' "/proc/$pid/status"; done | sort -u)"
runs 1 'a second host on its data is refused' "$royald" "${settings[@]}" --socket="$host_dir/run/other.sock"
says 'and told by whom' "is in use by another host (pid $host_pid)"
runs 1 'so is a migration' "$royald" "${settings[@]}" --migrate=apply
runs 0 'the first goes on' ctl status
host_id=$(as_user cat "$host_dir/data/host-id")
load_season before
host_stop; ok $? 'it stops'
host_start; ok $? 'and starts again'
is 'as who it was' "$host_id" "$(as_user cat "$host_dir/data/host-id")"
runs 0 'with what it knew' ctl season show "$season"
if [ "$(id -u)" = 0 ]; then
  host_stop
  printf '#!/bin/sh\nexec setpriv --reuid=nobody --regid=%s --clear-groups -- "$@"\n' "$(id -g nobody)" >"$host_dir/as-nobody"
  chmod 755 "$host_dir/as-nobody"
  host_wrapper=$host_dir/as-nobody
  host_start; ok $? 'it starts as that user directly'
  host_wrapper=
else skip 'it starts as that user directly' 'it always did'; fi

# Reload
fault='markdown.json: /grants/writes/0/action: expected an action of the agent'"'"'s manifest'
add_agent good
cp "$host_dir/manifests/markdown.json" "$host_dir/markdown.kept"
sed -i 's/markdown\.apply/markdown.revoke/' "$host_dir/manifests/markdown.json"
agents () { ctl agents list --json | jq -r '[.items[].id] | join(" ")'; }
runs 1 'a reload with a good and a bad manifest is refused' ctl reload
says 'with the file and the place' "$fault"
is 'and has changed nothing' 'ceo demand inventory markdown pricing product_scout products_sync publisher supplier_vetting themes_ci' "$(agents)"
kill -HUP "$host_pid"
soon 'SIGHUP says the same in the log' grep -q "app.reload.*$fault" "$host_dir/royald.log"
is 'and has changed nothing either' 'ceo demand inventory markdown pricing product_scout products_sync publisher supplier_vetting themes_ci' "$(agents)"
runs 0 'the agent that was goes on' test "$(ctl agents show markdown --json | jq -r '.grants.writes[0].action')" = markdown.apply
cp "$host_dir/markdown.kept" "$host_dir/manifests/markdown.json"
runs 0 'mended, it is taken' ctl reload
is 'all of it' 'ceo demand good inventory markdown pricing product_scout products_sync publisher supplier_vetting themes_ci' "$(agents)"
runs 0 'and works' ctl jobs run good echo --input '{"a":1}' --wait
pid=$(workers_of good)
rm "$host_dir/manifests/good.json"
kill -HUP "$host_pid"
agents_are () { [ "$(agents)" = "$1" ]; }
soon 'an agent whose manifest is gone is gone' agents_are 'ceo demand inventory markdown pricing product_scout products_sync publisher supplier_vetting themes_ci'
gone () { [ ! -e "/proc/$1" ]; }
soon 'and so is its worker' gone "$pid"
runs 1 'a job for it is refused' ctl jobs run good echo

# Asked is not granted
sed -i 's/"retail.season", "retail.sales"/"retail.season"/' "$host_dir/manifests/markdown.json"
load_season granted
runs 0 'less is granted' ctl reload
runs 1 'a read that is only asked for fails' checkpoint
says 'as not granted' 'asked for `retail.sales`, which the operator has not granted'
jq '.grants.writes[0].limits.markdown_pct.max = 0.1' "$host_dir/markdown.kept" >"$host_dir/manifests/markdown.json"
runs 0 'the read is granted again, and a lower limit is set' ctl reload
change_waits () { # change_waits ACTION: its id is in $proposal
  proposal=$(ctl approvals list --json | jq -er --arg action "$1" '.items[] | select(.action == $action and .state == "pending") | .id')
}
holds () { [ "$(ctl agents show markdown --json | jq -c '[(.grants.reads | length), .grants.writes[0].limits.markdown_pct.max]')" = "$1" ]; }
soon 'what is more than the last time is proposed' change_waits grant.change
runs 0 'as a difference' ctl approvals show "$proposal"
says 'of what would be added' 'read retail.sales'
holds '[2,0.1]'; ok $? 'until it is approved the agent holds what both allow'
runs 0 'approved' ctl approvals approve "$proposal" --yes
soon 'it holds that' holds '[3,0.1]'
checkpoint >/dev/null 2>&1
is 'no proposal goes beyond its limit' 0 "$(proposals '[.[] | select(.state == "pending" or .state == "approved" or .state == "executed")] | length')"
cp "$host_dir/markdown.kept" "$host_dir/manifests/markdown.json"
add_agent good
ctl reload >/dev/null
soon 'a looser limit is proposed' change_waits grant.change
host_stop
host_start; ok $? 'a host that starts anew'
holds '[3,0.1]'; ok $? 'keeps to what is in force'
runs 0 'and does not ask twice' ctl reload
is 'for the same' 1 "$(ctl approvals list --json | jq '[.items[] | select(.action == "grant.change")] | length')"
change_waits grant.change
runs 0 'until a person says so' ctl approvals approve "$proposal" --yes
soon 'it holds more' holds '[3,0.4]'

# The policy that is in force is the database's
cp "$host_dir/manifests/policy.json" "$host_dir/policy.kept"
in_force () { ctl policy show --json | jq -r '.document.rules[0].name'; }
in_force_is () { [ "$(in_force)" = "$1" ]; }
was=$(in_force)
jq '.rules = [{ "name": "nothing-passes", "match": { "action": "*" }, "risk": "high", "decision": "approve" }] + .rules' \
  "$host_dir/policy.kept" >"$host_dir/manifests/policy.json"
runs 0 'another policy in the file' ctl reload
in_force_is "$was"; ok $? 'is not in force'
soon 'it is proposed' change_waits policy.change
runs 0 'as a difference' ctl approvals show "$proposal"
says 'rule by rule' 'rules nothing-passes'
runs 0 'approved' ctl approvals approve "$proposal" --yes
soon 'it is in force' in_force_is nothing-passes
cp "$host_dir/policy.kept" "$host_dir/manifests/policy.json"
runs 0 'a person undoes it' ctl approvals undo "$proposal" --reason 'too strict'
change_waits policy.change
runs 0 'by another approval' ctl approvals approve "$proposal" --yes
soon 'and what was is in force' in_force_is "$was"
runs 0 'policies can be set without the file too' ctl policy set "$host_dir/policy.kept"
runs 0 'what was in force is known' ctl policy history

# SIGTERM
job=$(ctl jobs run good wait --input '{"ms":4000}' --json | jq -r .id)
soon 'a job runs' job_is "$job" leased
host_stop; ok $? 'SIGTERM lets a run in hand finish'
host_start
is 'and keeps its result' completed "$(ctl jobs show "$job" --json | jq -r .state)"
is 'at its first attempt' 1 "$(ctl jobs show "$job" --json | jq -r .attempt)"
host_stop
host_start -- --stop-timeout=1
job=$(ctl jobs run good wait --input '{"ms":8000}' --json | jq -r .id)
soon 'a longer one runs' job_is "$job" leased
begun=$(date +%s%N)
host_stop; ok $? 'SIGTERM ends it at the bound'
took=$((($(date +%s%N) - begun) / 1000000))
[ $took -lt 5000 ]; ok $? "within it ($took ms)"
host_start
soon 'it was handed back, and the next host completes it' job_is "$job" completed
begun=$(date +%s%N)
host_stop; ok $? 'an idle host exits 0 on SIGTERM'
took=$((($(date +%s%N) - begun) / 1000000))
[ $took -lt 3000 ]; ok $? "quickly ($took ms)"
is 'nothing of it is left running' '' "$(processes "$host_dir/")"
[ ! -e "$ROYAL_SOCKET" ]; ok $? 'its socket is gone'

# kill -9 of the host
host_start
pids="$(postmaster) $(workers_of good)"
host_kill
host_start; ok $? 'after kill -9 it starts over what was left: a database, a socket'
for pid in $pids; do soon 'what the dead host had started is gone' gone "$pid"; done
runs 0 'and serves' ctl jobs run good echo --wait
host_stop

# Captive
temporary=$host_dir/tmp
mkdir -m 1777 "$temporary"
captive () { env TMPDIR="$temporary" "$royald" --plugins="$host_plugins" --manifests="$host_dir/manifests" --worker="$host_worker" "$@"; }
runs 0 'a captive run' captive --run="$host_bin/royalctl agents list && kill -0 \$ROYAL_PID"
says 'talks to its host' markdown
runs 7 'its status is the command'"'"'s' captive --run='exit 7'
runs 137 'a killed command too' captive --run='kill -9 $$'
is 'its data are gone' '' "$(ls "$temporary")"
is 'and its processes' '' "$(processes "$temporary")"

jq -e . "$host_dir/royald.log" >/dev/null; ok $? 'every line of the log is JSON'
is 'with time, level, id and message' 0 "$(jq -s '[.[] | select((.time and .level and .id and .message) | not)] | length' "$host_dir/royald.log")"
finish
