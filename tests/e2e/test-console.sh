#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The console in a browser: a season at week 6, whose markdown waits for a person. console.mjs drives it; a program outside of
# the browser answers beside it. What is seen is kept in e2e/ of the build folder.
set -uo pipefail
browser=$(command -v chromium || true)
for program in node npm "${browser:-chromium}"; do
  command -v "$program" >/dev/null || { echo "1..0 # SKIP there is no $program"; exit 0; }
done
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
here=$ROYAL_SRCDIR/tests/e2e
"$ROYAL_SRCDIR/tools/npm-packages" "$here" || exit 1
begin
shots=$ROYAL_BUILDDIR/e2e
mkdir -p "$shots"

host_start -- --listen=127.0.0.1:0 || exit 1
port=$(jq -r 'select(.id == "http.listening") | .port' "$host_dir/royald.log")
season=$(ctl season load --json --category dresses --name "Women's Dresses" --start 2025-03-01 --weeks 12 \
  --stores "$fixtures/stores.csv" --forecast "$fixtures/forecast.csv" --actuals "$fixtures/actuals.csv" | jq -er .season) || exit 1
ctl jobs run markdown checkpoint --input "{\"season\":\"$season\"}" --wait >"$host_dir/job.log" 2>&1 || exit 1
token=$(ctl token create --name owner --role admin --json | jq -r .token)
password=$(jq -r 'select(.id == "app.first-user") | .message' "$host_dir/royald.log" | sed 's/.* //')
export E2E_PASSWORD=$password E2E_URL=http://127.0.0.1:$port/ E2E_TOKEN=$token E2E_BROWSER=$browser E2E_SHOTS=$shots E2E_WEIGHT_MAX=150000
node "$here/console.mjs"
status=$?
[ $status = 0 ] || tail -n 20 "$host_dir/royald.log" | sed 's/^/# /'
exit $status
