#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Agents, jobs and simulations, in a browser: with an agent that does what it is told.
set -uo pipefail
# shellcheck source=tests/e2e/host.sh
. "${ROYAL_SRCDIR:?}/tests/e2e/host.sh"

add_agent good
listen
load_season Coats || exit 1
drive agents.mjs E2E_SEASON="$season"
