#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test-theme-check.sh ROYALCTL DOCS — what Shopify's theme-check finds in a set of broken themes `royalctl theme check` finds, at the
# same lines; and how long a large theme takes. oracle.mjs does it.
# The packages that hold it (package-lock.json) are fetched in CI, or when ROYAL_THEME_CHECK is set, and kept.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
skip () { echo "1..0 # SKIP $1"; exit 0; }

for command in node npm; do
  command -v "$command" >/dev/null || skip "there is no $command"
done
[ -e "$here/node_modules/.royal-ready" ] || [ -n "${CI:-}${ROYAL_THEME_CHECK:-}" ] \
  || skip 'the packages are not there; with ROYAL_THEME_CHECK=1 they are fetched'
"$here/../../tools/npm-packages" "$here"
# What theme-check knows of Liquid is what came with it: it keeps nothing newer, and so asks the network for nothing.
export XDG_CACHE_HOME=/dev/null
exec node "$here/oracle.mjs" "$@"
