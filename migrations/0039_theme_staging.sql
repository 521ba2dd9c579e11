-- SPDX-License-Identifier: Apache-2.0
-- Themes that come from a repository: what the host itself did to a shop's themes is pulled at once, a theme that Shopify is making is
-- looked at until it is made, and a theme tells of which commit it is.

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
