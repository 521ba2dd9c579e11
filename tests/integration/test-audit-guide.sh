#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every command of docs/audit.md, on a running host: capitals stand for what is the reader's own.
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
export PATH="$host_bin:$PATH" ROYAL_PLUGINS=$host_plugins ROYAL_WORKER=$host_worker
mkdir -m 777 "$host_dir/outside"
export ROYAL_AUDIT_CHECKPOINTS=$host_dir/outside/checkpoints.jsonl ROYAL_AUDIT_INTERVAL=1
host_start; ok $? 'a host starts'
runs 0 'something is recorded' ctl stop test
runs 0 'and ends' ctl resume
soon 'it is signed, outside of the database' test -s "$ROYAL_AUDIT_CHECKPOINTS"
key=$(ctl audit key)
is 'the key is the host'\''s own' 600 "$(stat -c %a "$host_dir/data/audit.key")"
anchor=$(ctl audit list --limit 1 --json | jq -r '.items[0] | "\(.seq):\(.hash)"')
runs 1 'another record is not the anchor' ctl audit verify --anchor="1:$(printf '%064d' 0)"
while IFS= read -r command <&3; do
  command=${command//ANCHOR/$anchor}
  command=${command//KEY/$key}
  command=${command//EXPORT/$host_dir/outside/export}
  command=${command//SEGMENT/$host_dir/outside/segment}
  command=${command//FILE/$ROYAL_AUDIT_CHECKPOINTS}
  runs 0 "${command%% > *}" bash -c "$command"
done 3< <(awk '/^```$/ { on = 0 } on; /^```sh$/ { on = 1 }' "$ROYAL_SRCDIR/docs/audit.md")
sed 's/control.stopped/control.resumed/' "$host_dir/outside/export" >"$host_dir/outside/forged"
runs 1 'a forged export is found' royal-audit-verify --key="$key" "$host_dir/outside/forged"
runs 1 'nor what was dropped' ctl audit verify --anchor="$anchor"
runs 1 'a segment that was dropped is not exported again' ctl audit export --segment 1
host_stop; ok $? 'it stops'
finish
