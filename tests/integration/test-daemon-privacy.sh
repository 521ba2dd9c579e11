#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Persons: canaries are planted in personal fields of an input and of a request; a worker and the other side are told of them, and
# nobody else. All that the host wrote, says and tells is searched. Then they are forgotten, and nothing opens any more.
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
customer=canary-customer-7311
mail=canary.mail.7311@example.org
pin=canary-pin-7311
# shellcheck disable=SC2317 # runs calls it
finds () { grep -aF -e "$customer" -e "$mail" -e "$pin" -e canary%2Email%2E7311 "$@"; }

coproc PEER { exec "${ROYAL_BUILDDIR:?}/tests/fault/peer" 1; }
# shellcheck disable=SC2153 # coproc sets it
peer_pid=$PEER_PID
read -r peer_port <&"${PEER[0]}"
spans=$host_dir/spans
"$ROYAL_BUILDDIR/tests/integration/trace-collector" >"$spans" &
collector=$!
kept=$(mktemp -d) # not searched
# shellcheck disable=SC2317 # the trap calls it
leave_all () { kill "$peer_pid" "$collector" 2>/dev/null; rm -rf "$kept"; leave; }
trap leave_all EXIT
until_ok test -s "$spans"

add_agent postman '{"writes":[{"action":"http.request"}]}'
mkdir "$host_dir/manifests/connectors"
classes='{ "properties": {
  "parameters": { "properties": { "body": { "properties": {
    "customer": { "type": "string", "x-royal-class": "personal", "x-royal-subject": true },
    "mail": { "type": "string", "x-royal-class": "personal" } } } } } } }'
cat >"$host_dir/manifests/connectors/http.json" <<END
{ "endpoints": {
    "post": { "origin": "http://127.0.0.1:$peer_port", "insecure": true, "private": true, "idempotent": true, "classes": $classes },
    "desk": { "origin": "http://127.0.0.1:$peer_port", "insecure": true, "private": true, "idempotent": true, "classes": $classes } } }
END
jq '.rules += [
  { "name": "post", "match": { "action": "http.request" }, "when": { "facts.endpoint": { "eq": "post" } }, "risk": "low", "decision": "auto" },
  { "name": "desk", "match": { "action": "http.request" }, "when": { "facts.endpoint": { "eq": "desk" } }, "risk": "high", "decision": "approve" }
  ]' "$host_dir/manifests/policy.json" >"$host_dir/policy.new"
mv "$host_dir/policy.new" "$host_dir/manifests/policy.json"
cat >"$host_dir/manifests/workflows/letters.json" <<'END'
{ "name": "letters",
  "steps": [{ "id": "letter", "task": { "agent": "postman", "task": "write", "input": { "customer": "x", "mail": "nobody@example.org" } } }] }
END
ctl secret make-key >"$kept/keys"
chmod 640 "$kept/keys"; chmod 755 "$kept"
[ "$(id -u)" != 0 ] || chown -R nobody "$kept"
input () { printf '{"customer":"%s","mail":"%s","pin":"%s"%s}' "$customer" "$mail" "$pin" "${1:+,\"to\":\"$1\"}"; }

# Without a key nothing personal is taken.
host_start; ok $? 'a host without a key starts'
until_ok ctl agents show postman
runs 1 'it takes no personal data' ctl jobs run postman write --input "$(input post)"
says 'and says what it lacks' 'no key to seal personal data with (see secrets-key-file)'
host_stop

host_start -- --secrets-key-file="$kept/keys" --trace-endpoint="$(head -n 1 "$spans")" --log-level=debug --listen=127.0.0.1:0
ok $? 'a host with one starts'
url=http://127.0.0.1:$(jq -r 'select(.id == "http.listening") | .port' "$host_dir/royald.log" | tail -n 1)
until_ok ctl agents show postman

