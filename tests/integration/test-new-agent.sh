#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From `royal-agent new` to a proposal that waits for a person: a new agent is scaffolded, built out of tree against the
# installed SDK, enabled on a host that runs, and asked.
# shellcheck disable=SC2119 # host_start without arguments
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
host_start; ok $? 'a host runs'
export PATH="$host_bin:$PATH"
PKG_CONFIG_PATH=$(dirname "$(find "$host_dir/root" -name royal-sdk.pc)")
export PKG_CONFIG_PATH
cd "$host_dir" || exit 1

# The developer
runs 0 'royal-agent new' royal-agent new slow-movers
lines=$(wc -l <slow-movers/slow-movers.c)
[ "$lines" -le 20 ]; ok $? "an agent is at most 20 lines of C" "it has $lines"
is 'all of its C' 'slow-movers/slow-movers.c' "$(find slow-movers -name '*.c')"
runs 0 'it is set up out of tree' meson setup slow-movers/build slow-movers
runs 0 'and builds' ninja -C slow-movers/build
runs 0 'and passes its tests' meson test -C slow-movers/build
runs 0 'and the tool finds nothing wrong' royal-agent check slow-movers/build/slow-movers.so

# The operator
runs 1 'the host does not know it' ctl jobs run slow-movers review --input '{"season":"x"}'
cp slow-movers/build/slow-movers.so "$host_plugins/"
cp slow-movers/operator.json "$host_dir/manifests/slow-movers.json"
runs 0 'its manifest holds' ctl manifest check "$host_dir/manifests/slow-movers.json"
runs 0 'a reload enables it' ctl reload
runs 0 'it is there' ctl agents show slow-movers
load_season summer
ok $? 'a season is there, half of it sold'
runs 0 'it runs' ctl jobs run slow-movers review --input "{\"season\":\"$season\"}" --wait
is 'and finds that enough' 0 "$(proposals length)"
jq '.config.target = 0.6' slow-movers/operator.json >"$host_dir/manifests/slow-movers.json"
runs 0 'the operator wants more' ctl reload
runs 0 'it runs again' ctl jobs run slow-movers review --input "{\"season\":\"$season\"}" --wait
find_proposal; ok $? 'it has proposed'
runs 0 'the proposal is shown' ctl approvals list
says 'as that agent'"'"'s' slow-movers
says 'as a markdown' markdown.apply
is 'and waits' '["slow-movers","pending"]' "$(ctl approvals show "$proposal" --json | jq -c '[.agent, .state]')"
is 'nothing has happened yet' 0 "$(markdowns)"
runs 0 'a person approves' ctl approvals approve "$proposal" --yes
soon 'it is executed' proposal_is executed
is 'once' 1 "$(markdowns)"

# Changed and built again: a reload takes the new version without a restart.
sed -i 's/"version": "0.1.0"/"version": "0.2.0"/' slow-movers/manifest.json
ninja -C slow-movers/build >/dev/null
cp --remove-destination slow-movers/build/slow-movers.so "$host_plugins/"
runs 0 'a reload takes a new version' ctl reload
is 'which is then the one' 0.2.0 "$(ctl agents show slow-movers --json | jq -r .version)"
host_stop; ok $? 'the host stops'
finish
