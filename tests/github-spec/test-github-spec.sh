#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test-github-spec.sh TEST-GITHUB TEST-GITHUB-JWT — Prism stands between the connector and the fake of test-github, and judges by
# GitHub's own OpenAPI description what each of them says; jose judges what an App says who it is. The packages (500 MB) are
# fetched in CI, or when ROYAL_GITHUB_SPEC is set, and kept.
set -euo pipefail
program=$1 jwt=$2
# shellcheck source=tests/github-spec/prism.sh
. "${ROYAL_SRCDIR:?}/tests/github-spec/prism.sh"
here=$prism_here
why=$(prism_packages) || { echo "1..0 # SKIP $why"; exit 0; }
"$ROYAL_SRCDIR/tools/npm-packages" "$here"

dir=$(mktemp -d)
pids=()
# shellcheck disable=SC2317 # the trap calls it
leave () { [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2> "$dir/kill" || true; rm -rf "$dir"; }
trap leave EXIT
echo "1..6"
number=0
ok () { # ok STATUS NAME
  number=$((number + 1))
  if [ "$1" = 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; failed=1; fi
}
failed=0

fake=$(free_port)
port=$(free_port)
prism_start "$dir" "$port" "$fake" || true
pids+=("$prism_pid")
violations () { prism_violations "$dir"; }

ROYAL_GITHUB_PORT=$port ROYAL_GITHUB_FAKE_PORT=$fake "$program" > "$dir/out" 2>&1 || { sed 's/^/# /' "$dir/out"; false; } && status=0 || status=1
ok "$status" 'the connector and the fake get on through the proxy'
sleep 1
n=$(grep -c 'Request received' "$dir/log" || true)
found=$(violations)
[ -z "$found" ] || printf '%s\n' "$found" | sort | uniq -c | sed 's/^/# /'
[ -z "$found" ] && [ "$n" -gt 80 ] && status=0 || status=1
ok "$status" "every request and every answer is as GitHub describes them ($n)"

# The judge sees what is wrong.
cat > "$dir/wrong.cjs" << 'W'
require('http').createServer((request, answer) => {
  answer.writeHead(200, { 'Content-Type': 'application/json', Connection: 'close' });
  answer.end('{"number":"one"}');
}).listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));
W
node "$dir/wrong.cjs" "$fake" > "$dir/wrong.log" &
pids+=($!)
for ((i = 0; i < 100; i++)); do if grep -q listening "$dir/wrong.log"; then break; fi; sleep 0.1; done
: > "$dir/log"
curl -s -o "$dir/answer" "http://127.0.0.1:$port/repos/acme/shop/pulls/1"
sleep 0.5
violations | grep -q 'Violation: response' && status=0 || status=1
ok "$status" 'a wrong answer is seen'
: > "$dir/log"
curl -s -o "$dir/answer" -H 'Content-Type: application/json' -d '{"title":5}' "http://127.0.0.1:$port/repos/acme/shop/pulls"
sleep 0.5
violations | grep -q 'Violation: request' && status=0 || status=1
ok "$status" 'a wrong request is seen'

node "$here/jwt.mjs" "$jwt" "$dir" > "$dir/out" 2>&1 && status=0 || status=1
sed 's/^/# /' "$dir/out"
ok "$status" 'jose takes what an App says who it is'
node "$here/jwt.mjs" "$jwt" "$dir" wrong > "$dir/out" 2>&1 && status=0 || status=1
sed 's/^/# /' "$dir/out"
ok "$status" 'and refuses what is altered, ended, or signed with another key'
exit $failed
