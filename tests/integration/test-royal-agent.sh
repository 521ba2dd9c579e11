#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A developer's way with the installed SDK: scaffold, build out of tree, check, run, test; and what is refused, said well.
# Arguments: the build folder, the folder of ABI fixtures' plugins.
set -uo pipefail
build=$1
source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
number=0
failed=0

ok () { # ok STATUS NAME [DETAIL]
  number=$((number + 1))
  if [ "$1" = 0 ]; then echo "ok $number - $2"; return; fi
  echo "not ok $number - $2"
  printf '%s\n' "${3:-}" | sed 's/^/# /'
  failed=1
}
runs () { # runs STATUS NAME COMMAND... : the output is in $out
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

echo 1..44
runs 0 "install into a folder of its own" env DESTDIR="$work/root" meson install -C "$build" --no-rebuild --quiet
pc=$(find "$work/root" -name royal-sdk.pc -printf '%h\n' | head -n 1)
bin=$(dirname "$(find "$work/root" -path '*/bin/royal-agent' | head -n 1)")
export PATH="$bin:$PATH" PKG_CONFIG_PATH="$pc"
unset ROYAL_WORKER
runs 0 "the SDK is found by pkg-config" pkg-config --cflags royal-sdk
runs 0 "the tool is named by pkg-config" test -x "$(pkg-config --variable=royal_agent royal-sdk)"
runs 0 "the worker is named by pkg-config" test -x "$(pkg-config --variable=worker royal-sdk)"

cd "$work" || exit 1
runs 0 "new writes a project" royal-agent new hello
runs 1 "new leaves an existing folder alone" royal-agent new hello
runs 2 "new refuses a name that is no id" royal-agent new Hello
# Every command of the guide, as it stands there.
mkdir guide
awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$source/docs/plugin-guide.md" >guide/commands
runs 0 "the guide's commands run" env -C guide bash commands
says "and show a slip of the pen" 'unknown member `raeds`; did you mean `reads`?'
says "and end with tests that pass" "
ok 2 - a slow season is marked down"

cd hello || exit 1
runs 0 "the project is set up" meson setup build
runs 0 "the project builds without a warning" ninja -C build
case $out in *warning*) ok 1 "no warning" "$out" ;; *) ok 0 "no warning" ;; esac
runs 0 "the project's tests pass" meson test -C build
runs 0 "check is content" royal-agent check build/hello.so
says "check has loaded it" "code and manifest agree on 1"
runs 0 "run runs it" royal-agent run build/hello.so review --input '{"season":"summer"}' --fixtures fixtures
says "run prints the proposal" "proposal 1: markdown.apply on summer"
runs 0 "run prints JSON" royal-agent run build/hello.so review --input '{"season":"summer"}' --fixtures fixtures --json
runs 0 "that is JSON" jq -e '.proposals[0].parameters.markdown_pct == 0.2 and .result.state == "pending"' <<<"$out"
runs 1 "run checks the input" royal-agent run build/hello.so review --input '{"saison":"summer"}' --fixtures fixtures
says "and says what is wrong" 'unknown member `saison`; did you mean `season`?'
runs 1 "run names the task that was meant" royal-agent run build/hello.so reveiw
says "with a suggestion" 'did you mean `review`?'

# A change of the manifest alone builds the plugin anew.
sed -i 's/"version": "0.1.0"/"version": "0.2.0"/' manifest.json
runs 0 "a changed manifest is built in" ninja -C build
runs 0 "and found in the plugin" royal-agent check build/hello.so
says "with its new version" "hello 0.2.0"

# What goes wrong in practice.
sed -i 's/"reads": \["retail.season"\]/"reads": ["retail.sales"]/' manifest.json
ninja -C build >/dev/null
runs 1 "a scenario finds a read that is not asked for" royal-agent test --plugin build/hello.so tests/low.json
says "and names it" 'resource retail.season is not in the manifest'
cat >bad.c <<'C'
#include <royal/agent.h>
#include <stdlib.h>
#include <sys/socket.h>
static JsonNode *
other (RoyalRun *run, JsonObject *input, GError **error)
{
  return socket (AF_INET, SOCK_STREAM, 0) + system ("true") > 0 ? NULL : json_node_new (JSON_NODE_NULL);
}
ROYAL_AGENT (ROYAL_TASK ("other", other))
C
# shellcheck disable=SC2046 # words are wanted
gcc -shared -fPIC -fvisibility=hidden -DROYAL_MANIFEST="\"$PWD/manifest.json\"" $(pkg-config --cflags royal-sdk) -o bad.so bad.c
runs 1 "check refuses what the sandbox would kill" royal-agent check bad.so
says "socket" "socket: there is no network in the sandbox"
says "a task that only the manifest has" "review is in the manifest but not in the code"

# A run that ends badly says how, and the tool ends with it.
cat >trouble.c <<'C'
#include <royal/agent.h>
#include <stdlib.h>
#include <sys/socket.h>
static JsonNode *
crash (RoyalRun *run, JsonObject *input, GError **error)
{
  abort ();
}
static JsonNode *
spin (RoyalRun *run, JsonObject *input, GError **error)
{
  for (volatile int i = 0;; i++)
    continue;
}
static JsonNode *
dial (RoyalRun *run, JsonObject *input, GError **error)
{
  return socket (AF_INET, SOCK_STREAM, 0) >= 0 ? NULL : json_node_new (JSON_NODE_NULL);
}
static JsonNode *
silent (RoyalRun *run, JsonObject *input, GError **error)
{
  return NULL;
}
static JsonNode *
table (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr(RoyalTable) t = royal_run_read (run, "a.t", NULL, error);
  return t != NULL ? json_node_init_int (json_node_alloc (), royal_table_int64 (t, 0)[1]) : NULL;
}
ROYAL_AGENT (ROYAL_TASK ("crash", crash), ROYAL_TASK ("spin", spin), ROYAL_TASK ("dial", dial),
             ROYAL_TASK ("silent", silent), ROYAL_TASK ("table", table))
C
cat >trouble.json <<'J'
{ "id": "trouble", "name": "Trouble", "version": "1.0.0", "description": "Ends badly.", "abi": 1, "reads": ["a.t"],
  "tasks": { "crash": { "description": "x" }, "spin": { "description": "x" }, "dial": { "description": "x" },
             "silent": { "description": "x" }, "table": { "description": "x" } } }
J
# shellcheck disable=SC2046
gcc -shared -fPIC -fvisibility=hidden -DROYAL_MANIFEST="\"$PWD/trouble.json\"" $(pkg-config --cflags royal-sdk) -o trouble.so trouble.c
runs 1 "a crash fails the run" royal-agent run trouble.so crash
says "and is named" "error (failed)"
runs 1 "a run without end is ended" royal-agent run --timeout 1 trouble.so spin
says "for that reason" "error (timeout): the task did not end within 1 s"
runs 1 "a call that is not allowed ends the worker" royal-agent run trouble.so dial
says "and says why" "a system call that it does not allow"
runs 1 "a failure without an error is one" royal-agent run trouble.so silent
mkdir tables
printf 'n:int64\n1\n42\n' >tables/a.t.csv
runs 0 "a table comes from a file" royal-agent run --fixtures tables trouble.so table
says "with its rows" "result: 42"
runs 0 "without the sandbox it runs too" royal-agent run --no-sandbox --fixtures tables trouble.so table

strip -o stripped.so build/hello.so
runs 0 "a stripped plugin keeps its manifest" royal-agent check stripped.so
runs 2 "an unknown command is wrong usage" royal-agent chek
exit $failed
