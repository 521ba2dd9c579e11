#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The console, of a season whose markdown waits, when whatever is text in the host's answers has markup in it.
set -uo pipefail
# shellcheck source=tests/e2e/host.sh
. "${ROYAL_SRCDIR:?}/tests/e2e/host.sh"

listen
load_season "Women's Dresses" || exit 1
checkpoint >"$host_dir/job.log" 2>&1 || exit 1
drive hostile.mjs
