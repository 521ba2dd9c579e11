#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test-github-spec.sh TEST-GITHUB TEST-GITHUB-JWT — Prism stands between the connector and the fake of test-github, and judges by
# GitHub's own OpenAPI description what each of them says; jose judges what an App says who it is. The packages (500 MB) are
# fetched in CI, or when ROYAL_GITHUB_SPEC is set, and kept.
set -euo pipefail
program=$1 jwt=$2
here=${ROYAL_SRCDIR:?}/tests/github-spec
modules=$here/node_modules
skip () { echo "1..0 # SKIP $1"; exit 0; }

for command in node npm curl; do
  command -v "$command" > /dev/null || skip "there is no $command"
done
node -e 'const [a, b, c] = process.versions.node.split("."); process.exit(a > 18 || (a == 18 && (b > 20 || (b == 20 && c >= 1))) ? 0 : 1)' \
  || skip "node $(node --version) is older than 18.20.1"
if [ ! -e "$modules/.royal-ready" ]; then
  [ -n "${CI:-}${ROYAL_GITHUB_SPEC:-}" ] || skip 'the packages are not there; with ROYAL_GITHUB_SPEC=1 they are fetched'
  [ "$(df -Pk "$here" | awk 'NR == 2 { print $4 }')" -gt 1500000 ] || skip 'there are not 1.5 GB for the packages'
fi
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

node "$here/slice.cjs" "$modules/@octokit/openapi/generated/api.github.com.json" "$dir/spec.json"
free_port () { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'; }
fake=$(free_port)
port=$(free_port)
node "$modules/@stoplight/prism-cli/dist/index.js" proxy --host 127.0.0.1 --port "$port" "$dir/spec.json" "http://127.0.0.1:$fake" \
  > "$dir/log" 2>&1 &
pids+=($!)
for ((i = 0; i < 1800; i++)); do
  if grep -q 'Prism is listening' "$dir/log"; then break; fi
  kill -0 "${pids[0]}" 2> "$dir/kill" || { sed 's/^/# /' "$dir/log"; break; }
  sleep 0.1
done

# What is not as described. GitHub describes the answers that it may give to any request, such as 304 and 429, apart from its
# operations: these are passed over, when they are no success.
violations () {
  awk '/has returned [0-9]/ { status = $NF }
       /Violation: / && !(/Unable to match the returned status code/ && status >= 300) { print substr ($0, index ($0, "Violation")), "(" status ")" }' "$dir/log"
}

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
