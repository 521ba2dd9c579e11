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
{ "link": "https://royal.example.com", "link_key": "links",
  "receivers": {
    "asked": { "topics": ["approvals"],
               "webhook": { "origin": "http://127.0.0.1:$http", "insecure": true, "private": true } },
    "hook": { "topics": ["stops"],
              "webhook": { "origin": "http://127.0.0.1:$http", "insecure": true, "private": true, "path_secret": "hook-path" } },
    "shut": { "topics": ["stops"], "webhook": { "origin": "http://127.0.0.1:$http", "insecure": true } },
    "mail": { "topics": ["stops"],
              "email": { "server": "127.0.0.1", "port": $smtp, "tls": "none", "private": true,
                         "from": "royal@shop.example", "to": ["anna@shop.example"] } } } }
END
host_start ROYAL_SECRET_HOOK_PATH=/hidden/place ROYAL_SECRET_LINKS='a key of thirty-two bytes or more' -- --listen=127.0.0.1:0
ok $? 'a host starts'
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

# A link to a proposal is for one answer, of whoever has logged in and may give it.
propose Coats; ok $? 'a markdown is proposed'
sent () {
  peer bodies | jq -r 'select(.type == "approval.required").data.events[0].link' >"$host_dir/link"
  [ -s "$host_dir/link" ]
}
soon 'who is to be asked is sent a link' sent
link=$(sed 's/.*?link=//' "$host_dir/link")
digest=$(ctl approvals show "$proposal" --json | jq -r .digest)
port=$(jq -r 'select(.id == "http.listening") | .port' "$host_dir/royald.log")
token () { ctl token create --name "$1" --role "$1" --json | jq -r .token; }
approver=$(token approver)
viewer=$(token viewer)
by () { # by TOKEN PATH BODY: the status, and what is answered
  curl -s --max-time 5 -w '\n%{http_code}' ${1:+-H "Authorization: Bearer $1"} -H 'Content-Type: application/json' \
    -d "$3" "http://127.0.0.1:$port/api/v1/approvals/$proposal/$2"
}
answered () { # answered NAME STATUS TEXT TOKEN PATH BODY
  out=$(by "$4" "$5" "$6")
  is "$1" "$2" "${out##*$'\n'}"
  says "$1: what is said" "$3"
}
body="{\"link\":\"$link\"}"
answer="{\"digest\":\"$digest\",\"link\":\"$link\"}"
answered 'who has not logged in is told nothing' 401 unauthenticated '' link "$body"
answered 'who has is told what it is for' 200 "\"$digest\"" "$viewer" link "$body"
answered 'an altered one is none' 403 'was not signed here' "$approver" link "{\"link\":\"${link%?}$([ "${link: -1}" = A ] && echo B || echo A)\"}"
answered 'nor does it answer' 403 'not whole' "$approver" approve "{\"digest\":\"$digest\",\"link\":\"${link%?}\"}"
answered 'nobody may by it what he may not' 403 viewer "$viewer" approve "$answer"
proposal_is pending; ok $? 'nothing was answered until here'
answered 'who may answers by it' 200 approved "$approver" approve "$answer"
answered 'once' 409 'the link was used' "$approver" approve "$answer"
answered 'which whoever follows it is told' 409 'the link was used' "$viewer" link "$body"
! grep -qF "$link" "$host_dir/royald.log"; ok $? 'a link is not logged'
host_stop; ok $? 'the host stops'
finish
