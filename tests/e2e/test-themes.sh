#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Themes, in a browser: a shop's mirror is filled here, and a fake of Shopify publishes.
set -uo pipefail
# shellcheck source=tests/e2e/host.sh
. "${ROYAL_SRCDIR:?}/tests/e2e/host.sh"

pg=$(dirname "$(find /usr/lib/postgresql -name psql -path '*/bin/*' | sort -V | tail -n 1)")
as_owner () { as_user "$pg/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$host_dir/data/postgres/run" -U royal_admin -d royal -c "$1"; }
"$ROYAL_BUILDDIR/tests/fault/shopify-peer" 0 >"$host_dir/port" &
peer_pid=$!
# shellcheck disable=SC2317 # the trap calls it
leave () { kill "$peer_pid" 2>/dev/null; host_env_remove; }
until_ok test -s "$host_dir/port"
read -r shop_port <"$host_dir/port"
mkdir -p "$host_dir/manifests/connectors"
cat >"$host_dir/manifests/connectors/shopify.json" <<END
{ "shops": { "main": { "shop": "acme.myshopify.com", "token": "shop-token", "origin": "http://127.0.0.1:$shop_port",
                       "insecure": true, "private": true, "pull": ["products"] } } }
END
[ "$(id -u)" != 0 ] || chmod -R a+rX "$host_dir/manifests"
export ROYAL_SECRET_SHOP_TOKEN=good-token
listen
as_owner "insert into shopify_themes select workspace_id, 'main', n, case n when 1 then 'Old' else '<img src=x onerror=alert(1)>' end,
            case n when 1 then 'MAIN' else 'UNPUBLISHED' end, false, 1750000000000
          from workspaces, generate_series (1, 2) n where name = 'default';
          insert into shopify_theme_files select workspace_id, 'main', theme, path, md5 (content), length (content), content
          from shopify_themes, (values ('config/settings_schema.json', '[]'), ('locales/en.default.json', '{}'), ('layout/theme.liquid',
            '<html>{{ content_for_header }}{{ content_for_layout }}{% render \"<script>alert(1)</script>\" %}</html>')) f (path, content)
          where theme = 2;
          insert into jobs (workspace_id, agent, task, input, state, result, created_by, finished_at)
          select t.workspace_id, 'themes_ci', 'staged', '{\"theme\":\"main/2\"}', 'completed', jsonb_build_object ('repository', 'themes',
            'branch', '<b>feature</b>', 'sha', repeat ('ab', 20), 'digest', theme_digest (t)), 'test', now ()
          from shopify_themes t where t.theme = 2" || exit 1
# What the browser asks for between its steps: the theme is mended, and the mirror is told that it is live.
mkfifo "$host_dir/ask" "$host_dir/ask.done"
while read -r what <"$host_dir/ask"; do
  case $what in
    mend) as_owner "update shopify_theme_files set content = t.c, checksum = md5 (t.c) from (values
            ('<html>{{ content_for_header }}{{ content_for_layout }}</html>')) t (c) where path = 'layout/theme.liquid'" ;;
    live) as_owner "update shopify_themes set role = case theme when 2 then 'MAIN' else 'UNPUBLISHED' end" ;;
    *) break ;;
  esac
  echo "$what" >"$host_dir/ask.done"
done &
drive themes.mjs E2E_ASK="$host_dir/ask"
status=$?
echo over >"$host_dir/ask"
exit $status
