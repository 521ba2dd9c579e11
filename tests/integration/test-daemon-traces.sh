#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One trace, from the request through the job, its run, the decision and the approval to the effect.
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
spans=$host_dir/spans
"${ROYAL_BUILDDIR:?}/tests/integration/trace-collector" >"$spans" &
collector=$!
# shellcheck disable=SC2317 # the trap calls it
leave_all () { kill "$collector"; wait "$collector" 2>/dev/null; leave; }
trap leave_all EXIT
until_ok test -s "$spans"
host_start -- --trace-endpoint="$(head -n 1 "$spans")"; ok $? 'a host that traces'

all () { tail -n +2 "$spans" | jq -c '.resourceSpans[].scopeSpans[].spans[]'; }
named () { all | jq -c --arg name "$1" 'select(.name == $name)'; }
# shellcheck disable=SC2317 # soon calls it
has () { [ -n "$(named "$1")" ]; }

trace=4bf92f3577b34da6a3ce929d0e0e4736
load_season traced
http /api/v1/jobs -X POST -H 'Content-Type: application/json' -H "traceparent: 00-$trace-00f067aa0ba902b7-01" \
  -d "{\"agent\":\"markdown\",\"task\":\"checkpoint\",\"input\":{\"season\":\"$season\"}}" >/dev/null
soon 'the agent proposes' find_proposal
runs 0 'a person approves' ctl approvals approve "$proposal" --yes
soon 'it is done' proposal_is executed
for name in 'POST /api/v1/jobs' 'run markdown.checkpoint' decide approval 'effect markdown.apply'; do
  soon "there is a span: $name" has "$name"
  is 'it is of the caller'"'"'s trace' "$trace" "$(named "$name" | jq -r .traceId)"
done
parent () { named "$1" | jq -r .parentSpanId; }
id () { named "$1" | jq -r .spanId; }
is 'the request is the child of its caller' 00f067aa0ba902b7 "$(parent 'POST /api/v1/jobs')"
is 'the run is of the request' "$(id 'POST /api/v1/jobs')" "$(parent 'run markdown.checkpoint')"
is 'the decision is of the run' "$(id 'run markdown.checkpoint')" "$(parent decide)"
is 'the approval is of the decision' "$(id decide)" "$(parent approval)"
is 'the effect too' "$(id decide)" "$(parent 'effect markdown.apply')"
is 'and says how it ended' executed "$(named 'effect markdown.apply' | jq -r '.attributes[] | select(.key == "royal.outcome") | .value.stringValue')"
is 'what a caller does not want recorded is not' '' "$(
  http /api/v1/status -H 'traceparent: 00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00' >/dev/null
  ctl status >/dev/null; sleep 3; all | grep 5bf92f3577b34da6a3ce929d0e0e4736)"
kill -STOP "$collector"
runs 0 'a collector that hangs holds nothing up' ctl status
host_stop; ok $? 'nor the stop'
kill -CONT "$collector"
finish
