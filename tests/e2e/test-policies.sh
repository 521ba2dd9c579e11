#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Another policy, in a browser: two markdowns that wait are what was recorded.
set -uo pipefail
# shellcheck source=tests/e2e/host.sh
. "${ROYAL_SRCDIR:?}/tests/e2e/host.sh"

listen
for name in Coats Dresses; do
  load_season "$name" && checkpoint >"$host_dir/job.log" 2>&1 || exit 1
done
load_season Shoes || exit 1
drive policies.mjs E2E_SEASON="$season"
