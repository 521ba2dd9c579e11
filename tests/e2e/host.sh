# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the tests in a browser: an installed host, as tests/integration/daemon.sh has it, that listens, and the browser.
browser=$(command -v chromium || true)
for program in node npm "${browser:-chromium}"; do
  command -v "$program" >/dev/null || { echo "1..0 # SKIP there is no $program"; exit 0; }
done
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
here=$ROYAL_SRCDIR/tests/e2e
"$ROYAL_SRCDIR/tools/npm-packages" "$here" || exit 1
begin

listen () { # listen: the host starts, and answers on a port of its own
  host_start -- --listen=127.0.0.1:0 || exit 1
  port=$(jq -r 'select(.id == "http.listening") | .port' "$host_dir/royald.log")
}
drive () { # drive FILE [VAR=VALUE…]: in the browser, as an administrator; what is seen is kept in e2e/ of the build folder
  local file=$1 token status
  shift
  token=$(ctl token create --name owner --role admin --json | jq -r .token)
  mkdir -p "$ROYAL_BUILDDIR/e2e"
  env E2E_URL="http://127.0.0.1:$port/" E2E_TOKEN="$token" E2E_BROWSER="$browser" E2E_SHOTS="$ROYAL_BUILDDIR/e2e" "$@" node "$here/$file"
  status=$?
  [ $status = 0 ] || tail -n 20 "$host_dir/royald.log" | sed 's/^/# /'
  return $status
}
