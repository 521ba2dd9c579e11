#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The console in a browser: a season at week 6, whose markdown waits for a person. console.mjs goes through every page.
set -uo pipefail
# shellcheck source=tests/e2e/host.sh
. "${ROYAL_SRCDIR:?}/tests/e2e/host.sh"

listen
load_season "Women's Dresses" || exit 1
checkpoint >"$host_dir/job.log" 2>&1 || exit 1
password=$(jq -r 'select(.id == "app.first-user") | .message' "$host_dir/royald.log" | sed 's/.* //')
drive console.mjs E2E_PASSWORD="$password" E2E_WEIGHT_MAX=150000
