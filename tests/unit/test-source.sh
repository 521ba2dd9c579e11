#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/check-source accepts a good file and finds each fault in a file that differs by that fault alone.
set -uo pipefail
top=$(dirname "$(readlink -f "$0")")/../..
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
number=0
spdx='/* SPDX-License-Identifier: Apache-2.0 */'

check () { # check NAME FILE EXPECT: the file's text is on stdin; EXPECT is empty when it is good
  local out status
  rm -rf "${tree:?}"/*
  cat >"$tree/$2"
  out=$("$top/tools/check-source" "$tree" 2>&1)
  status=$?
  number=$((number + 1))
  if { [ -z "$3" ] && [ $status = 0 ]; } || { [ -n "$3" ] && [ $status = 1 ] && grep -qF -- "$2:$3" <<<"$out"; }; then
    echo "ok $number /source/$1"
  else
    echo "not ok $number /source/$1"
    printf '%s\n' "exit $status: $out" | sed 's/^/# /'
  fi
}

body () { # body LINES: a function with so many lines
  printf '%s\n\nvoid\nlong_one (void)\n{\n' "$spdx"
  seq -f '  call (%g);' "$1"
  echo '}'
}

check good-header a.h '' < <(printf '%s\n#pragma once\n' "$spdx")
check good-function a.c '' < <(body 80)
check long-function a.c '87: a function of 81 lines, at most 80' < <(body 81)
check good-table a.c '' < <(body 60 | sed '/^{$/r '<(echo '  static const int t[] = {'; seq -f '    %g,' 30; echo '  };'))
check long-file a.c '801: over 800 lines' < <({ echo "$spdx"; seq -f '/* %g */' 800; })
check licence a.c '1: the first line is not the SPDX line' < <(echo 'int a;')
check pragma a.h '2: the second line is not #pragma once' < <(printf '%s\nint a;\n' "$spdx")
check tab a.c '2: tab' < <(printf '%s\n\tint a;\n' "$spdx")
check space a.c '2: space at the end of the line' < <(printf '%s\nint a; \n' "$spdx")
check unfinished a.c '2: unfinished' < <(printf '%s\n/* %s: later */\n' "$spdx" TO'DO')
check jump a.c '2: goto' < <(printf '%s\n  %s out;\n' "$spdx" go'to')
check path a.c '2: a path of one machine' < <(printf '%s\n/* /%s/someone/x */\n' "$spdx" home)
check script-licence run '2: the second line is not the SPDX line' < <(printf '#!/bin/sh\necho\n')
check dead-link a.md ' the link there.md leads nowhere' < <(echo '[here](there.md)')
check live-link a.md '' < <(echo '[here](a.md#part) [web](https://example.com/)')
echo "1..$number"
