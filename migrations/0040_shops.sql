-- SPDX-License-Identifier: Apache-2.0
-- Themes that come from a repository: what the host itself did to a shop's themes is pulled at once, a theme that Shopify is making is
-- looked at until it is made, and a theme tells of which commit it is. And shops tell how they are connected.

-- What was executed is seen in the mirror soon, whether or not Shopify's webhooks come.
create function shopify_theme_changed () returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update shopify_pulls o set due_at = now (), state = case o.state when 'running' then o.state else 'asked' end
  from shopify_shops s
  where s.workspace_id = new.workspace_id and s.shop = split_part (new.target, '/', 1) and 'themes' = any (s.parts)
    and o.workspace_id = s.workspace_id and o.shop = s.shop and o.part = 'themes';
  if found then
    perform pg_notify ('royal_shopify', '');
  end if;
  return null;
end $$;
create trigger proposals_themes after update of state on proposals for each row
  when (old.state <> new.state and new.state = 'executed' and starts_with (new.action, 'shopify.theme.'))
  execute function shopify_theme_changed ();

-- As in 0031; besides, the themes come again after 5 s while one is in the making, and each is told of when it is made and pulled.
alter table shopify_themes add column told boolean not null default false;
create or replace function shopify_pull_end (p_shop text, p_part text, p_holder text, p_error text, p_again_s int) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shopify_pulls := shopify_pull_hold (p_shop, p_part, p_holder);
  e int := (select o.every_s from shopify_shops o where o.workspace_id = s.workspace_id and o.shop = s.shop);
  making constant boolean := p_part = 'themes' and p_error is null and exists (
    select from shopify_themes t where t.workspace_id = s.workspace_id and t.shop = s.shop and t.processing);
  r record;
begin
  update shopify_pulls o
  set state = case when p_error is null then 'done' when p_again_s is null then 'failed' else 'asked' end,
      error = p_error, holder = null, held_until = null, ended_at = now (),
      done_at = case when p_error is null then o.started_at else o.done_at end,
      cursor = case when p_again_s is not null then o.cursor end, bulk = case when p_again_s is not null then o.bulk end,
      after = case when p_again_s is not null then o.after else 0 end,
      due_at = case when p_again_s is not null then now () + p_again_s * interval '1 second'
                    when making then least (o.due_at, now () + interval '5 s')
                    when o.due_at is not null then o.due_at
                    when e > 0 and o.part <> 'notes' then now () + e * interval '1 second' end
  where o.workspace_id = s.workspace_id and o.shop = s.shop and o.part = s.part;
  if p_again_s is null then
    perform outbox_put (case when p_error is null then 'shopify.pulled' else 'shopify.pull.failed' end, s.shop, 'host',
      jsonb_strip_nulls (jsonb_build_object ('part', s.part, 'seen', s.seen, 'changed', s.changed, 'removed', s.removed,
                                             'error', p_error)), false);
  end if;
  if p_part = 'themes' and p_error is null then
    for r in update shopify_themes t set told = true
             where t.workspace_id = s.workspace_id and t.shop = s.shop and not t.told and not t.processing
             returning t.theme, t.name loop
      perform outbox_put ('shopify.theme.made', s.shop || '/' || r.name, 'host',
        jsonb_build_object ('theme', s.shop || '/' || r.theme, 'name', r.name), false);
    end loop;
  end if;
end $$;

-- Of which commit a theme is: what the last task `staged` found. `current`: its files are still those.
create function theme_origin (t shopify_themes) returns jsonb
language sql stable as $$
  select jsonb_build_object ('repository', j.result -> 'repository', 'branch', j.result -> 'branch', 'sha', j.result -> 'sha',
    'at', iso_time (j.finished_at), 'job', j.uid, 'current', j.result ->> 'digest' = theme_digest (t))
  from jobs j
  where j.workspace_id = t.workspace_id and j.agent = 'themes_ci' and j.input ->> 'theme' = t.shop || '/' || t.theme
    and j.task = 'staged' and j.result ? 'digest'
  order by j.id desc limit 1;
