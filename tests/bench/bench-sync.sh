#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 10,000 products of a shop to a repository through a whole host: the first run (in the parts that there must be), one in which
# nothing changed, and one in which a hundredth did; each from asking royalctl until what was proposed is done. Beside it, in the
# same run, what plain git takes to add and commit the same files, and to push them to a bare repository. ROYAL_BENCH_PRODUCTS
# makes it smaller.
# shellcheck disable=SC2154 # what sync-host.sh sets
set -uo pipefail
build=${ROYAL_BUILDDIR:?}
ROYAL_SRCDIR=$(cd "$(jq -r '.directories.source' "$build/meson-info/meson-info.json")" && pwd)
export ROYAL_SRCDIR
# shellcheck source=tests/integration/daemon.sh
. "$ROYAL_SRCDIR/tests/integration/daemon.sh"
# shellcheck source=tests/integration/sync-host.sh
. "$ROYAL_SRCDIR/tests/integration/sync-host.sh"
n=${ROYAL_BENCH_PRODUCTS:-10000}
die () { echo "bench sync: $1: ${result:-}" >&2; tail -n 5 "$host_dir/royald.log" >&2; exit 1; }

begin
sync_begin shop
sync_configure shop 4000
host_start || exit 1
sync_products "$n"

now () { date +%s.%N; }
lap () { # lap VARIABLE SINCE
  printf -v "$1" '%s' "$(awk -v a="$2" -v b="$(now)" 'BEGIN { printf "%.3f", b - a }')"
}

begin=$(now)
sync_export || die 'the first run'
lap first_s "$begin"
parts=$runs
sync_merge shop
[ "$(git_in shop ls-tree -r --name-only main products | wc -l)" = $((n * 2)) ] || die 'the first run is not whole'
echo "first run: $n products, $parts commits, $first_s s"

sync_export || die 'the run that finds both sides alike'
begin=$(now)
sync_export || die 'a run without changes'
lap unchanged_s "$begin"
[ "$(of .files)" = 0 ] || die 'a run without changes makes a commit'
echo "nothing changed: $unchanged_s s"

sync_products "$n" 2 'i % 100 = 7'
begin=$(now)
sync_export || die 'a run with changes'
lap changed_s "$begin"
[ "$(of .files)" = $((n / 100)) ] || die 'a hundredth changed'
echo "a hundredth changed: $(of .files) files, $changed_s s"

# The same files with git alone.
mkdir "$host_dir/plain"
git init -q --bare -b main "$host_dir/plain.git"
git_in shop archive main products | tar -x -C "$host_dir/plain"
git init -q -b main "$host_dir/plain"
begin=$(now)
git -C "$host_dir/plain" add products
git -C "$host_dir/plain" -c user.name=x -c user.email=x@localhost commit -q -m first
git -C "$host_dir/plain" push -q "$host_dir/plain.git" main
lap git_s "$begin"
[ "$(git -C "$host_dir/plain" rev-parse main:products)" = "$(tree_of shop main)" ] || die 'git has another tree'
echo "git add, commit and push of the same files: $git_s s"
jq -nc --argjson products "$n" --argjson parts "$parts" --argjson first "$first_s" --argjson unchanged "$unchanged_s" \
  --argjson changed "$changed_s" --argjson git "$git_s" \
  '{ bench: "sync", products: $products, commits: $parts, first_s: $first, unchanged_s: $unchanged, changed_s: $changed, git_s: $git,
     ratio: ($first / $git * 100 | round / 100) }'
