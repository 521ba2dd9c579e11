# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the fault suite: a host, its agent, and a peer that counts effects; a load, and the invariant at its end.
# shellcheck source=tools/host-env.sh
. "${ROYAL_SRCDIR:?}/tools/host-env.sh"

chaos_begin () { # chaos_begin SEED: a host that is not started yet, the peer, the load's grants and policy
  host_env "${ROYAL_BUILDDIR:?}" || return 1
  trap chaos_end EXIT
  coproc PEER { exec "$ROYAL_BUILDDIR/tests/fault/peer" "$1"; }
  # shellcheck disable=SC2153 # coproc sets it
  peer_pid=$PEER_PID
  read -r peer_port <&"${PEER[0]}" || return 1
  cp "$ROYAL_BUILDDIR/tests/fixtures/agents/courier.so" "$host_plugins/"
  mkdir "$host_dir/manifests/connectors"
  cat >"$host_dir/manifests/connectors/http.json" <<END
{ "endpoints": {
    "once": { "origin": "http://127.0.0.1:$peer_port", "insecure": true, "private": true, "idempotent": true,
              "timeout_ms": 2000, "in_flight": 16 },
    "once-ask": { "origin": "http://127.0.0.1:$peer_port", "insecure": true, "private": true, "idempotent": true,
                  "timeout_ms": 2000, "in_flight": 16 },
    "plain": { "origin": "http://127.0.0.1:$peer_port", "insecure": true, "private": true, "verify": "/done/{key}",
               "settle_ms": 700, "timeout_ms": 2000, "in_flight": 16 } } }
END
  # Nothing of what is shipped but the policy.
  rm -f "$host_dir"/manifests/{demand,inventory,markdown,pricing,product_scout,themes_ci}.json "$host_dir"/manifests/workflows/*.json
  cat >"$host_dir/manifests/courier.json" <<'END'
{ "agent": "courier", "module": "courier.so", "grants": { "writes": [{ "action": "http.request" }] },
  "limits": { "wall_s": 60, "workers": 2 },
  "retry": { "attempts": 100, "backoff_ms": 20, "backoff_max_ms": 500 } }
END
  cat >"$host_dir/manifests/workflows/delivery.json" <<'END'
{ "name": "delivery",
  "input": { "type": "object", "required": ["n"], "properties": { "n": { "type": "integer" } } },
  "steps": [
    { "id": "order", "task": { "agent": "courier", "task": "deliver", "input": { "n": "$.input.n", "to": "once-ask" } } },
    { "id": "answer", "approval": { "of": ["order"] } },
    { "id": "legs", "parallel": {
        "a": [{ "id": "first", "task": { "agent": "courier", "task": "deliver", "input": { "n": "$.input.n", "to": "once" } } }],
        "b": [{ "id": "second", "task": { "agent": "courier", "task": "deliver", "input": { "n": "$.input.n", "to": "plain" } } }]
    } },
    { "id": "settled", "approval": { "of": ["first", "second"] } } ] }
END
  jq '.rules += [
    { "name": "peer-auto", "match": { "action": "http.request" }, "when": { "facts.endpoint": { "in": ["once", "plain"] } },
      "risk": "low", "decision": "auto" },
    { "name": "peer-ask", "match": { "action": "http.request" }, "when": { "facts.endpoint": { "eq": "once-ask" } },
      "risk": "high", "decision": "approve", "deadline_s": 86400 }]' "$host_dir/manifests/policy.json" >"$host_dir/policy.new"
  mv "$host_dir/policy.new" "$host_dir/manifests/policy.json"
  : >"$host_dir/accepted"
  : >"$host_dir/started"
}

chaos_end () {
  stop_load
  if [ -n "${peer_pid:-}" ]; then kill "$peer_pid" 2>/dev/null; fi
  host_env_remove
}

peer () { curl -s --max-time 10 "http://127.0.0.1:$peer_port$1" "${@:2}"; }
faults () { peer /faults -X PUT -d "$1" >/dev/null; }
api () { curl -s --max-time 10 --unix-socket "$ROYAL_SOCKET" "http://royal/api/v1$1" "${@:2}"; }

# --- the load ---------------------------------------------------------------------------------------------------------

submit () { # submit N: until it is accepted; the same key every time, so it is one job
  local n=$1 to=once items=0 body
  case $((n % 3)) in 1) to=plain ;; 2) to=once-ask ;; esac
  if [ $((n % 10)) = 9 ]; then items=5; fi
  body="{\"agent\":\"courier\",\"task\":\"deliver\",\"idempotency_key\":\"n$n\",\"input\":{\"n\":$n,\"to\":\"$to\",\"items\":$items,\"ms\":$((n % 4 * 15))}}"
  until api /jobs -f -X POST -H 'Content-Type: application/json' -d "$body" -o /dev/null; do sleep 0.1; done
  echo "$n" >>"$host_dir/accepted"
}
start_workflow () { # start_workflow N: likewise; it orders, waits for a person, and delivers twice at once
  until api /workflows/delivery -f -X POST -H 'Content-Type: application/json' -d "{\"input\":{\"n\":$1},\"key\":\"n$1\"}" \
    -o /dev/null; do sleep 0.1; done
  echo "$1" >>"$host_dir/started"
}
submitter () { # submitter PAUSE: for ever
  local n=0
  while :; do
    n=$((n + 1))
    submit $n
    if [ $((n % 8)) = 0 ]; then start_workflow $n; fi
    sleep "$1"
  done
}
approve_all () { # everything that waits, as it is there now
  local id digest
  api '/approvals?state=pending&limit=200' | jq -r '.items[] | .id + " " + .digest' 2>/dev/null | while read -r id digest; do
    api "/approvals/$id/approve" -X POST -H 'Content-Type: application/json' -d "{\"digest\":\"$digest\"}" -o /dev/null
  done
}
approver () { while :; do approve_all; sleep 0.3; done; }

start_load () { # start_load PAUSE
  submitter "$1" & submitter_pid=$!
  approver & approver_pid=$!
}
stop_load () {
  local pid
  for pid in ${submitter_pid:-} ${approver_pid:-}; do kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; done
  submitter_pid='' approver_pid=''
}

# --- victims ----------------------------------------------------------------------------------------------------------

revive () { # revive: the host, if it is dead
  if [ -n "$host_pid" ] && kill -0 "$host_pid" 2>/dev/null; then return 0; fi
  [ -z "$host_pid" ] || wait "$host_pid" 2>/dev/null
  host_start
}
kill_host () { host_kill; revive; }
kill_worker () { # one of the courier's; the host starts another
  local pid
  pid=$(api /agents/courier | jq -r '.workers.workers[].pid' 2>/dev/null | shuf -n 1 --random-source=<(yes)) || return 0
  [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
}
kill_database () { # the postmaster: the host finds it gone, and recovers it
  local pid
  pid=$(head -n 1 "$host_dir/data/postgres/data/postmaster.pid" 2>/dev/null) || return 0
  [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
}

# --- the end ----------------------------------------------------------------------------------------------------------

count () { # count LIST STATES: how many rows, page by page; fails where the host answers with an error, which is not "none"
  local cursor='' page total=0 n
  while :; do
    page=$(api "/$1?state=$2&limit=200${cursor:+&cursor=$cursor}") || return 1
    n=$(jq -e '.items | arrays | length' <<<"$page" 2>/dev/null) || return 1
    total=$((total + n))
    cursor=$(jq -r '.next // empty' <<<"$page")
    [ -n "$cursor" ] || break
  done
  echo "$total"
}

is_quiet () { # nothing is under way any more
  revive || return 1
  [ "$(count jobs queued,leased 2>/dev/null)" = 0 ] && [ "$(count workflows running,waiting,compensating 2>/dev/null)" = 0 ] && [ "$(count approvals pending,approved,executing 2>/dev/null)" = 0 ] \
    && [ "$(ctl status --json 2>/dev/null | jq .outbox)" = 0 ]
}
settle_down () { # settle_down SECONDS
  local end=$((SECONDS + $1))
  while [ $SECONDS -lt $end ]; do
    approve_all
    if is_quiet; then return 0; fi
    sleep 0.5
  done
  return 1
}

effect_keys () { # the keys of all effects that the host says happened
  local cursor='' page
  while :; do
    page=$(api "/effects?state=executed&limit=200${cursor:+&cursor=$cursor}") || return 1
    jq -r '.items[].key' <<<"$page" || return 1
    cursor=$(jq -r '.next // empty' <<<"$page")
    [ -n "$cursor" ] || break
  done
}

# check_once: every accepted job ended once, every approved effect happened exactly once. Sets $verdict.
check_once () {
  local jobs completed accepted started runs ended executed others lost doubled unasked
  accepted=$(sort -u "$host_dir/accepted" | wc -l)
  started=$(sort -u "$host_dir/started" | wc -l)
  runs=$(count workflows all) ended=$(count workflows completed)
  jobs=$(count jobs all) completed=$(count jobs completed)
  executed=$(count approvals executed) others=$(count approvals failed,unknown,stale,expired,denied,rejected,superseded)
  effect_keys | sort >"$host_dir/effects"
  peer /keys | sort -k 2 >"$host_dir/peer"
  awk '{ print $2 }' "$host_dir/peer" | sort >"$host_dir/peer-keys"
  lost=$(comm -23 "$host_dir/effects" "$host_dir/peer-keys" | wc -l)
  unasked=$(comm -13 "$host_dir/effects" "$host_dir/peer-keys" | wc -l)
  doubled=$(awk '$1 > 1' "$host_dir/peer" | wc -l)
  verdict="workflows $runs (accepted $started), completed $ended; jobs $jobs (accepted $accepted), completed $completed; proposals executed $executed, otherwise $others;"
  verdict="$verdict effects $(wc -l <"$host_dir/effects"): lost $lost, doubled $doubled, unrecorded $unasked"
  [ "$runs" = "$ended" ] && [ "$runs" -ge "$started" ] && [ "$jobs" -ge $((accepted + 3 * runs)) ] \
    && [ "$jobs" = "$completed" ] && [ "$executed" = "$jobs" ] && [ "$others" = 0 ] \
    && [ "$lost" = 0 ] && [ "$doubled" = 0 ] && [ "$unasked" = 0 ] && ctl audit verify >/dev/null
}
