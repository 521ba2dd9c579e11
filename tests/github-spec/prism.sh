# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Sourced by what puts Prism, loaded with GitHub's own OpenAPI description, before a fake. The packages (500 MB) are fetched in CI, or
# when ROYAL_GITHUB_SPEC is set, and kept.
prism_here=${ROYAL_SRCDIR:?}/tests/github-spec
prism_modules=$prism_here/node_modules

prism_packages () { # prism_packages: prints why they cannot be had
  local command
  for command in node npm curl; do
    command -v "$command" > /dev/null || { echo "there is no $command"; return 1; }
  done
  node -e 'const [a, b, c] = process.versions.node.split("."); process.exit(a > 18 || (a == 18 && (b > 20 || (b == 20 && c >= 1))) ? 0 : 1)' \
    || { echo "node $(node --version) is older than 18.20.1"; return 1; }
  if [ ! -e "$prism_modules/.royal-ready" ]; then
    [ -n "${CI:-}${ROYAL_GITHUB_SPEC:-}" ] || { echo 'the packages are not there; with ROYAL_GITHUB_SPEC=1 they are fetched'; return 1; }
    [ "$(df -Pk "$prism_here" | awk 'NR == 2 { print $4 }')" -gt 1500000 ] || { echo 'there are not 1.5 GB for the packages'; return 1; }
  fi
}
free_port () { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'; }
prism_start () { # prism_start DIR PORT FAKE: its pid is in $prism_pid, what it says in DIR/log
  local i
  node "$prism_here/slice.cjs" "$prism_modules/@octokit/openapi/generated/api.github.com.json" "$1/spec.json"
  node "$prism_modules/@stoplight/prism-cli/dist/index.js" proxy --host 127.0.0.1 --port "$2" "$1/spec.json" "http://127.0.0.1:$3" \
    > "$1/log" 2>&1 &
  prism_pid=$!
  for ((i = 0; i < 1800; i++)); do
    if grep -q 'Prism is listening' "$1/log"; then return 0; fi
    kill -0 "$prism_pid" 2> "$1/kill" || { sed 's/^/# /' "$1/log"; return 1; }
    sleep 0.1
  done
}
# What is not as described. GitHub describes the answers that it may give to any request, such as 304 and 429, apart from its
# operations: these are passed over, when they are no success.
prism_violations () { # prism_violations DIR
  awk '/has returned [0-9]/ { status = $NF }
       /Violation: / && !(/Unable to match the returned status code/ && status >= 300) { print substr ($0, index ($0, "Violation")), "(" status ")" }' "$1/log"
}
