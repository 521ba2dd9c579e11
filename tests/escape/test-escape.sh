#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The escape lab: every attack is a task of a hostile plugin, run by the real host. Each must fail, and leave the host
# serving and its other agents untouched. Then a second run, with the layer that stops an attack switched off, shows that
# the attack is real: there it must succeed.
set -euo pipefail
# shellcheck source=tools/host-env.sh
. "${ROYAL_SRCDIR:?}/tools/host-env.sh"
attacks=$ROYAL_SRCDIR/tests/escape/attacks
fixtures=$ROYAL_SRCDIR/tests/fixtures/season

# Attacks that succeed when these layers are left out, and do no harm when they do.
# shellcheck disable=SC2054 # commas join layers
declare -A stopped_by=(
  [network.udp]=seccomp [network.unix_socket]=seccomp [network.unix_pair]=seccomp [network.netlink]=seccomp
  [network.tcp_bind]=seccomp,landlock [constructor-network.tell]=seccomp
  [files.read_passwd]=landlock [files.read_own_proc]=landlock [files.list_root]=landlock [files.read_named]=landlock
  [files.read_other_plugin]=landlock [files.read_data]=landlock [files.read_manifest]=landlock
  [constructor-file.tell]=landlock
  [files.write_tmp]=seccomp,landlock [files.make_folder]=seccomp,landlock
  [process.open_pidfd]=seccomp [process.take_back_cpu]=seccomp [process.be_debugged]=seccomp
  [process.shell]=seccomp,landlock,rlimits
  [exhaust.address_space]=rlimits
)

# Attacks that a second layer stops when the first is left out.
declare -A stopped_twice=(
  [network.tcp_bind]=seccomp [files.write_tmp]=seccomp [files.make_folder]=seccomp [files.write_named]=landlock
  [process.shell]=landlock [wire.shrinking_memfd]=seccomp
)

[ "${ROYAL_TEST_SANITIZED:-0}" = 0 ] || unset 'stopped_by[exhaust.address_space]'

cases=0 failed=0 blocked=0
tap () { # tap OK DESCRIPTION
  cases=$((cases + 1))
  if [ "$1" = ok ]; then echo "ok $cases - $2"; else failed=$((failed + 1)); echo "not ok $cases - $2"; fi
}

# One plugin an attack: the module of its group, with a manifest of its own, so that each has workers of its own.
make_plugin () { # make_plugin GROUP TASK
  local name=attack-$1-${2//_/-} group=$attacks/attack-$1.json
  jq --arg id "$name" --arg task "$2" '.id = $id | .name = $id' "$group" >"$host_dir/manifest"
  objcopy --update-section .royal.manifest="$host_dir/manifest" "$ROYAL_BUILDDIR/tests/escape/attack-$1.so" \
    "$host_dir/attacks/$name.so"
  jq -n --arg agent "$name" --arg task "$2" '{agent: $agent, module: ($agent + ".so"), tasks: [$task],
      limits: {memory_mb: 256, cpu_s: 2, wall_s: 4, workers: 1, warm: 0},
      retry: {attempts: 1, backoff_ms: 10, backoff_max_ms: 20}}
    | if $agent | startswith ("attack-liar") then .grants = {writes: [{action: "markdown.apply"}]}
      elif $agent == "attack-wire-host-memfd" then .grants = {reads: ["retail.sales"]} else . end' \
    >"$host_dir/manifests/$name.json"
}

prepare () {
  local name
  host_env "${ROYAL_BUILDDIR:?}"
  mkdir "$host_dir/attacks"
  for name in $(all_attacks); do make_plugin "${name%%.*}" "${name#*.}"; done
  mkdir -m 755 "$host_dir/secret"
  echo 'a price list' >"$host_dir/secret/other.txt"
  chmod 666 "$host_dir/secret/other.txt"
}

start () { host_start -- --plugins="$host_plugins:$host_dir/attacks" "$@"; }

input_for () {
  case $1 in
    files.*)
      jq -n --arg path "$host_dir/secret/other.txt" --argjson host "$host_pid" --arg data "$host_dir/data/host-id" \
        --arg plugin "$(find "$host_dir/data/modules" -name '*.so' | head -n 1)" \
        --arg manifest "$host_dir/manifests/markdown.json" \
        '{path: $path, host: $host, data: $data, plugin: $plugin, manifest: $manifest}'
      ;;
    wire.host_memfd) jq -n --arg season "$season" '{season: $season}' ;;
    process.*) jq -n --argjson host "$host_pid" '{host: $host}' ;;
    gate.* | liar.*) jq -n --arg season "$season" '{season: $season}' ;;
    *) echo '{}' ;;
  esac
}