$$;

create or replace function theme_list () returns jsonb
language sql stable as $$
  select jsonb_build_object ('items', coalesce (jsonb_agg (theme_row (t) || jsonb_build_object ('origin', theme_origin (t))
    order by t.shop, t.role <> 'MAIN', t.updated desc, t.theme), '[]'), 'next', null)
  from shopify_themes t where t.workspace_id = royal_workspace ();
$$;

-- As in 0034; what was staged is the theme's origin, and no check.
create or replace function theme_checks (p_theme text) returns jsonb
language plpgsql stable as $$
declare t shopify_themes;
begin
  if p_theme ~ '^[0-9]{1,18}$' then
    select * into t from shopify_themes where workspace_id = royal_workspace () and theme = p_theme::bigint;
  end if;
  if t.theme is null then
    raise exception 'no theme %', p_theme using errcode = 'RY404';
  end if;
  return jsonb_build_object ('theme', theme_row (t) || jsonb_build_object ('origin', theme_origin (t)), 'next', null, 'items', (
    select coalesce (jsonb_agg (theme_check_row (c) order by c.id desc), '[]')
    from (select * from jobs j
          where j.workspace_id = t.workspace_id and j.agent = 'themes_ci' and j.input ->> 'theme' = t.shop || '/' || t.theme
            and j.task <> 'staged'
          order by j.id desc limit 50) c));
end $$;

-- --- How a shop is connected ----------------------------------------------------------------------------------------------

-- `scopes`: what its app asks for by connectors/shopify.json; null: it has none, and its token is an operator's. `granted` and what is
-- beside it: of the last install that was done, which other installs do not take away.
alter table shopify_shops add column scopes text[], add column granted text[], add column connected_at timestamptz,
  add column connected_by text;
update shopify_shops s set granted = coalesce (i.granted, '{}'), connected_at = i.ended_at, connected_by = i.begun_by
from (select distinct on (workspace_id, shop) * from shopify_installs where ended_at is not null and error is null
      order by workspace_id, shop, ended_at desc) i
where i.workspace_id = s.workspace_id and i.shop = s.shop;

