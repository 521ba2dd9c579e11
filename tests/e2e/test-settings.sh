#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Settings, in a browser: users, tokens, delegations, a schedule, a freeze.
set -uo pipefail
# shellcheck source=tests/e2e/host.sh
. "${ROYAL_SRCDIR:?}/tests/e2e/host.sh"

jq '.triggers = { "weekly": { "task": "checkpoint", "schedule": { "cron": "0 6 * * mon", "zone": "Europe/Paris" }, "input": { "season": "SS25" } } }' \
  "$ROYAL_SRCDIR/manifests/markdown.json" >"$host_dir/manifests/markdown.json"
mkdir "$host_dir/manifests/connectors"
cat >"$host_dir/manifests/connectors/notifications.json" <<'END'
{ "receivers": { "ops": { "webhook": { "origin": "http://127.0.0.1:9", "insecure": true } } } }
END
listen
drive settings.mjs
