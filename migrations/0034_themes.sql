-- SPDX-License-Identifier: Apache-2.0
-- Themes as people see them: those that were pulled, each with what its checks found. A check is a job of the agent `themes_ci`: what
-- it found is its result, and nothing is kept twice.

create index jobs_themes on jobs (workspace_id, (input ->> 'theme'), id) where agent = 'themes_ci';

-- What is over all of a theme's paths and checksums: the same files, the same digest. plugins/themes_ci/theme-shop.c makes the same.
create function theme_digest (t shopify_themes) returns text
language sql stable as $$
  select encode (sha256 (convert_to (coalesce (string_agg (l.line, '' order by l.line collate "C"), ''), 'UTF8')), 'hex')
  from (select f.path || ' ' || f.checksum || chr (10) as line from shopify_theme_files f
        where f.workspace_id = t.workspace_id and f.shop = t.shop and f.theme = t.theme) l;
$$;

-- A check without its offences: the job has them.
create function theme_check_row (j jobs) returns jsonb
language sql stable as $$
  select jsonb_build_object ('job', j.uid, 'task', j.task, 'state', job_state (j), 'by', j.created_by,
    'created_at', iso_time (j.created_at), 'finished_at', iso_time (j.finished_at), 'sha', j.input -> 'sha',
    'green', j.result -> 'green', 'errors', j.result -> 'errors', 'warnings', j.result -> 'warnings',
    'files', j.result -> 'files', 'digest', j.result -> 'digest', 'checks', j.result -> 'checks',
    'proposal', j.result #> '{outcome,proposal}', 'reason', j.result -> 'reason', 'error', j.error -> 'message');
$$;

-- One theme, with the last check that came to an end; `current`: its files are still those that were checked.
create function theme_row (t shopify_themes) returns jsonb
language sql stable as $$
  select jsonb_build_object ('id', t.theme::text, 'theme', t.shop || '/' || t.theme, 'shop', t.shop, 'name', t.name,
    'role', t.role, 'live', t.role = 'MAIN', 'processing', t.processing,
    'updated_at', iso_time (to_timestamp (t.updated / 1000.0)), 'files', f.n, 'bytes', f.bytes,
    'checked', (
      select theme_check_row (j) || jsonb_build_object ('current', j.result ->> 'digest' = theme_digest (t))
      from jobs j
      where j.workspace_id = t.workspace_id and j.agent = 'themes_ci' and j.input ->> 'theme' = t.shop || '/' || t.theme
        and j.result ? 'green'
      order by j.id desc limit 1))
  from (select count (*) as n, coalesce (sum (size), 0)::bigint as bytes from shopify_theme_files o
        where o.workspace_id = t.workspace_id and o.shop = t.shop and o.theme = t.theme) f;
$$;

-- { items: […] }, of each shop the live one first, then the latest.
create function theme_list () returns jsonb
language sql stable as $$
  select jsonb_build_object ('items', coalesce (jsonb_agg (theme_row (t)
    order by t.shop, t.role <> 'MAIN', t.updated desc, t.theme), '[]'), 'next', null)
  from shopify_themes t where t.workspace_id = royal_workspace ();
$$;

-- { theme, items: [checks, the latest first, at most 50] } of the theme with that number, which is Shopify's, and one theme's only.
create function theme_checks (p_theme text) returns jsonb
language plpgsql stable as $$
declare t shopify_themes;
begin
  if p_theme ~ '^[0-9]{1,18}$' then
    select * into t from shopify_themes where workspace_id = royal_workspace () and theme = p_theme::bigint;
  end if;
  if t.theme is null then
    raise exception 'no theme %', p_theme using errcode = 'RY404';
  end if;
  return jsonb_build_object ('theme', theme_row (t), 'next', null, 'items', (
    select coalesce (jsonb_agg (theme_check_row (c) order by c.id desc), '[]')
    from (select * from jobs j
          where j.workspace_id = t.workspace_id and j.agent = 'themes_ci' and j.input ->> 'theme' = t.shop || '/' || t.theme
          order by j.id desc limit 50) c));
end $$;
