#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test-shopify-schema.sh FOLDER TEST… — every operation of the connector in FOLDER, and every request and answer of the programs
# TEST, is one of Shopify's own Admin schema: of the version that the connector is made for, and of the next.
# The packages that hold it (package-lock.json) are fetched in CI, or when ROYAL_SHOPIFY_SCHEMA is set, and kept.
set -euo pipefail
folder=$1; shift
here=$(dirname "$(readlink -f "$0")")
modules=$here/node_modules
version=$(sed -n 's/^#define RH_SHOPIFY_API "\(.*\)"$/\1/p' "$folder/rh-shopify-place.h")
skip () { echo "1..0 # SKIP $1"; exit 0; }

for command in node npm; do
  command -v "$command" >/dev/null || skip "there is no $command"
done
[ -e "$modules/.royal-ready" ] || [ -n "${CI:-}${ROYAL_SHOPIFY_SCHEMA:-}" ] \
  || skip 'the packages are not there; with ROYAL_SHOPIFY_SCHEMA=1 they are fetched'
"$here/../../tools/npm-packages" "$here"

echo "1..5"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0
tap () { # tap WHAT COMMAND…: passes when the command does
  local what=$1 verdict=ok; shift
  n=$((n + 1))
  "$@" >"$dir/out" 2>&1 || verdict='not ok'
  sed 's/^/# /; 40q' "$dir/out"
  echo "$verdict $n - $what"
}
judge () { node "$here/judge.cjs" "$modules" "$@"; }
refuses () { # refuses WORD VERSION …: the judge says WORD
  local word=$1; shift
  if judge "$@" >"$dir/said"; then return 1; fi
  grep -- "$word" "$dir/said"
}

# A test that needs a database gives up being root.
chmod 711 "$dir"
: >"$dir/exchanges"
chmod 666 "$dir/exchanges"
for program in "$@"; do
  ROYAL_SHOPIFY_EXCHANGES=$dir/exchanges "$program" >"$dir/test.out"
done
[ -s "$dir/exchanges" ]
next=$(find "$modules/@shopify/dev-mcp/dist/data" -name 'admin_2*.json.gz' -printf '%f\n' | sed 's/admin_\(.*\)\.json\.gz/\1/' \
  | sort | awk -v now="$version" '$0 > now && !n++')
tap "operations and exchanges, $version" judge "$version" "$folder/graphql" "$dir/exchanges"
tap "operations and exchanges, ${next:-no next version}" judge "${next:-none}" "$folder/graphql" "$dir/exchanges"

# What would tell if they were not.
mkdir "$dir/bad"
cat >"$dir/bad/a.graphql" <<'END'
mutation A ($input: InventorySetQuantitiesInput!) { inventorySetQuantities(input: $input) { userErrors { code } } }
END
tap 'a key that is missing is found' refuses 'requires @idempotent' "$version" "$dir/bad"
cat >"$dir/bad/a.graphql" <<'END'
query A { currentBulkOperation { id } }
END
tap 'what is deprecated is found' refuses 'deprecated' "$version" "$dir/bad"
sed -n '/"currencyCode":"EUR"/{s//"currencyCode":"EURO"/p;q}' "$dir/exchanges" >"$dir/wrong"
tap 'an answer that is none of the schema is found' refuses 'the answer' "$version" "$folder/graphql" "$dir/wrong"
[ "$n" = 5 ]
