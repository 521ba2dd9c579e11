#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The answers to proposals, in a browser: five markdowns that wait. This host's policy calls them a low risk, so that those that
# are alike can be approved at once.
set -uo pipefail
# shellcheck source=tests/e2e/host.sh
. "${ROYAL_SRCDIR:?}/tests/e2e/host.sh"

jq '(.rules[] | select(.name == "markdown-always-asks")).risk = "low"' "$ROYAL_SRCDIR/manifests/policy.json" >"$host_dir/manifests/policy.json"
listen
for name in Coats Dresses Hats Shirts Shoes; do
  load_season "$name" && checkpoint >"$host_dir/job.log" 2>&1 || exit 1
done
drive approvals.mjs
