#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/test-summary counts cases, not programs, and misses no failure: a program that dies late, one that says nothing.
set -uo pipefail
top=$(dirname "$(readlink -f "$0")")/../..
log=$(mktemp)
trap 'rm -f "$log"' EXIT
number=0

case_of () { # case_of RESULT EXIT STDOUT: a line of meson's log
  jq -cn --arg result "$1" --argjson returncode "$2" --arg stdout "$3" \
    '{name: "t", result: $result, returncode: $returncode, stdout: $stdout, stderr: "said on stderr"}'
}

check () { # check NAME STATUS LAST: the log is on stdin
  local out status
  cat >"$log"
  out=$("$top/tools/test-summary" "$log" 2>&1)
  status=$?
  number=$((number + 1))
  if [ "$status" = "$2" ] && [ "$(tail -n 1 <<<"$out")" = "$3" ] && { [ "$2" = 0 ] || [ -n "${4:-}" ] || grep -q 'said on stderr' <<<"$out"; }; then
    echo "ok $number /summary/$1"
  else
    echo "not ok $number /summary/$1"
    printf '%s\n' "exit $status: $out" | sed 's/^/# /'
  fi
}

check passes 0 '2 passed, 0 failed, 1 skipped' < <(case_of OK 0 $'1..3\nok 1 /a\nok 2 /b # SKIP no kernel\nok 3 /c\n')
check fails 1 '1 passed, 1 failed, 0 skipped' < <(case_of FAIL 1 $'1..2\nok 1 /a\nnot ok 2 /b\n')
check dies 1 '2 passed, 1 failed, 0 skipped' < <(case_of ERROR -6 $'1..2\nok 1 /a\nok 2 /b\n')
check silent 1 '0 passed, 1 failed, 0 skipped' < <(case_of TIMEOUT 1 '')
check script 0 '1 passed, 0 failed, 0 skipped' < <(case_of OK 0 'fine')
check skipped 0 '0 passed, 0 failed, 1 skipped' < <(case_of SKIP 0 $'1..0 # SKIP no database\n')
check two 1 '3 passed, 1 failed, 0 skipped' \
  < <(case_of OK 0 $'ok 1 /a\nok 2 /b\n'; case_of FAIL 1 $'ok 1 /a\nnot ok 2 /b\n')
check nothing 1 '0 passed, 0 failed, 0 skipped' quiet < <(true)
echo "1..$number"
