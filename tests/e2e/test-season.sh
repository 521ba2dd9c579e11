#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A season from its plan to a markdown that is undone, in a browser, with the agents that Royal ships: three years of history are there; all else is done
# in the console.
set -uo pipefail
# shellcheck source=tests/e2e/host.sh
. "${ROYAL_SRCDIR:?}/tests/e2e/host.sh"

listen
mkdir "$host_dir/files"
"$ROYAL_SRCDIR/tools/make-season-fixture" "$host_dir/files"
ctl season load --stores "$fixtures/stores.csv" >"$host_dir/load.log" 2>&1 || exit 1
ctl season upload "$host_dir/files/history.csv" --history >"$host_dir/load.log" 2>&1 || exit 1
# Four weeks that sell a third more than what is expected, the same with a broken line, and the shape of two weeks more.
awk -F, 'NR == 1 || $2 <= 4' "$fixtures/actuals.csv" >"$host_dir/files/week-4.csv"
awk -F, 'NR == 3 { print $1 "," $2 ",many"; next } { print }' "$host_dir/files/week-4.csv" >"$host_dir/files/broken.csv"
cp "$fixtures/actuals.csv" "$host_dir/files/six-weeks.csv"
drive season.mjs E2E_FILES="$host_dir/files"
