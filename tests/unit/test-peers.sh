#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/peers says what is absent and ends with 3, and makes figures of what the peers' scripts tell, or says what is amiss.
set -uo pipefail
peers=$(dirname "$(readlink -f "$0")")/../../tools/peers
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
number=0

check () { # check NAME STATUS SAYS COMMAND...: the command's standard input is $input
  local name=$1 status=$2 says=$3 out; shift 3
  out=$("$@" <<<"${input:-}" 2>&1)
  local found=$?
  number=$((number + 1))
  if [ $found = "$status" ] && grep -qF -- "$says" <<<"$out"; then
    echo "ok $number /peers/$name"
  else
    echo "not ok $number /peers/$name"
    printf '%s\n' "exit $found: $out" | sed 's/^/# /'
  fi
}

line () { printf '{"peer":"%s","test":"%s","%s":%s}\n' "$@"; } # line PEER TEST MEMBER VALUE
told () { # told LEFT: what one peer's scripts print in a round
  printf '{"peer":"graphile","test":"drain a","per_s":300,"left":%s}\n' "$1"
  line graphile 'drain b' per_s 200
  line graphile 'enqueue addJobs batch 1000' per_s 500
  line graphile 'enqueue addJob 1/commit' per_s 40
  line graphile 'latency a' p50_ms 3.5
}
figures='{"graphile":{"drain_per_s":300,"bulk_enqueue_per_s":500,"enqueue_per_s":40,"start_p50_ms":3.5}}'

mkdir "$dir/scripts" "$dir/a b"
echo '{}' >"$dir/scripts/package.json"
check usage 2 'peers jobs DIR' "$peers"
check no-scripts 3 "there is no $dir/none" "$peers" prepare "$dir/out" "$dir/none"
check odd-path 3 "the peers' scripts would not take" "$peers" prepare "$dir/a b" "$dir/scripts"
check long-path 3 'at most 107' "$peers" prepare "$dir/$(printf '%0100d' 0)" "$dir/scripts"
check no-folder 3 "there is no $dir/nowhere" "$peers" jobs "$dir/nowhere"
check not-prepared 3 'is not prepared' "$peers" jobs "$dir"
input=$(told 0) check figures 0 "$figures" "$peers" figures
input=$(told 7) check not-drained 1 'graphile left 7 jobs' "$peers" figures
input=$(told 0 | grep -v latency) check no-figure 1 'graphile told no start_p50_ms' "$peers" figures
echo "1..$number"