# A worker is told, and the other side.
runs 0 'a job with a person in its input runs' ctl jobs run postman write --input "$(input post)" --wait
# shellcheck disable=SC2317 # arrived calls it
letter () { curl -s --max-time 5 "http://127.0.0.1:$peer_port/thing/letter"; }
# shellcheck disable=SC2317 # soon calls it
arrived () { [ "$(letter | jq -r .mail)" = "$mail" ]; }
soon 'the letter arrives, in the open' arrived
job=$(ctl jobs list --json | jq -r '.items[0].id')
is 'what the agent made of it is masked' '(personal)' "$(ctl jobs show "$job" --json | jq -r .result.written)"
runs 1 'one fails' ctl jobs run postman write --input "$(input)" --wait
says 'without saying who it was about' 'nobody brings anything to (personal)'
until_ok eval '[ "$(http "/api/v1/dead-letters" | jq ".items | length")" = 1 ]'
runs 0 'one is to be approved' ctl jobs run postman write --input "$(input desk)" --wait
proposal=$(ctl approvals list --json | jq -r '.items[0].id')

runs 1 'a workflow, which keeps its inputs, hands on none' ctl workflow start letters --wait
says 'and says why' 'from a request to the queue alone'

# Who sees what
token () { ctl token create --name "$1" --role "$1" --json | jq -r .token; }
as () { curl -s --max-time 5 "$url$2" -H "Authorization: Bearer $1"; }
viewer=$(token viewer); approver=$(token approver); operator=$(token operator)
is 'a viewer sees that there is something' '(personal)' "$(as "$viewer" "/api/v1/approvals/$proposal" | jq -r .parameters.body.mail)"
is 'an approver what it is' "$mail" "$(as "$approver" "/api/v1/approvals/$proposal" | jq -r .parameters.body.mail)"
is 'as it is kept, which is what was signed' string "$(as "$viewer" "/api/v1/approvals/$proposal?sealed=true" | jq -r '.parameters.body.mail.value | type')"
is 'not in a list' '(personal)' "$(as "$approver" /api/v1/approvals | jq -r '.items[0].parameters.body.mail')"
is 'nor an input' '(personal)' "$(as "$approver" "/api/v1/jobs/$job" | jq -r .input.mail)"
is 'which an operator sees' "$mail" "$(as "$operator" "/api/v1/jobs/$job" | jq -r .input.mail)"
is 'but for what is secret' '(personal)' "$(as "$operator" "/api/v1/jobs/$job" | jq -r .input.pin)"
is 'dead letters alike' "$mail (personal)" "$(as "$operator" /api/v1/dead-letters | jq -r '.items[0].input.mail') $(as "$viewer" /api/v1/dead-letters | jq -r '.items[0].input.mail')"
dead=$(http /api/v1/dead-letters | jq -r '.items[0].id')
runs 0 'it is edited' ctl jobs retry "$dead" --input "$(input post)"
soon 'and runs again' eval '[ "$(ctl jobs list --state completed --json | jq ".items | length")" = 3 ]'

# The search
royalctl_says () {
  ctl audit list --limit 200 --json; ctl audit export; ctl jobs list --json; ctl approvals list --state all --json
  http '/api/v1/events?after=0&limit=200'; http /metrics; http /api/v1/status; http /api/v1/effects; http "/api/v1/audit?limit=200"
  for id in $(ctl jobs list --json | jq -r '.items[].id'); do as "$viewer" "/api/v1/jobs/$id"; done
  for id in $(ctl approvals list --state all --json | jq -r '.items[].id'); do as "$viewer" "/api/v1/approvals/$id"; done
}
royalctl_says >"$host_dir/answers" 2>&1
grep -q '"sealed"' "$host_dir/answers"; ok $? 'the answers are there, with what is sealed'
runs 1 'no answer tells of anybody' finds "$host_dir/answers"
runs 1 'no log line does' finds "$host_dir/royald.log"
grep -q 'writing to (personal)' "$host_dir/royald.log"; ok $? 'though the agent wrote one'
until_ok grep -q 'effect http.request' "$spans"
runs 1 'no trace does' finds "$spans"
host_stop # so that all of it is on the disk
runs 1 'no file of the host does, its database with its write-ahead log among them' grep -raF -l -e "$mail" -e "$pin" "$host_dir/data" "$host_dir/run"
host_start -- --secrets-key-file="$kept/keys" --listen=127.0.0.1:0; ok $? 'it starts again'

