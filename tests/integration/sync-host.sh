# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Sourced after daemon.sh by what syncs a shop with a repository through a whole host: a bare repository, rows of a shop's mirror,
# and what people do.

pg=$(dirname "$(find /usr/lib/postgresql -name psql -path '*/bin/*' | sort -V | tail -n 1)")
sql () { as_user "$pg/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$host_dir/data/postgres/run" -U royal_admin -d royal -c "$1"; }

# A repository with one commit, of the host's user.
sync_repository () { # sync_repository NAME
  local repository=$host_dir/repos/$1.git
  git init -q --bare -b main "$repository"
  git init -q -b main "$host_dir/seed-$1"
  git -C "$host_dir/seed-$1" -c user.name=x -c user.email=x@localhost commit -q --allow-empty -m first
  git -C "$host_dir/seed-$1" push -q "$repository" main
  chmod -R a+rwX "$repository"
  if [ "$(id -u)" = 0 ]; then chown -R nobody "$repository"; fi
}
git_in () { local name=$1; shift; as_user env HOME="$host_dir/repos" git -c safe.directory='*' -C "$host_dir/repos/$name.git" "$@"; }

# What the agent is told: which repository, and how many files a commit has at most.
sync_configure () { # sync_configure REPOSITORY MAX_FILES
  jq --arg repository "$1" --argjson max "$2" '.config += { repository: $repository, max_files: $max }' \
    "$ROYAL_SRCDIR/manifests/products_sync.json" >"$host_dir/manifests/products_sync.json"
}

sync_begin () { # sync_begin REPOSITORY…: the host, not started, knows them
  local name list='{}'
  mkdir "$host_dir/repos" "$host_dir/manifests/connectors"
  for name in "$@"; do
    sync_repository "$name"
    list=$(jq -c --arg name "$name" --arg url "file://$host_dir/repos/$name.git" '. + { ($name): { url: $url } }' <<<"$list")
  done
  jq -n --argjson list "$list" '{ repositories: $list }' >"$host_dir/manifests/connectors/git.json"
}

# The shop's products, as a pull puts them; RULE says which of them are another than before, and how.
sync_products () { # sync_products N [VERSION [WHERE]]: those of 1 to N, at VERSION, where WHERE (of i) is true
  sql "insert into shopify_products as o (workspace_id, shop, product, handle, updated, document)
    select w.workspace_id, 'main', i, 'product-' || lpad (i::text, 5, '0'), ${2:-1},
      jsonb_build_object ('handle', 'product-' || lpad (i::text, 5, '0'), 'title', 'Product ' || i || ' v${2:-1}', 'status', 'ACTIVE',
        'vendor', 'Maker ' || i % 40, 'product_type', 'Kind ' || i % 12, 'tags', jsonb_build_array ('all', 'tag-' || i % 25),
        'description_html', '<p>' || repeat ('Made with care, number ' || i || '. ', 12) || '</p>',
        'seo', jsonb_build_object ('title', 'Product ' || i, 'description', ''),
        'options', jsonb_build_array (jsonb_build_object ('name', 'Size', 'values', jsonb_build_array ('S', 'L'))),
        'variants', (select jsonb_agg (jsonb_build_object ('sku', 'SKU-' || i || '-' || v, 'title', v, 'price', (i % 90 + 9) || '.90',
                       'compare_at_price', null)) from unnest (array['S', 'L']) v),
        'images', '[]'::jsonb, 'metafields', '[]'::jsonb, 'collections', '[]'::jsonb)::text
    from workspaces w, generate_series (1, $1) i where w.name = 'default' and (${3:-true})
    on conflict (workspace_id, shop, product) do update set updated = excluded.updated, document = excluded.document"
}

# One run of a task; its result is in $result.
sync_run () { # sync_run TASK [INPUT]
  local job
  job=$(ctl jobs run products_sync "$1" --input "${2:-{\}}" --wait --json) || { result=$job; return 1; }
  result=$(jq -c .result <<<"$job")
}
of () { jq -r "$1" <<<"$result"; }
idle () { [ -z "$(ctl approvals list --state approved,executing --json | jq -r '.items[].id')" ]; }
sync_settled () { # until what was proposed is done, for ten minutes
  local _
  for _ in $(seq 6000); do
    if idle; then return 0; fi
    sleep 0.1
  done
  return 1
}
# Exports until nothing is left; $runs is how many it took, $branch where it is.
sync_export () {
  runs=0
  while :; do
    sync_run export && sync_settled || return 1
    runs=$((runs + 1))
    branch=$(of .branch)
    if [ "$(of .left)" = 0 ]; then return 0; fi
    [ $runs -lt 100 ] || return 1
  done
}
sync_merge () { git_in "$1" update-ref refs/heads/main "$(git_in "$1" rev-parse "$branch")"; } # sync_merge REPOSITORY
head_of () { git_in "$1" rev-parse "$2"; }
tree_of () { git_in "$1" rev-parse "$2:products"; }
changed_files () { git_in "$1" diff --name-only "$2" "$3" | wc -l; }
sync_edit () { # sync_edit REPOSITORY HANDLE JQ: one commit on main, of a person
  local name=$1 blob tree
  shift
  blob=$(git_in "$name" show "main:products/$1.json" | jq --indent 2 "$2" | git_in "$name" hash-object -w --stdin) \
    && git_in "$name" read-tree main && git_in "$name" update-index --cacheinfo "100644,$blob,products/$1.json" \
    && tree=$(git_in "$name" write-tree) \
    && git_in "$name" update-ref refs/heads/main \
      "$(git_in "$name" -c user.name=x -c user.email=x@localhost commit-tree -p main -m "$1 by hand" "$tree")"
}
