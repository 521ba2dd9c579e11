#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sync, in a browser: two conflicts side by side, an answer to each, a rollback.
# shellcheck disable=SC2154 # what the sourced files set
set -uo pipefail
# shellcheck source=tests/e2e/host.sh
. "${ROYAL_SRCDIR:?}/tests/e2e/host.sh"
# shellcheck source=tests/integration/sync-host.sh
. "$ROYAL_SRCDIR/tests/integration/sync-host.sh"

sync_begin shop
sync_configure shop 4000
listen
{
  sync_products 20 && sync_export && sync_merge shop && sync_export \
    && sync_products 20 2 'i in (4, 5)' \
    && sync_edit shop product-00004 '.title = "<svg onload=\"document.title=1\">"' \
    && sync_edit shop product-00005 '.title = "Ours"' && sync_export
} >"$host_dir/sync.log" 2>&1 || { sed 's/^/# /' "$host_dir/sync.log"; echo "# $result"; echo 'Bail out! nothing is synced'; exit 1; }
drive sync.mjs
