#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test-github-spec.sh TEST-GITHUB — every request that the connector sends in test-github is accepted by a server that Prism
# makes of GitHub's own OpenAPI description. ROYAL_GITHUB_SPEC names a folder with node_modules of package.json here (npm
# install in a copy); without it the test skips: nothing is fetched.
set -euo pipefail
program=$1
here=$(dirname "$(readlink -f "$0")")
modules=${ROYAL_GITHUB_SPEC:-}/node_modules
prism=$modules/@stoplight/prism-cli/dist/index.js
spec=$modules/@octokit/openapi/generated/api.github.com.json

echo "1..2"
if [ ! -e "$prism" ] || [ ! -e "$spec" ] || ! command -v node curl > /dev/null; then
  echo "ok 1 - accepted # SKIP ROYAL_GITHUB_SPEC names no folder with GitHub's description and Prism"
  echo "ok 2 - refused # SKIP the same"
  exit 0
fi

dir=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2> /dev/null || true; rm -rf "$dir"' EXIT
ROYAL_GITHUB_REQUESTS=$dir/requests "$program" > "$dir/out"
node "$here/slice.cjs" "$spec" "$dir/spec.json"

for ((try = 0; try < 5; try++)); do
  port=$((20000 + RANDOM % 20000))
  node "$prism" mock --host 127.0.0.1 --port "$port" "$dir/spec.json" > "$dir/log" 2>&1 &
  pid=$!
  for ((i = 0; i < 300; i++)); do
    if grep -q 'Prism is listening' "$dir/log"; then break 2; fi
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.1
  done
done

# ask METHOD PATH BODY — the status, and what of the request is not as described.
ask () {
  local body=()
  [ -z "$3" ] || body=(-H 'Content-Type: application/json' --data-binary "$3")
  curl -s -o "$dir/answer" -D "$dir/headers" -w '%{http_code}' -X "$1" "${body[@]}" "http://127.0.0.1:$port$2"
  grep -i '^sl-violations:.*"location":\["request"' "$dir/headers" || true
}

bad=0 n=0
while IFS=$'\t' read -r method path body; do
  n=$((n + 1))
  found=$(ask "$method" "$path" "$body")
  case $found in
    2??) ;;
    *) echo "# $method $path $body: $found $(head -c 500 "$dir/answer")"; bad=$((bad + 1)) ;;
  esac
done < "$dir/requests"
echo "# $n requests, $bad refused"
if [ "$n" -gt 0 ] && [ "$bad" = 0 ]; then echo "ok 1 - accepted"; else echo "not ok 1 - accepted"; fi

found=$(ask POST /repos/acme/shop/pulls '{"title":5}')
case $found in 422*) echo "ok 2 - refused" ;; *) echo "not ok 2 - refused: $found" ;; esac