-- As in 0031, with `scopes`.
create or replace function shopify_shops_set (p_shops jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ws constant bigint := royal_workspace ();
  gone text[];
begin
  select coalesce (array_agg (o.shop), '{}') into gone from shopify_shops o
  where o.workspace_id = ws and not exists (select from jsonb_array_elements (p_shops) s where s->>'shop' = o.shop);
  delete from shopify_products o where o.workspace_id = ws and o.shop = any (gone);
  delete from shopify_lines o where o.workspace_id = ws and o.shop = any (gone);
  delete from shopify_themes o where o.workspace_id = ws and o.shop = any (gone);
  delete from shopify_shops o where o.workspace_id = ws and o.shop = any (gone);
  insert into shopify_shops as o (workspace_id, shop, domain, every_s, parts, scopes)
  select ws, s->>'shop', s->>'domain', (s->>'every_s')::int, array (select jsonb_array_elements_text (s->'parts')),
    case when jsonb_typeof (s->'scopes') = 'array' then array (select jsonb_array_elements_text (s->'scopes')) end
  from jsonb_array_elements (p_shops) s order by 2
  on conflict (workspace_id, shop) do update
    set domain = excluded.domain, every_s = excluded.every_s, parts = excluded.parts, scopes = excluded.scopes
    where (o.domain, o.every_s, o.parts, o.scopes) is distinct from
          (excluded.domain, excluded.every_s, excluded.parts, excluded.scopes);
  insert into shopify_pulls (workspace_id, shop, part)
  select ws, o.shop, p from shopify_shops o, unnest (o.parts || 'notes'::text) p where o.workspace_id = ws order by 2, 3
  on conflict do nothing;
  -- By the clock, from the last time on; at once where there was none.
  update shopify_pulls p set due_at = coalesce (p.ended_at, now ()) + case when p.ended_at is null then interval '0'
                                                                         else s.every_s * interval '1 second' end
  from shopify_shops s
  where s.workspace_id = ws and p.workspace_id = ws and p.shop = s.shop and s.every_s > 0 and p.part = any (s.parts)
    and p.state in ('idle', 'done', 'failed') and p.due_at is null;
end $$;

-- As in 0037; the shop keeps what was granted.
create or replace function shopify_install_end (p_state text, p_granted jsonb, p_error text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare i shopify_installs;
begin
  update shopify_installs o
  set ended_at = now (), error = p_error,
      granted = case when p_granted is not null then array (select jsonb_array_elements_text (p_granted)) end
  where o.workspace_id = royal_workspace () and o.state = decode (p_state, 'hex') and o.used_at is not null and o.ended_at is null
  returning * into i;
  if not found then
    raise exception 'no install that came back waits for its end' using errcode = 'RY409';
  end if;
  perform outbox_put (case when p_error is null then 'shopify.install.done' else 'shopify.install.failed' end, i.shop, i.begun_by,
    jsonb_strip_nulls (jsonb_build_object ('granted', p_granted, 'error', p_error)));
  if p_error is null then
    update shopify_shops o set granted = coalesce (i.granted, '{}'), connected_at = i.ended_at, connected_by = i.begun_by
    where o.workspace_id = i.workspace_id and o.shop = i.shop;
    update shopify_pulls o set due_at = now () where o.workspace_id = i.workspace_id and o.shop = i.shop and o.state = 'failed';
    perform pg_notify ('royal_shopify', '');
  end if;
end $$;

-- The access scopes that are asked for and not granted; one to write has the one to read in it.
create function shopify_scopes_missing (p_scopes text[], p_granted text[]) returns text[]
language sql immutable
return array (select w from unnest (p_scopes) with ordinality u (w, n)
              where not w = any (p_granted) and not regexp_replace (w, '(^|_)read_', '\1write_') = any (p_granted) order by n);

-- Null: the shop has no app. `last` is the last install that was begun, however it went.
create function shopify_install_row (s shopify_shops) returns jsonb
language sql stable
begin atomic
  select case when s.scopes is not null then jsonb_build_object ('scopes', to_jsonb (s.scopes),
    'connected', case when s.connected_at is not null then jsonb_build_object ('at', iso_time (s.connected_at), 'by', s.connected_by,
      'granted', to_jsonb (s.granted), 'missing', to_jsonb (shopify_scopes_missing (s.scopes, s.granted))) end,
    'last', (select jsonb_build_object ('state', case when i.error is not null then 'failed' when i.ended_at is not null then 'done'
        when i.used_at is not null then 'back' when i.ends_at <= now () then 'expired' when i.browser is not null then 'opened'
        else 'begun' end, 'by', i.begun_by, 'begun_at', iso_time (i.begun_at), 'ends_at', iso_time (i.ends_at),
        'ended_at', iso_time (i.ended_at), 'error', i.error)
      from shopify_installs i where i.workspace_id = s.workspace_id and i.shop = s.shop order by i.begun_at desc limit 1)) end;
end;

-- As in 0031, with `install`.
create or replace function shopify_shop_list () returns jsonb
language sql stable as $$
  select jsonb_build_object ('items', coalesce (jsonb_agg (jsonb_build_object (
      'shop', s.shop, 'domain', s.domain, 'every_s', s.every_s, 'install', shopify_install_row (s),
      'products', (select count (*) from shopify_products o where o.workspace_id = s.workspace_id and o.shop = s.shop),
      'variants', (select count (*) from shopify_variants o where o.workspace_id = s.workspace_id and o.shop = s.shop),
      'themes', (select count (*) from shopify_themes o where o.workspace_id = s.workspace_id and o.shop = s.shop),
      'pulls', (select coalesce (jsonb_agg (shopify_pull_row (p) order by p.part), '[]') from shopify_pulls p
                where p.workspace_id = s.workspace_id and p.shop = s.shop and (p.part = any (s.parts) or p.part = 'notes')))
    order by s.shop), '[]'), 'next', null)
  from shopify_shops s where s.workspace_id = royal_workspace ();
$$;
