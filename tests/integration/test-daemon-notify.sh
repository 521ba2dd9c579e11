#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Notifications on an installed host: what the guide shows is taken, a stop is told by webhook and by mail, a test is sent and what became
# of it said, and nothing that is secret is shown.
# shellcheck disable=SC2317 # called by runs, soon and the trap
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
file=$host_dir/manifests/connectors/notifications.json
mkdir "$host_dir/manifests/connectors"
leave () {
  kill "$peer_pid" 2>/dev/null
  wait "$peer_pid" 2>/dev/null
  host_env_remove
}
"$ROYAL_BUILDDIR/tests/fault/notify-peer" >"$host_dir/ports" &
peer_pid=$!
until_ok test -s "$host_dir/ports"
read -r http smtp <"$host_dir/ports"
peer () { curl -s --max-time 10 "http://127.0.0.1:$http/fake/$1"; }
check () {
  "$host_bin/royald" --check --data-dir="$host_dir/data" --socket="$ROYAL_SOCKET" --plugins="$host_plugins" \
    --manifests="$host_dir/manifests" --worker="$host_worker"
}

awk '/^### Notifications/ { here = 1 } here && /^```$/ { exit } on { print } here && /^```json$/ { on = 1 }' \
  "$ROYAL_SRCDIR/docs/operator-guide.md" >"$file"
runs 0 'the file of the guide is one' check
echo '{ "receivers": { "a": { "webhook": { "origin": "http://x.example" } } } }' >"$file"
runs 1 'a bad one is found before a start' check
says 'and where it is bad' 'notifications.json: /receivers/a/webhook/origin: expected https://HOST'

cat >"$file" <<END
{ "link": "https://royal.example.com",
  "receivers": {
    "hook": { "topics": ["stops"],
              "webhook": { "origin": "http://127.0.0.1:$http", "insecure": true, "private": true, "path_secret": "hook-path" } },
    "shut": { "topics": ["stops"], "webhook": { "origin": "http://127.0.0.1:$http", "insecure": true } },
    "mail": { "topics": ["stops"],
              "email": { "server": "127.0.0.1", "port": $smtp, "tls": "none", "private": true,
                         "from": "royal@shop.example", "to": ["anna@shop.example"] } } } }
END
host_start ROYAL_SECRET_HOOK_PATH=/hidden/place; ok $? 'a host starts'
runs 0 'everything is stopped' ctl stop 'a fire'
told () { [ "$(peer calls | wc -l) $(peer mails | wc -l)" = "$1" ]; }
soon 'and both are told' told '1 1'
state () { [ "$(ctl notify show "$1" --json | jq -r '.items[0].state')" = "$2" ]; }
soon 'the host knows' state hook sent
soon 'of both' state mail sent
runs 0 'everything goes on' ctl resume
soon 'which is told too' told '2 2'
runs 0 'a test arrives' ctl notify test hook
says 'and is told' 'hook has taken the test'
runs 0 'by mail too' ctl notify test mail
runs 1 'one that cannot arrive' ctl notify test shut
says 'says why' 'shut: its address is a private one'
runs 1 'nobody is tested' ctl notify test nobody
says 'who is not there' 'no receiver is `nobody`'
runs 0 'the receivers are listed' ctl notify list
says 'by name and address' "http://127.0.0.1:$http"
runs 0 'in JSON' ctl notify list --json
case $out in *hidden*) ok 1 'a path that is secret is shown' ;; *) ok 0 'a path that is secret is not shown' ;; esac
! grep -q hidden "$host_dir/royald.log"; ok $? 'nor logged'
metrics () { curl -s --unix-socket "$ROYAL_SOCKET" http://royal/metrics; }
says_metric () { metrics | grep -qE "$1"; }
soon 'what was sent is counted' says_metric '^royal_notification_attempts_total\{outcome="sent"\} 6$'
soon 'and what was not' says_metric '^royal_notification_attempts_total\{outcome="failed"\} [1-9]'
soon 'and what waits' says_metric '^royal_notifications\{state="waiting"\} [1-9]'
soon 'and how long events took to the feed' says_metric '^royal_journal_told_seconds_count [1-9]'
host_stop; ok $? 'the host stops'
finish
