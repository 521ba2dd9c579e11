#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A branch of a repository becomes a theme: a push is told of by GitHub's webhook, the live theme is copied (which a fake of Shopify
# takes its time for), the commit's files come into the copy and nowhere else, it is checked, GitHub is told, a person publishes it, and
# the one before comes back. By the agent and the workflows that are shipped.
# shellcheck disable=SC2317,SC2154 # functions are called by name; what sync-host.sh sets
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
# shellcheck source=tests/integration/sync-host.sh
. "${ROYAL_SRCDIR:?}/tests/integration/sync-host.sh"
begin
sync_begin themes
ROYAL_SHOPIFY_THEMES=2 "$ROYAL_BUILDDIR/tests/fault/shopify-peer" 0 >"$host_dir/port" &
shopify_pid=$!
"$ROYAL_BUILDDIR/tests/integration/github-peer" >"$host_dir/github.port" &
github_pid=$!
leave () { kill "$shopify_pid" "$github_pid"; wait "$shopify_pid" "$github_pid"; host_env_remove; } 2>/dev/null
until_ok test -s "$host_dir/port" && until_ok test -s "$host_dir/github.port"
shop=http://127.0.0.1:$(cat "$host_dir/port")
github=http://127.0.0.1:$(cat "$host_dir/github.port")
jq -n --arg origin "$shop" '{ shops: { main: { shop: "acme.myshopify.com", token: "shop-token", origin: $origin, insecure: true,
  private: true, pull: ["themes"] } } }' >"$host_dir/manifests/connectors/shopify.json"
jq -n --arg origin "$github" '{ repositories: { themes: { repository: "acme/shop", token: "github-token", origin: $origin,
  insecure: true, private: true } } }' >"$host_dir/manifests/connectors/github.json"
jq '.config = { repository: "themes", shop: "main", github: "themes" } | .triggers = { push: { workflow: "theme_staging",
  input: { ref: { "$": "/body/ref" } }, webhook: { service: "github", secrets: ["github-hook"], events: ["push"],
  from: ["acme/shop"] } } }' "$ROYAL_SRCDIR/manifests/themes_ci.json" >"$host_dir/manifests/themes_ci.json"
[ "$(id -u)" != 0 ] || chmod -R a+rX "$host_dir/manifests"
host_start ROYAL_SECRET_SHOP_TOKEN=good-token ROYAL_SECRET_GITHUB_TOKEN=good-token ROYAL_SECRET_GITHUB_HOOK=hush
ok $? 'a host starts with the agent, the workflows and both connectors'

# A commit on a branch: all that is in $work, by the user whose the repository is.
work=$host_dir/seed-themes
commit () { # commit BRANCH
  if [ "$(id -u)" = 0 ]; then chown -R nobody "$work"; fi
  in_work add -A && in_work -c user.name=x -c user.email=x@localhost commit -q -m change \
    && in_work push -q -f "$host_dir/repos/themes.git" "HEAD:refs/heads/$1"
}
in_work () { as_user env HOME="$host_dir/repos" git -C "$work" "$@"; }
mkdir -p "$work"/{assets,config,layout,locales,sections,snippets,templates,.github}
echo 'A shop' >"$work/README.md"
printf '[]' >"$work/config/settings_schema.json"
printf '{}' >"$work/locales/en.default.json"
printf '<html><head>{{ content_for_header }}</head><body>{%% render "hello" %%}{{ content_for_layout }}</body></html>' >"$work/layout/theme.liquid"
printf 'hello\n' >"$work/snippets/hello.liquid"
printf '\x89PNG\xff\x00a' >"$work/assets/a.png"
printf '<p>main</p>\n{%% schema %%}\n{ "name": "Main", "settings": [] }\n{%% endschema %%}\n' >"$work/sections/main.liquid"
printf '{ "sections": { "main": { "type": "main", "settings": {} } }, "order": ["main"] }' >"$work/templates/index.json"
for ((i = 0; i < 60; i++)); do printf '{%% comment %%}%d{%% endcomment %%}' "$i" >"$work/snippets/part-$i.liquid"; done
for ((i = 0; i < 60; i++)); do printf '{%% render "part-%d" %%}' "$i"; done >"$work/snippets/hello.liquid"
commit main; ok $? 'a theme is in a repository'
head=$(head_of themes main)

runs 0 'the shop is pulled' ctl shopify pull main --part themes
themes_n () { [ "$(http /api/v1/themes | jq '.items | length')" = "$1" ]; }
soon 'two themes are in the mirror' themes_n 2
live_was=$(curl -s "$shop/fake/themes" | jq -cS '."1"')

