#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/check-layers accepts the good tree and says of each bad one what its file `expect` holds.
set -uo pipefail
top=$(dirname "$(readlink -f "$0")")/../..
number=0

report () { # report STATUS NAME OUTPUT
  number=$((number + 1))
  if [ "$1" = 0 ]; then echo "ok $number $2"; else echo "not ok $number $2"; printf '%s\n' "$3" | sed 's/^/# /'; fi
}

out=$("$top/tools/check-layers" "$top/tests/fixtures/layers/good" 2>&1)
report $? /layers/good "$out"

out=$("$top/tools/check-layers" 2>&1)
report $? /layers/this-tree "$out"

for tree in "$top"/tests/fixtures/layers/bad-*; do
  out=$("$top/tools/check-layers" "$tree" 2>&1)
  status=$?
  [ "$status" = 1 ] && [ "$(wc -l <<<"$out")" = 1 ] && grep -qF -- "$(cat "$tree/expect")" <<<"$out"
  report $? "/layers/${tree##*/}" "exit $status: $out"
done
echo "1..$number"
