#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every command of the operator guide, on an installed host: capitals stand for what is the reader's own. What installs and
# uninstalls for the whole machine is left out.
# shellcheck disable=SC2119 # host_start without arguments
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
guide=$ROYAL_SRCDIR/docs/operator-guide.md
export PATH="$host_bin:${ROYAL_PG_BINDIR:-/usr/lib/postgresql/15/bin}:$PATH" ROYAL_PLUGINS=$host_plugins ROYAL_WORKER=$host_worker
mkdir -m 777 "$host_dir/backup"
season='' proposal='' token=''

section () { # section TITLE [WORD]: the commands of its blocks `sh WORD`
  awk -v title="## $1" -v fence="\`\`\`sh${2:+ $2}" '/^## / { here = $0 == title } /^```$/ { on = 0 } on
    here && $0 == fence { on = 1 }' "$guide" | sed 's/  *#.*//'
}
follow () { # follow TITLE [WORD [PREFIX…]]: each command, which must succeed
  local title=$1 word=${2:-} command
  shift $(($# < 2 ? $# : 2))
  while IFS= read -r command <&3; do
    [ -n "$season" ] || season=$(ctl season list --json 2>/dev/null | jq -r '.items[0].id // empty')
    [ -n "$proposal" ] || proposal=$(ctl approvals list --json 2>/dev/null | jq -r '.items[0].id // empty')
    token=$(ctl token list --json 2>/dev/null | jq -r '.items[0].id // empty')
    command=${command//DATA/$host_dir/data}
    command=${command//SOCKET/$ROYAL_SOCKET}
    command=${command//MANIFESTS/$host_dir/manifests}
    command=${command//CSV/$fixtures}
    command=${command//VERSION/$(ctl policy show --json | jq -r .version)}
    command=${command//BACKUP/$host_dir/backup}
    command=${command//SEASON/$season}
    command=${command//PROPOSAL/$proposal}
    command=${command//TOKEN/$token}
    [ "${command#*undo}" = "$command" ] || soon 'it is executed' proposal_is executed
    runs 0 "$title: ${command%% --*}" "$@" bash -c "$command"
  done 3< <(section "$title" "$word")
}

first=$(section Start | head -n 1)
is 'the guide says how to start' 'royald --data-dir=DATA --socket=SOCKET --manifests=MANIFESTS' "$first"
host_start; ok $? 'so a host starts'
section Start | tail -n +2 >"$host_dir/start"
while IFS= read -r command <&3; do
  runs 0 "Start: $command" bash -c "${command//MANIFESTS/$host_dir/manifests}"
done 3<"$host_dir/start"
for title in Configure Agents Policy Approvals Tokens 'Emergency stop' Limits Watch; do follow "$title"; done
load_season kept
follow 'Back up and restore' '' as_user
load_season lost
host_stop; ok $? 'the host stops'
as_user chmod -R u+w "$host_dir/data"
as_user find "$host_dir/data" -mindepth 1 -delete
follow 'Back up and restore' restore as_user
host_start; ok $? 'it starts on what was restored'
is 'with what was backed up, and nothing else' 'Dresses kept' "$(ctl season list --json | jq -r '[.items[].name] | sort | join(" ")')"
runs 0 'the audit holds' ctl audit verify
host_stop; ok $? 'it stops'
follow Database
commands=$(grep -c . < <(for t in Start Configure Database Agents Policy Approvals Tokens 'Emergency stop' Limits Watch 'Back up and restore'; do section "$t"; done))
[ "$commands" -ge 30 ]; ok $? "these were $commands commands"
finish
