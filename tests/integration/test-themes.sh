#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A theme's way: it is checked, what is wrong is seen by the API and royalctl, a sound one is asked for, approved, published at a fake of
# Shopify, and the one before it comes back. By the agent and the workflow that are shipped.
# shellcheck disable=SC2317 # functions are called by name
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
pg=$(dirname "$(find /usr/lib/postgresql -name psql -path '*/bin/*' | sort -V | tail -n 1)")
as_owner () { as_user "$pg/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$host_dir/data/postgres/run" -U royal_admin -d royal -c "$1"; }

# A shop, of which what is pulled is put into the mirror here.
"$ROYAL_BUILDDIR/tests/fault/shopify-peer" 0 >"$host_dir/port" &
peer_pid=$!
leave () { kill "$peer_pid" 2>/dev/null; host_env_remove; }
until_ok test -s "$host_dir/port"
read -r port <"$host_dir/port"
mkdir -p "$host_dir/manifests/connectors"
cat >"$host_dir/manifests/connectors/shopify.json" <<END
{ "shops": { "main": { "shop": "acme.myshopify.com", "token": "shop-token", "origin": "http://127.0.0.1:$port",
                       "insecure": true, "private": true, "pull": ["products"] } } }
END
[ "$(id -u)" != 0 ] || chmod -R a+rX "$host_dir/manifests"
host_start ROYAL_SECRET_SHOP_TOKEN=good-token; ok $? 'a host starts with the agent and the workflow'
put () { # put PATH TEXT: a file of the theme 2
  as_owner "insert into shopify_theme_files select workspace_id, 'main', 2, '$1', md5 ('$2'), length ('$2'), '$2' from workspaces
            where name = 'default' on conflict (workspace_id, shop, theme, path) do update set checksum = excluded.checksum,
            size = excluded.size, content = excluded.content"
}
live () { # live NUMBER: what a pull would tell
  as_owner "update shopify_themes set role = case theme when $1 then 'MAIN' else 'UNPUBLISHED' end"
}
as_owner "insert into shopify_themes select workspace_id, 'main', n, 'Theme ' || n, case n when 1 then 'MAIN' else 'UNPUBLISHED' end,
          false, 1750000000000 from workspaces, generate_series (1, 2) n where name = 'default'"
ok $? 'two themes are in the mirror'
put config/settings_schema.json '[]'
put layout/theme.liquid '<html>{{ content_for_header }}{{ content_for_layout }}{% render "none" %}</html>'
put locales/en.default.json '{}'

# What is wrong is seen.
runs 1 'a theme with an error is not green' ctl theme checks main/2 --run
says 'the offence has its place' 'layout/theme.liquid:1:65: error: '"'snippets/none.liquid' does not exist [MissingTemplate]"
says 'and all are counted' 'Theme 2: 3 files, 1 errors, 0 warnings'
runs 1 'it is not proposed' ctl theme promote main/2
says 'and that is told' 'Theme 2: not proposed: 1 errors, 0 warnings in 3 files'
theme () { http /api/v1/themes | jq -c ".items[] | select(.theme == \"main/2\") | $1"; }
is 'the list has the last check' '[false,1,true,3]' "$(theme '[.checked.green, .checked.errors, .checked.current, .files]')"
is 'the live theme comes first' 'main/1' "$(http /api/v1/themes | jq -r '.items[0].theme')"
is 'a theme has its checks, the latest first' '["promote","check"]' \
  "$(http /api/v1/themes/2/checks | jq -c '[.items[].task]')"
is 'a number that no theme has is not found' 404 "$(http_status /api/v1/themes/3/checks)"
is 'nor what is no number' 404 "$(http_status /api/v1/themes/x/checks)"
runs 1 'nor is a theme of nobody' ctl theme checks main/9 --run
says 'with what was expected' 'there is no theme main/9; expected one of the 2 that were pulled of the shop main'

# It is mended, asked for, and published.
put layout/theme.liquid '<html>{{ content_for_header }}{{ content_for_layout }}</html>'
is 'what changed since is known' false "$(theme .checked.current)"
run=$(ctl workflow start theme_release --input '{"theme":"main/2"}' --json | jq -er .id)
ok $? 'a release is started'
waits () { proposal=$(ctl approvals list --json | jq -er '.items[] | select(.action == "shopify.theme.publish" and .state == "pending") | .id'); }
soon 'a person is asked' waits
is 'with the facts of the host' '["U",false]' "$(ctl approvals show "$proposal" --json | jq -c '[.facts.theme, .facts.live]')"
is 'the check names the proposal' "\"$proposal\"" "$(http /api/v1/themes/2/checks | jq -c '.items[0].proposal')"
runs 0 'it is approved' ctl approvals approve "$proposal" --yes
over () { [ "$(ctl workflow show "$run" --json | jq -r .state)" = completed ]; }
soon 'the release ends' over
is 'with what came of it' '[true,true]' "$(ctl workflow show "$run" --json | jq -c '.result | [.green, (.published > 0 or .published == true)]')"
live 2
runs 1 'what is live is not asked for' ctl theme promote main/2
says 'because it is' 'Theme 2: not proposed: it is live'

# And back.
runs 0 'the theme before is asked for' ctl theme rollback main
says 'which was 1' 'Theme 1: pending, proposal '
soon 'a person is asked again' waits
is 'for the theme 1' '"main/1"' "$(ctl approvals show "$proposal" --json | jq -c .target)"
runs 0 'approved' ctl approvals approve "$proposal" --yes
executed () { [ "$(ctl approvals show "$proposal" --json | jq -r .state)" = executed ]; }
soon 'it is live again' executed
live 1
runs 1 'before it nothing is known' ctl theme rollback main
says 'and that is told' 'nothing is known that was live before main/1; expected /theme, the one to publish'

# A release of a theme that is not green ends without anybody.
put templates/index.json '{ "sections": { "a": { "type": "none" } }, "order": ["a"] }'
run=$(ctl workflow start theme_release --input '{"theme":"main/2"}' --json | jq -er .id)
soon 'a release of a broken theme ends' over
is 'unpublished' '[false,1,null]' "$(ctl workflow show "$run" --json | jq -c '.result | [.green, .errors, .published]')"
runs 0 'the list is printed' ctl theme list
says 'with what was found' 'main/2'
runs 0 'the audit holds' ctl audit verify
finish
