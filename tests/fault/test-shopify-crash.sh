#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the host at durable steps of one approved batch of 400 prices, before and after each, against a shop of whose
# requests some go wrong: after a restart every price has been set exactly once. In the end the batch is undone.
# The steps are those of a batch that nobody kills: the first of each kind, and one of so many of all (ROYAL_SHOPIFY_STRIDE, 150;
# 1 = every step, which takes long).
set -euo pipefail
# shellcheck source=tools/host-env.sh
. "${ROYAL_SRCDIR:?}/tools/host-env.sh"

items=400
stride=${ROYAL_SHOPIFY_STRIDE:-150}
cases=0
tap () { cases=$((cases + 1)); echo "ok $cases - $1"; }
bail () {
  echo "not ok $((cases + 1)) - $1"
  tail -n 20 "$host_dir/royald.log" | sed 's/^/# /'
  echo "1..$((cases + 1))"
  exit 1
}
peer_end () {
  if [ -z "${peer_pid:-}" ]; then return 0; fi
  kill "$peer_pid" 2>/dev/null || true
  wait "$peer_pid" 2>/dev/null || true
  peer_pid=
}
end () {
  peer_end
  host_env_remove
}

host_env "${ROYAL_BUILDDIR:?}"
trap end EXIT
steps=$host_dir/data/steps
rm -f "$host_dir"/manifests/{demand,inventory,markdown}.json "$host_dir"/manifests/workflows/*.json
cp "$ROYAL_BUILDDIR/tests/fixtures/agents/pricer.so" "$host_plugins/"
mkdir "$host_dir/manifests/connectors"
cat >"$host_dir/manifests/pricer.json" <<'END'
{ "agent": "pricer", "module": "pricer.so", "grants": { "writes": [{ "action": "shopify.price.update" }] },
  "retry": { "attempts": 100, "backoff_ms": 20, "backoff_max_ms": 500 } }
END
export ROYAL_SECRET_SHOP_TOKEN=good-token

new_peer () { # new_peer SEED: another shop, as it was at first
  local _
  peer_end
  : >"$host_dir/port"
  "$ROYAL_BUILDDIR/tests/fault/shopify-peer" 0.02 "$1" 500 late-500 half lost before >"$host_dir/port" &
  peer_pid=$!
  for _ in $(seq 100); do
    if [ -s "$host_dir/port" ]; then break; fi
    sleep 0.05
  done
  read -r peer_port <"$host_dir/port" || bail 'no peer'
  cat >"$host_dir/manifests/connectors/shopify.json" <<END
{ "shops": { "main": { "shop": "acme.myshopify.com", "token": "shop-token", "origin": "http://127.0.0.1:$peer_port",
                       "insecure": true, "private": true, "timeout_ms": 10000, "points": 20000, "points_per_s": 1000 } } }
END
}
peer () { curl -s --max-time 10 "http://127.0.0.1:$peer_port/fake/$1"; }
revive () {
  if kill -0 "$host_pid" 2>/dev/null; then return 0; fi
  wait "$host_pid" 2>/dev/null || true
  crashed=1
  host_start || bail 'the host does not start again'
}
again () { # again WHAT COMMAND…: for 60 s, restarting a host that has died
  local what=$1 _; shift
  for _ in $(seq 600); do
    if "$@" 2>/dev/null; then return 0; fi
    revive
    sleep 0.1
  done
  bail "$what did not come to be"
}

enqueue () { ctl jobs run pricer reprice --json --input "{\"items\":$items,\"price\":\"75.00\"}" --key "$1" | jq -e .id >/dev/null; }
known=' '
proposal_of () { # the one that was not there before
  local id
  for id in $(ctl approvals list --state all --json | jq -r '.items[].id'); do
    case $known in *" $id "*) ;; *) proposal=$id; return 0 ;; esac
  done
  return 1
}
state_of () { ctl approvals show "$1" --json | jq -r .state; }
approve () {
  case $(state_of "$proposal") in approved | executing | executed) return 0 ;; esac
  ctl approvals approve "$proposal" --yes >/dev/null
}
is_executed () { [ "$(state_of "$proposal")" = executed ]; }

batch () { # batch NAME: one approved batch, whatever happens
  again 'the job' enqueue "$1"
  again 'the proposal' proposal_of
  again 'the approval' approve
  again 'the batch' is_executed
  known="$known$proposal "
}
check () { # check NAME: each price is another, became it once, and was set once
  local verdict
  verdict=$(peer variants | jq -r --argjson n "$items" '
    [.[] | select(.[0] <= $n)] | { n: length, wrong: map(select(.[1] != "75.00")) | length,
      moves: map(.[3]) | add, requests: map(.[2]) | add } | "\(.n) \(.wrong) \(.moves) \(.requests)"')
  read -r found wrong moves requests <<<"$verdict"
  [ "$found $wrong $moves $requests" = "$items 0 $items $items" ] \
    || bail "$found prices, $wrong wrong, $moves changes by $requests requests instead of $items ($1)"
  ctl audit verify >/dev/null || bail "the audit does not hold ($1)"
}

serial=0 faults=0
once () { # once WHEN AT: a batch, with the host killed at that step; 0 = never
  host_stop || true
  serial=$((serial + 1))
  new_peer "$serial"
  rm -f "$steps"
  crashed=0
  host_spawn ROYAL_CRASH_AT="$2" ROYAL_CRASH_WHEN="$1" ROYAL_CRASH_LOG="$steps"
  host_wait_ready || revive
  batch "b$serial"
  check "$1 step $2"
  faults=$((faults + $(peer faults)))
}
places () { # the numbers of the steps to be killed at, of the log of a batch
  awk -v stride="$stride" '$0 == "job.enqueue" { from = NR }
    from && (!seen[$0]++ || (NR - from) % stride == 0) { print NR }' "$steps"
}

once before 0 # what happens at a first start alone
for when in before after; do
  once "$when" 0
  mapfile -t at <<<"$(places)"
  echo "# $when: $(sort "$steps" | uniq -c | tr -s ' \n' ' ')"
  for step in job.enqueue gate.submit gate.answer effect.finish; do
    grep -qx "$step" "$steps" || bail "no crash point at $step"
  done
  kills=0
  for n in "${at[@]}"; do
    once "$when" "$n"
    kills=$((kills + crashed))
    [ "$crashed" = 0 ] || tap "kill -9 $when step $n ($(sed -n "${n}p" "$steps")): $items prices set once"
  done
  [ "$kills" -gt $((${#at[@]} / 2)) ] || bail "only $kills of ${#at[@]} steps were reached"
  tap "$kills times kill -9 $when a durable step of a batch of $items: each price set exactly once"
done
once before 0
undone=$proposal
ctl approvals undo "$undone" --reason 'a test' >/dev/null
again 'the inverse' proposal_of
again 'its approval' approve
again 'the inverse batch' is_executed
n=$(peer variants | jq '[.[] | select(.[1] == "100.00" and .[2] == 2)] | length')
[ "$n" = "$items" ] || bail "$n prices instead of $items are what they were"
tap "the batch undone: each of $items prices is what it was"
echo "# $faults of the answers of $serial shops went wrong"
echo "1..$cases"
