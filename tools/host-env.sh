# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the demo and by tests of the whole host: an installed copy in a folder of its own, a host on it, royalctl to
# it. The folder is open to an unprivileged user, whom the host becomes when it is started as root.
#
#   host_env BUILDDIR    makes the folder ($host_dir), installs into it
#   host_start [VAR=VALUE…] [-- OPTION…]   starts royald ($host_pid) and waits until it is ready
#                        $host_wrapper, if set, is a program that runs it
#   host_stop            stops it (SIGTERM) and waits; host_kill: SIGKILL
#   ctl …                royalctl
#   host_env_remove      stops what runs and removes the folder

host_env () {
  host_dir=$(mktemp -d "${TMPDIR:-/tmp}/royal.XXXXXX")
  host_pid=
  chmod 755 "$host_dir"
  DESTDIR=$host_dir/root meson install -C "$1" --no-rebuild --quiet >"$host_dir/install.log" 2>&1 \
    || { cat "$host_dir/install.log" >&2; return 1; }
  host_bin=$(dirname "$(find "$host_dir/root" -name royald -type f)")
  host_worker=$(find "$host_dir/root" -name royal-worker -type f)
  host_plugins=$(find "$host_dir/root" -type d -path '*/royal/plugins')
  mkdir "$host_dir/manifests"
  cp "$(dirname "${BASH_SOURCE[0]}")"/../manifests/*.json "$host_dir/manifests/"
  cp -r "$(dirname "${BASH_SOURCE[0]}")"/../manifests/workflows "$host_dir/manifests/"
  mkdir -m 700 "$host_dir/data" "$host_dir/run"
  export ROYAL_SOCKET=$host_dir/run/royald.sock
}

host_ready () { curl -sf -o /dev/null --unix-socket "$ROYAL_SOCKET" "http://royal/${1:-readyz}"; }

host_spawn () { # host_spawn [VAR=VALUE…] [-- OPTION…]: without waiting
  local vars=()
  while [ $# -gt 0 ] && [ "$1" != -- ]; do vars+=("$1"); shift; done
  [ $# -eq 0 ] || shift
  env "${vars[@]}" ${host_wrapper:+"$host_wrapper"} "$host_bin/royald" --data-dir="$host_dir/data" --socket="$ROYAL_SOCKET" --plugins="$host_plugins" \
    --manifests="$host_dir/manifests" --worker="$host_worker" "$@" >>"$host_dir/royald.log" 2>&1 &
  host_pid=$!
}

# shellcheck disable=SC2120
host_wait_ready () { # host_wait_ready [healthz]: fails when the host ends first
  local _
  for _ in $(seq 600); do
    if host_ready "$@"; then return 0; fi
    kill -0 "$host_pid" 2>/dev/null || return 1
    sleep 0.05
  done
  return 1
}

# shellcheck disable=SC2120 # all arguments are optional
host_start () {
  host_spawn "$@"
  host_wait_ready || { echo 'the host did not become ready:' >&2; tail -n 20 "$host_dir/royald.log" >&2; return 1; }
}

host_end () { # host_end SIGNAL
  [ -n "$host_pid" ] || return 0
  kill "-$1" "$host_pid" 2>/dev/null || true
  wait "$host_pid" 2>/dev/null
  local status=$?
  host_pid=
  return $status
}
host_stop () { host_end TERM; }
host_kill () { host_end KILL || true; }

ctl () { "$host_bin/royalctl" "$@"; }

host_env_remove () {
  [ -n "${host_dir:-}" ] || return 0
  host_end TERM || true
  chmod -R u+rwX "$host_dir" # the folders of modules are read-only
  rm -rf "$host_dir"
  host_dir=
}
