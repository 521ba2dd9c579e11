#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A link of a notification, in a browser: a markdown waits, a webhook is told of it, and its link is followed.
# shellcheck disable=SC2317 # called by until_ok and the trap
set -uo pipefail
# shellcheck source=tests/e2e/host.sh
. "${ROYAL_SRCDIR:?}/tests/e2e/host.sh"

leave () {
  kill "$peer_pid" 2>/dev/null
  wait "$peer_pid" 2>/dev/null
  host_env_remove
}
"$ROYAL_BUILDDIR/tests/fault/notify-peer" >"$host_dir/ports" &
peer_pid=$!
until_ok test -s "$host_dir/ports"
read -r peer_port _ <"$host_dir/ports"
mkdir "$host_dir/manifests/connectors"
cat >"$host_dir/manifests/connectors/notifications.json" <<END
{ "link": "https://royal.example.com", "link_key": "links",
  "receivers": {
    "hook": { "topics": ["approvals"],
              "webhook": { "origin": "http://127.0.0.1:$peer_port", "insecure": true, "private": true } } } }
END
export ROYAL_SECRET_LINKS='a key of thirty-two bytes or more'
listen
load_season Coats && checkpoint >"$host_dir/job.log" 2>&1 || exit 1
sent () { # jq says nothing of what there is nothing of
  curl -s --max-time 10 "http://127.0.0.1:$peer_port/fake/bodies" | jq -r '.data.events[0].link' >"$host_dir/link"
  [ -s "$host_dir/link" ]
}
until_ok sent || until_ok sent || { echo 'not ok 1 - a link is sent'; echo 1..1; exit 1; }
drive links.mjs E2E_LINK="$(sed 's|^https://royal.example.com/||' "$host_dir/link")"
