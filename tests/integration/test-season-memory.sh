#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the host and its workers keep does not grow with the number of seasons that are planned at once: the benchmark `season`,
# small, with two categories and with sixteen.
set -uo pipefail

if [ "${ROYAL_TEST_SANITIZED:-0}" = 1 ]; then
  echo '1..0 # SKIP a sanitizer keeps what is freed'
  exit 0
fi

peak () { # peak CATEGORIES: megabytes of host and workers, what it says stays in $out
  out=$(ROYAL_BENCH_STORES=500 ROYAL_BENCH_CATEGORIES=$1 "${ROYAL_BUILDDIR:?}/tests/bench/bench-season" 2>&1)
  tail -n 1 <<<"$out" | jq -er --argjson n "$1" 'select(.bench == "season" and .categories == $n) | .large_peak_mb'
}

status=0
if few=$(peak 2) && many=$(peak 16); then echo "ok 1 - all of the seasons are planned ($few MB, $many MB)"
else echo 'not ok 1 - all of the seasons are planned'; status=1; few=0; many=1; fi
# Forecasts and orders of which the host still holds some: less than as much again, where eight times as much is planned.
if [ "$many" -lt $((few * 2)) ]; then echo 'ok 2 - in memory that is bounded'; else echo 'not ok 2 - in memory that is bounded'; status=1; fi
echo '1..2'
exit $status
