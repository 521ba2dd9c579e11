#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 10,000 recorded proposals against a policy that is not in force, on a whole host: out of its database, over HTTP, to a list of
# what would have been decided otherwise. The time that it took is told, not judged.
# shellcheck disable=SC2317 # functions are called by name
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
pg=$(dirname "$(find /usr/lib/postgresql -name psql -path '*/bin/*' | sort -V | tail -n 1)")
as_owner () { as_user "$pg/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$host_dir/data/postgres/run" -U royal_admin -d royal -c "$1"; }

host_start; ok $? 'a host starts'
load_season SS25
runs 0 'the agent proposes a markdown' checkpoint
soon 'which is recorded' find_proposal

# As recorded 9,999 times more, each with a markdown of its own: none to 45 %.
as_owner "do \$\$
declare names text;
begin
  select string_agg (quote_ident (column_name), ', ') into names from information_schema.columns
  where table_name = 'proposals' and column_name not in ('id', 'uid', 'key', 'facts');
  execute format ('insert into proposals (%1\$s, facts) select %1\$s, facts || jsonb_build_object (''markdown_pct'', 0.05 * (n %% 10))
                   from proposals, generate_series (1, 9999) n', names);
end \$\$"
ok $? 'and 9,999 more are on record'
is 'ten thousand' 10000 "$(as_owner 'select count (*) from proposals')"

# The shipped policy, but for markdowns below 15 %: those need nobody.
jq '.rules |= map (if .name == "markdown-always-asks" then . + { when: { "facts.markdown_pct": { gte: 0.15 } } } else . end)
    + [{ name: "small-markdowns", match: { action: "markdown.apply" }, when: { "facts.markdown_pct": { lt: 0.15 } },
         risk: "low", decision: "auto" }]' "$ROYAL_SRCDIR/manifests/policy.json" >"$host_dir/new.json"
begun=$(date +%s%N)
runs 0 'they are replayed' ctl policy backtest "$host_dir/new.json" --since 1d --json
printf '# 10,000 records in %d ms\n' $((($(date +%s%N) - begun) / 1000000))
is 'all of them' 10000 "$(jq -s '.[-1].summary.proposals' <<<"$out")"
is 'each that differs is listed' 2999 "$(jq -s '[.[] | select(has("summary") | not)] | length' <<<"$out")"
is 'with what it was and would be' '["approve","auto"]' "$(jq -cs '[.[0].from, .[0].to] | map(if type == "object" then .decision else . end)' <<<"$out")"
runs 0 'people read a table' ctl policy backtest "$host_dir/new.json" --since 1d
says 'of how many' '2999'
finish