# attack GROUP.TASK: prints `blocked HOW`, `escaped HOW` or `lost HOW`
attack () {
  local job task=${1#*.}
  job=$(ctl jobs run "attack-${1%%.*}-${task//_/-}" "$task" --input "$(input_for "$1")" --wait --json 2>&1 || true)
  jq -r 'if .state == "completed" then (if .result.escaped then "escaped " else "blocked " end) + (.result.how // "" | .[0:150])
         elif .state == "dead" or .state == "quarantined" then "blocked " + (.error.message // "" | .[0:150])
         else "lost " + tostring end' <<<"$job" 2>/dev/null || echo "lost $job"
}

# The host is the same process, ready, and its other agent does its work.
untouched () {
  kill -0 "$host_pid" 2>/dev/null && host_ready && [ "$(cat "$host_dir/secret/other.txt")" = 'a price list' ]
}
neighbour_works () {
  [ "$(ctl jobs run markdown checkpoint --input "{\"season\":\"$season\"}" --wait --json | jq -r .state)" = completed ]
}

# A sanitizer maps terabytes: sanitized workers have no ceiling of address space, so nothing stops that attack.
all_attacks () {
  list_attacks | if [ "${ROYAL_TEST_SANITIZED:-0}" = 1 ]; then grep -v '^exhaust\.address_space$'; else cat; fi
}

list_attacks () {
  local manifest
  for manifest in "$attacks"/attack-*.json; do
    jq -r --arg group "$(basename "$manifest" .json)" '.tasks | keys_unsorted[] | ($group | sub("^attack-"; "")) + "." + .' "$manifest"
  done
}

# Attacks that wait more than they work run side by side; those that flood or burn run one by one.
attack_into () { attack "$1" >"$host_dir/verdicts/$1"; }

attack_all () { # attack_all NAME…: verdicts into $host_dir/verdicts
  local name
  mkdir -p "$host_dir/verdicts"
  for name in "$@"; do
    case $name in
      exhaust.* | wire.flood | wire.never_read) continue ;;
    esac
    while [ "$(jobs -pr | wc -l)" -gt 6 ]; do wait -n || true; done
    attack_into "$name" &
  done
  while [ "$(jobs -pr | wc -l)" -gt 1 ]; do wait -n || true; done
  for name in "$@"; do
    case $name in
      exhaust.* | wire.flood | wire.never_read) attack_into "$name" ;;
    esac
  done
}

run_all () {
  local name verdict
  # shellcheck disable=SC2046
  attack_all $(all_attacks)
  for name in $(all_attacks); do
    verdict=$(cat "$host_dir/verdicts/$name")
    if [ "${verdict%% *}" = blocked ]; then
      blocked=$((blocked + 1))
      tap ok "$name: ${verdict#* }"
    else
      tap no "$name: $verdict"
    fi
  done
  if untouched; then tap ok 'the host is the same, and serves'; else tap no 'the host is hurt'; fi
}

run_without () { # run_without LAYERS: the attacks that these layers stop must succeed now
  local name verdict
  host_stop
  start --without-sandbox="$1"
  for name in "${!stopped_by[@]}"; do
    [ "${stopped_by[$name]}" = "$1" ] || continue
    verdict=$(attack "$name")
    if [ "${verdict%% *}" = escaped ]; then tap ok "$name succeeds without $1"; else tap no "$name without $1: $verdict"; fi
  done
  for name in "${!stopped_twice[@]}"; do
    [ "${stopped_twice[$name]}" = "$1" ] || continue
    verdict=$(attack "$name")
    if [ "${verdict%% *}" = blocked ]; then tap ok "$name is blocked without $1: ${verdict#* }"; else tap no "$name without $1: $verdict"; fi
  done
  rm -rf /tmp/royal-escaped /tmp/royal-escaped.d
}

prepare
trap host_env_remove EXIT
start
season=$(ctl season load --json --category dresses --name 'Escape' --start 2025-03-01 --weeks 12 \
  --stores "$fixtures/stores.csv" --forecast "$fixtures/forecast.csv" --actuals "$fixtures/actuals.csv" | jq -er .season)
before=$(ctl season show "$season" --json | jq -c '[.markdowns, .current_markdown_pct]')
run_all
if neighbour_works; then tap ok 'the other agent works on'; else tap no 'the other agent is hurt'; fi
if [ "$(ctl season show "$season" --json | jq -c '[.markdowns, .current_markdown_pct]')" = "$before" ]; then
  tap ok 'nothing was written'
else
  tap no 'something was written'
fi
if ctl audit verify >/dev/null; then tap ok 'the audit holds'; else tap no 'the audit does not hold'; fi
echo "# $(all_attacks | wc -l) attacks, $blocked blocked"

# On a kernel that lacks a layer no plugin runs, unless the operator says so.
host_stop
host_wrapper=$ROYAL_BUILDDIR/tests/escape/without-landlock
host_spawn -- --plugins="$host_plugins:$host_dir/attacks"
host_wait_ready healthz
verdict=$(attack files.read_passwd)
case $verdict in
  blocked*andlock*) tap ok "without Landlock in the kernel no plugin runs: ${verdict#* }" ;;
  *) tap no "without Landlock in the kernel: $verdict" ;;
esac
ctl sandbox | sed 's/^/# /'
host_wrapper=

for layers in $(printf '%s\n' "${stopped_by[@]}" | sort -u); do run_without "$layers"; done
host_stop
echo "1..$cases"
[ "$failed" = 0 ]
