#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The policy cookbook, from top to bottom: each block of JSON is written to its file and, as a policy, checked; each command
# is run, beside a host, and says what stands below it.
# shellcheck disable=SC2119 # host_start without arguments
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
cd "$host_dir" || exit
export PATH="$host_bin:$PATH"
host_start; ok $? 'a host starts'
kind='' name='' block='' out='' blocks=0

finish_block () {
  local line
  blocks=$((blocks + 1))
  case $kind in
    json)
      printf '%s' "$block" >"$name"
      case $block in *'"rules"'*) runs 0 "$name is a policy" royalctl policy check "$name" ;; *) jq -e . "$name" >/dev/null; ok $? "$name is JSON" ;; esac
      ;;
    sh) runs 0 "${block%%$'\n'*}" bash -c "$block" ;;
    text)
      while IFS= read -r line; do [ -z "$line" ] || says "says ${line:0:60}" "$line"; done <<<"$block"
      ;;
  esac
}
while IFS= read -r line <&3; do
  case $line in
    '```') finish_block; kind='' ;;
    '```'*) read -r kind name <<<"${line#???}"; block='' ;;
    *) [ -z "$kind" ] || block+=$line$'\n' ;;
  esac
done 3<"$ROYAL_SRCDIR/docs/policy-cookbook.md"
[ "$blocks" -ge 40 ]; ok $? "these were $blocks blocks"
host_stop; ok $? 'it stops'
finish
