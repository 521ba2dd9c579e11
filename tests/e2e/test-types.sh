#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The console's types hold: the bundler does not look at them.
set -uo pipefail
cd "${ROYAL_SRCDIR:?}/host/console" || exit 1
echo 1..1
if out=$(node node_modules/typescript/bin/tsc -p . 2>&1); then echo 'ok 1 - the types hold'; exit 0; fi
echo 'not ok 1 - the types hold'
while IFS= read -r line; do echo "# $line"; done <<<"$out"
exit 1
