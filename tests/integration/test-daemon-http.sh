#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The daemon's door: TCP and tokens, metrics, the emergency stop, the sandbox as it is shown.
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
host_start -- --listen=127.0.0.1:0; ok $? 'a host listens on a port of its own choice'
port=$(jq -r 'select(.id == "http.listening") | .port' "$host_dir/royald.log")
url=http://127.0.0.1:$port
tcp () { curl -s --max-time 5 -o /dev/null -w '%{http_code}' "$url$1" "${@:2}"; }
token () { ctl token create --name "$1" --role "$1" --json; }
with () { printf 'Authorization: Bearer %s' "$(jq -r .token <<<"$1")"; }

# Tokens
propose tokens; ok $? 'there is a proposal'
digest=$(ctl approvals show "$proposal" --json | jq -r .digest)
answer=(-X POST -H 'Content-Type: application/json' -d "{\"digest\":\"$digest\"}")
approve=/api/v1/approvals/$proposal/approve
viewer=$(token viewer)
approver=$(token approver)
is 'health needs no token' 200 "$(tcp /healthz)"
is 'all else does' 401 "$(tcp /api/v1/approvals)"
is 'a wrong one is none' 401 "$(tcp /api/v1/approvals -H 'Authorization: Bearer rt_wrong')"
is 'an approval too' 401 "$(tcp "$approve" "${answer[@]}")"
is 'a viewer reads' 200 "$(tcp /api/v1/approvals -H "$(with "$viewer")")"
is 'but does not approve' 403 "$(tcp "$approve" "${answer[@]}" -H "$(with "$viewer")")"
proposal_is pending; ok $? 'so far nobody did'
is 'an approver does' 200 "$(tcp "$approve" "${answer[@]}" -H "$(with "$approver")")"
soon 'it is executed' proposal_is executed
runs 0 'royalctl goes by --url' env ROYAL_TOKEN="$(jq -r .token <<<"$viewer")" "$host_bin/royalctl" --url "$url" approvals list
runs 0 'a token is revoked' ctl token revoke "$(jq -r .id <<<"$approver")"
is 'at once' 401 "$(tcp /api/v1/approvals -H "$(with "$approver")")"
is 'the other is not' 200 "$(tcp /api/v1/approvals -H "$(with "$viewer")")"
runs 1 'no secret stands in the log' grep -F -e "$(jq -r .token <<<"$viewer")" -e "$(jq -r .token <<<"$approver")" "$host_dir/royald.log"

# Users
log_in () { curl -s --max-time 10 -c "$host_dir/jar" -H 'Content-Type: application/json' -d "$1" "$url/api/v1/auth/login"; }
soon 'the first start made an administrator' grep -q 'one-time password' "$host_dir/royald.log"
first=$(sed -n 's/.*one-time password \([A-Za-z0-9]*\).*/\1/p' "$host_dir/royald.log")
is 'who logs in with the password of the log, to change it' true \
  "$(log_in "{\"user\":\"admin\",\"password\":\"$first\"}" | jq .must_change_password)"
is 'and can do nothing else before' 403 "$(tcp /api/v1/approvals -b "$host_dir/jar")"
csrf=$(curl -s --max-time 5 -b "$host_dir/jar" "$url/api/v1/auth/me" | jq -r .csrf)
change=(-X POST -b "$host_dir/jar" -H 'Content-Type: application/json' -d "{\"password\":\"$first\",\"new\":\"another, longer one\"}")
is 'not by a page of another host' 403 "$(tcp /api/v1/auth/password "${change[@]}")"
is 'a page of this host changes it' 200 "$(tcp /api/v1/auth/password "${change[@]}" -H "X-CSRF-Token: $csrf")"
is 'then the administrator reads' 200 "$(tcp /api/v1/approvals -b "$host_dir/jar")"
is 'the one-time password is none any more' 401 \
  "$(tcp /api/v1/auth/login -H 'Content-Type: application/json' -d "{\"user\":\"admin\",\"password\":\"$first\"}")"

# Metrics
http /metrics >"$host_dir/metrics"
is 'every metric has its HELP and TYPE' '' "$(awk '
  /^# HELP/ { help[$3] = 1 } /^# TYPE/ { type[$3] = 1; kind[$3] = $4 }
  /^[a-z]/ { name = $1; sub(/\{.*/, "", name); base = name; sub(/_(bucket|sum|count)$/, "", base)
             if (kind[base] == "histogram") name = base
             if (!help[name] || !type[name]) print name }' "$host_dir/metrics" | sort -u)"
is 'and no sample stands twice' '' "$(grep -v '^#' "$host_dir/metrics" | sed 's/ [^ ]*$//' | sort | uniq -d)"
if command -v promtool >/dev/null; then
  runs 0 'promtool is content' promtool check metrics <"$host_dir/metrics"
  runs 0 'and with the alert rules' promtool check rules "$ROYAL_SRCDIR/packaging/prometheus/royal.rules.yml"
  runs 0 'which fire when they are to' promtool test rules "$ROYAL_SRCDIR/tests/fixtures/royal.rules.test.yml"
else
  skip 'promtool is content' 'promtool is not installed'
  skip 'and with the alert rules' 'promtool is not installed'
  skip 'which fire when they are to' 'promtool is not installed'
fi
runs 0 'royalctl alerts' ctl alerts
runs 0 'as JSON' ctl alerts --json

# Emergency stop
propose stop; ok $? 'there is another proposal'
runs 0 'the emergency stop' ctl stop 'a test of the brakes'
runs 0 'it is shown' ctl status
says 'with its reason' 'a test of the brakes'
runs 0 'one can still approve' ctl approvals approve "$proposal" --yes
sleep 1
proposal_is approved; ok $? 'but nothing is executed'
is 'and nothing has happened' 0 "$(markdowns)"
host_stop
host_start; ok $? 'after a restart'
sleep 0.5
proposal_is approved; ok $? 'it still holds'
runs 0 'it is ended' ctl resume
soon 'and what was approved is executed' proposal_is executed
is 'once' 1 "$(markdowns)"
runs 0 'the audit holds' ctl audit verify
is 'and knows of both' 'control.stopped control.resumed' "$(ctl audit list --limit 200 --json | jq -r '[.items[] | .kind | select(startswith("control."))] | join(" ")')"

# The sandbox
runs 0 'royalctl sandbox' ctl sandbox
if [ "${ROYAL_TEST_SANITIZED:-0}" = 0 ]; then
  says 'says that plugins are confined' 'plugins are confined'
  abi=$(ctl sandbox --json | jq -r .facts.enforced.landlock_abi)
  grep -q "^landlock  *enforced  *ABI $abi" <<<"$out"; ok $? 'by Landlock, of which ABI' "$out"
  grep -q '^seccomp  *enforced' <<<"$out"; ok $? 'and seccomp' "$out"
else skip 'the sandbox is shown' 'a sanitizer needs more than a sandbox gives'; fi
host_stop

# Addresses
for address in 0.0.0.0:0 '[::]:0'; do
  host_spawn -- --listen="$address"
  wait "$host_pid"; is "$address is refused" 1 $?
  tail -n 2 "$host_dir/royald.log" | grep -q 'without tls-certificate the host listens on loopback only'; ok $? 'for what it is'
done
host_pid=
is 'nothing is left running' '' "$(processes "$host_dir/")"
finish
