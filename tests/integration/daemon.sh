# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by tests of the whole host: TAP, and what they do with it again and again.
# shellcheck source=tools/host-env.sh
. "${ROYAL_SRCDIR:?}/tools/host-env.sh"

number=0
failed=0
ok () { # ok STATUS NAME [DETAIL]
  number=$((number + 1))
  if [ "$1" = 0 ]; then echo "ok $number - $2"; return 0; fi
  echo "not ok $number - $2"
  printf '%s\n' "${3:-}" | sed 's/^/# /'
  failed=1
}
skip () { number=$((number + 1)); echo "ok $number - $1 # SKIP $2"; }
is () { # is NAME WANTED FOUND
  [ "$2" = "$3" ]
  ok $? "$1" "expected: $2
found: $3"
}
runs () { # runs STATUS NAME COMMAND…: what it says is in $out
  local want=$1 name=$2 got
  shift 2
  out=$("$@" 2>&1)
  got=$?
  [ "$got" = "$want" ]
  ok $? "$name" "status $got, expected $want: $out"
}
says () { # says NAME TEXT: in $out
  case $out in *"$2"*) ok 0 "$1" ;; *) ok 1 "$1" "expected: $2
in: $out" ;; esac
}
until_ok () { # until_ok COMMAND…: for 15 s
  local _
  for _ in $(seq 300); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.05
  done
  return 1
}
soon () { # soon NAME COMMAND…
  local name=$1
  shift
  until_ok "$@"
  ok $? "$name" "not within 15 s: $*"
}
finish () {
  if [ $failed = 1 ] && [ -f "${host_dir:-}/royald.log" ]; then tail -n 40 "$host_dir/royald.log" | sed 's/^/# /'; fi
  echo "1..$number"
  exit $failed
}
begin () { # begin: an installed host, not started
  host_env "${ROYAL_BUILDDIR:?}" || exit 1
  # shellcheck disable=SC2317 # the trap calls it
  leave () { host_env_remove; }
  trap leave EXIT
  fixtures=$ROYAL_SRCDIR/tests/fixtures/season
}

# The unprivileged user that the host is; as root this is another user than the test's.
if [ "$(id -u)" = 0 ]; then as_user () { setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups -- "$@"; }
else as_user () { "$@"; }; fi

add_agent () { # add_agent MODULE [GRANTS]: built beside the tests, asks and gets what it wants
  cp "$ROYAL_BUILDDIR/tests/fixtures/agents/$1.so" "$host_plugins/"
  printf '{ "agent": "%s", "module": "%s.so", "grants": %s, "limits": { "wall_s": 60, "workers": 1 } }\n' "$1" "$1" \
    "${2:-{\}}" >"$host_dir/manifests/$1.json"
}

# What people do.
load_season () { # load_season NAME: the id is in $season
  season=$(ctl season load --json --category dresses --name "$1" --start 2025-03-01 --weeks 12 \
    --stores "$fixtures/stores.csv" --forecast "$fixtures/forecast.csv" --actuals "$fixtures/actuals.csv" | jq -er .season)
}
checkpoint () { ctl jobs run markdown checkpoint --input "{\"season\":\"$season\"}" --wait; }
proposals () { ctl approvals list --state all --json | jq -e --arg season "$season" "[.items[] | select(.target == \$season)] | $1"; }
find_proposal () { proposal=$(proposals '.[0].id' | tr -d '"') && [ "$proposal" != null ]; }
proposal_is () { [ "$(ctl approvals show "$proposal" --json | jq -r .state)" = "$1" ]; }
markdowns () { ctl season show "$season" --json | jq -r .markdowns; }
job_is () { [ "$(ctl jobs show "$1" --json | jq -r .state)" = "$2" ]; }
propose () { # propose NAME: a season, and the one proposal for it in $proposal
  load_season "$1" && checkpoint >/dev/null && find_proposal
}

http () { curl -s --max-time 5 --unix-socket "$ROYAL_SOCKET" "http://royal$1" "${@:2}"; }
http_status () { http "$1" -o /dev/null -w '%{http_code}' "${@:2}"; }
http_is () { [ "$(http_status "$1")" = "$2" ]; }
processes () { # processes TEXT: pids of what has TEXT in its command line
  local pid
  for pid in /proc/[0-9]*; do
    if { tr '\0' ' ' <"$pid/cmdline"; } 2>/dev/null | grep -qF -- "$1"; then basename "$pid"; fi
  done
}
workers_of () { ctl agents show "$1" --json | jq -r '.workers.workers[].pid'; }
postmaster () { as_user head -n 1 "$host_dir/data/postgres/data/postmaster.pid"; }