# GitHub tells of the push.
deliver () { # deliver REF: prints the status
  local body signature
  body=$(jq -cn --arg ref "$1" '{ ref: $ref, repository: { full_name: "acme/shop" } }')
  signature=$(printf '%s' "$body" | openssl dgst -sha256 -hmac hush | sed 's/.* //')
  http_status /webhooks/github -X POST -H 'Content-Type: application/json' -H "X-Hub-Signature-256: sha256=$signature" \
    -H 'X-GitHub-Event: push' -H "X-GitHub-Delivery: $RANDOM-$RANDOM" --data-binary "$body"
}
runs_of () { ctl workflow list --json | jq -r '[.items[] | select(.workflow == "theme_staging")] | .[0].id // empty'; }
is 'a push to a branch is taken' 202 "$(deliver refs/heads/main)"
started () { run=$(runs_of); [ -n "$run" ]; }
soon 'and starts a staging' started
waits () { proposal=$(ctl approvals list --json | jq -er '.items[] | select(.action == "shopify.theme.publish" and .state == "pending") | .id'); }
later () { local _; for _ in $(seq 1200); do if "$@" >"$host_dir/later" 2>&1; then return 0; fi; sleep 0.1; done; return 1; }
later waits
ok $? 'when all of it is there and green, a person is asked' "$(ctl workflow show "$run" --json; ctl jobs list --json | jq -c '.items[] | [.agent, .task, .state, .error]')"
name="royal main ${head:0:10}"
copy=$(http /api/v1/themes | jq -r --arg name "$name" '.items[] | select(.name == $name) | .id')
is 'for a copy that is named by branch and commit' "\"main/$copy\"" "$(ctl approvals show "$proposal" --json | jq -c .target)"
shown () { curl -s "$shop/fake/themes" | jq -r --arg copy "$copy" ".[\$copy] | $1"; }
is 'it has what is text' 'true' "$(shown '.files["layout/theme.liquid"] | contains ("render")')"
is 'what is none' "$(base64 -w0 "$work/assets/a.png")" "$(shown '.files["assets/a.png"].base64')"
is 'templates' main "$(shown '.files["templates/index.json"]' | sed 1d | jq -r '.sections.main.type')"
is 'and nothing else' 67 "$(shown '.files | length')"
is 'no attempt was in vain while Shopify made it' 0 "$(ctl jobs list --json | jq '[.items[] | select(.task == "fill" and .attempt > 1)] | length')"
is 'the live theme is as it was' "$live_was" "$(curl -s "$shop/fake/themes" | jq -cS '."1"')"
is 'GitHub is told at that commit' 'success royal/theme' "$(curl -s "$github/fake" | jq -r --arg sha "$head" '.statuses[$sha][0] | "\(.state) \(.context)"')"
origin () { http /api/v1/themes | jq -c --arg copy "$copy" ".items[] | select(.id == \$copy) | $1"; }
is 'the theme tells where it is from' "[\"themes\",\"main\",\"$head\",true]" "$(origin '.origin | [.repository, .branch, .sha, .current]')"
is 'the others do not' '[null,null]' "$(http /api/v1/themes | jq -c '[.items[] | select(.id == "1" or .id == "2") | .origin]')"
is 'what was executed' '["shopify.theme.duplicate",1,"shopify.theme.files",3]' \
  "$(ctl approvals list --state executed --json | jq -c '[.items[] | select(.action | startswith ("shopify.theme")) | .action] | group_by (.) | map ([.[0], length]) | add')"
runs 0 'it is approved' ctl approvals approve "$proposal" --yes
over () { [ "$(ctl workflow show "$1" --json | jq -r .state)" = completed ]; }
later over "$run"; ok $? 'the staging ends'
is 'with what came of it' '["main",true,0]' "$(ctl workflow show "$run" --json | jq -c '.result | [.branch, .release.green, .release.errors]')"
is 'the copy is live' true "$(shown .live)"
live_in_mirror () { [ "$(http /api/v1/themes | jq -r '.items[0].id')" = "$1" ]; }
later live_in_mirror "$copy"; ok $? 'the mirror has it by itself: what the host did is pulled'

# Again, of the same commit; another branch; a tag.
run=$(ctl theme stage --json | jq -er .id)
over_or_failed () { ctl workflow show "$run" --json | jq -e '.state == "completed" or .state == "failed"'; }
later over_or_failed
is 'a copy that is live is not written to' true "$(ctl workflow show "$run" --json | jq '.error.message | contains ("expected a copy that is not live")')"
is 'a push of a tag is taken' 202 "$(deliver refs/tags/v1)"
tag_over () { run=$(runs_of); [ "$(ctl workflow show "$run" --json | jq -r .result.reason)" = 'it is not the branch that is staged' ]; }
soon 'and stages nothing' tag_over

# A broken theme ends without anybody, and GitHub is told.
printf '{%% render "nobody" %%}' >>"$work/layout/theme.liquid"
rm "$work/assets/a.png"
commit feature/broken; ok $? 'another branch has an error'
broken=$(head_of themes feature/broken)
run=$(ctl theme stage feature/broken --json | jq -er .id)
later over "$run"; ok $? 'its staging ends' "$(ctl workflow show "$run" --json)"
is 'unpublished' '[false,1,null]' "$(ctl workflow show "$run" --json | jq -c '.result.release | [.green, .errors, .published]')"
is 'GitHub is told that it is not sound' failure "$(curl -s "$github/fake" | jq -r --arg sha "$broken" '.statuses[$sha][0].state')"
copy=$(http /api/v1/themes | jq -r --arg name "royal feature-broken ${broken:0:10}" '.items[] | select(.name == $name) | .id')
is 'what the branch has not is not there' null "$(shown '.files["assets/a.png"]')"

# And back.
runs 0 'the theme before is asked for' ctl theme rollback main
soon 'a person is asked' waits
is 'for the theme 1' '"main/1"' "$(ctl approvals show "$proposal" --json | jq -c .target)"
runs 0 'approved' ctl approvals approve "$proposal" --yes
first_is_live () { [ "$(curl -s "$shop/fake/themes" | jq -r '."1".live')" = true ]; }
soon 'it is live again' first_is_live
is 'as it was' "$(jq -c .files <<<"$live_was")" "$(curl -s "$shop/fake/themes" | jq -cS '."1".files')"
runs 0 'the audit holds' ctl audit verify
finish
