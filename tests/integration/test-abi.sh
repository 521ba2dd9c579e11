#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every plugin of tests/fixtures/abi runs in today's worker. Arguments: royal-agent, royal-worker, plugin and scenarios.
set -uo pipefail
export ROYAL_WORKER=$2
exec "$1" test --plugin "$3" "$4"