# What nobody needs any more goes by itself.
pg=$(dirname "$(find /usr/lib/postgresql -name psql -path '*/bin/*' | sort -V | tail -n 1)")
as_owner () { as_user "$pg/psql" -X -q -A -t -h "$host_dir/data/postgres/run" -U royal_admin -d royal -c "$1"; }
as_owner "update tokens set revoked_at = now () - interval '91 days' where name = 'viewer'"; ok $? 'a token was revoked long ago'
soon 'it is removed' eval '[ "$(ctl token list --json | jq "[.items[] | select(.name == \"viewer\")] | length")" = 0 ]'
is 'and counted' 1 "$(http /metrics | awk '/^royal_rows_removed_total.*"tokens"/ { print $2 }')"

# Export and erasure
is 'the name stands with the key alone' 0 "$(ctl audit export | grep -cF "$customer")"
runs 0 'what is held is exported' ctl privacy export "$customer"
is 'from everywhere' 'answer audit effect job proposal' "$(jq -r '[.records[].in] + ["answer", "effect"] | unique | join(" ")' <<<"$out")"
is 'in the open' "$mail" "$(jq -r '[.records[] | select(.in == "proposal")][0].data.parameters.body.mail' <<<"$out")"
is 'all of it' true "$(jq .complete <<<"$out")"
runs 1 'of nobody nothing is' ctl privacy export nobody
says 'which is said' 'nothing is held of nobody'
runs 2 'erasure has to be meant' ctl privacy erase "$customer"
later=$(date -u -d '+3 seconds' +%Y-%m-%dT%H:%M:%SZ)
waits=$(http /api/v1/jobs -X POST -H 'Content-Type: application/json' \
  -d "{\"agent\":\"postman\",\"task\":\"write\",\"run_at\":\"$later\",\"input\":$(input post)}" | jq -r .id)
forged='{"customer":"x","mail":{"sealed":"0123456789abcdef0123456789abcdef","value":"AA=="}}'
runs 1 'what looks sealed is not taken' ctl jobs run postman write --input "$forged"
runs 0 'they are forgotten' ctl privacy erase "$customer" --yes
runs 1 'nothing is held any more' ctl privacy export "$customer"
is 'an approver sees no more than a viewer' '(personal)' "$(ctl approvals show "$proposal" --json | jq -r .parameters.body.mail)"
runs 0 'what was asked can still be approved' ctl approvals approve "$proposal" --yes
soon 'and can not be done' proposal_is failed
is 'for what it is' true "$(ctl approvals show "$proposal" --json | jq '.effect.error | startswith("the personal data in it was erased")')"
soon 'a job that waited for its time is a dead letter' eval '[ "$(ctl jobs show "$waits" --json | jq -r .state)" = dead ]'
is 'and says why' true "$(ctl jobs show "$waits" --json | jq '.error.message | startswith("the personal data in it was erased")')"
is 'that they were is a record' 'privacy.erased privacy.exported' "$(ctl audit list --limit 200 --json | jq -r '[.items[].kind | select(startswith("privacy."))] | unique | join(" ")')"
runs 0 'the audit holds' ctl audit verify
ctl audit export >"$kept/export"
runs 0 'and its export, elsewhere' "$host_bin/royal-audit-verify" --key="$(ctl audit key)" "$kept/export"
runs 1 'nothing in it tells of anybody' finds "$kept/export"

# The commands of the paper: capitals stand for what is the reader's own.
runs 0 'the next letter begins anew' ctl jobs run postman write --input "$(input post)" --wait
runs 0 'with a key of its own' ctl privacy export "$customer"
export PATH="$host_bin:$PATH"
while IFS= read -r command <&3; do
  runs 0 "privacy.md: $command" bash -c "${command//SUBJECT/$customer}"
done 3< <(awk '/^```$/ { on = 0 } on; $0 == "```sh" { on = 1 }' "$ROYAL_SRCDIR/docs/privacy.md")
finish
