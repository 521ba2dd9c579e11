#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test-snippets CC... — every C example of the papers that includes <royal/agent.h> compiles as it stands.
set -uo pipefail
top=$(dirname "$(readlink -f "$0")")/../..
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
read -ra flags < <(pkg-config --cflags gmodule-2.0 json-glib-1.0)
number=0

snippets () { # snippets FILE: each block of C goes to $tree/N.c
  awk -v tree="$tree" '/^```c$/ { n++; out = tree "/" n ".c"; next } /^```$/ { out = ""; next } out { print > out }' "$1"
}

cd "$top" || exit
while IFS= read -r paper; do
  rm -f "$tree"/*.c
  snippets "$paper"
  for snippet in "$tree"/*.c; do
    grep -q '^#include <royal/agent.h>' "$snippet" 2>/dev/null || continue
    number=$((number + 1))
    if out=$("${@:-cc}" -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -fPIC -Isdk/include "${flags[@]}" -c -o "$tree/a.o" "$snippet" 2>&1); then
      echo "ok $number /snippets/$paper/$(basename "$snippet" .c)"
    else
      echo "not ok $number /snippets/$paper/$(basename "$snippet" .c)"
      printf '%s\n' "$out" | sed 's/^/# /'
    fi
  done
done < <(find . -name '*.md' -not -path './build*' -not -path './.git/*' -printf '%P\n' | LC_ALL=C sort)
echo "1..$number"
