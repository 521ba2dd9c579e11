-- SPDX-License-Identifier: Apache-2.0
-- Retail: stores, seasons, their forecast and actual sales, markdowns and their inverse, imports.

create table retail_categories (
  workspace_id bigint not null references workspaces,
  id bigint generated always as identity,
  code text not null check (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
  name text not null check (length (name) between 1 and 200),
  primary key (workspace_id, id),
  unique (workspace_id, code));
call royal_protect ('retail_categories', 'select, insert');

create table retail_stores (
  workspace_id bigint not null references workspaces,
  id bigint generated always as identity,
  code text not null check (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
  name text not null check (length (name) between 1 and 200),
  size_sqft bigint check (size_sqft > 0),
  tier text check (tier in ('A', 'B', 'C')),
  median_income bigint check (median_income >= 0),
  format text check (format in ('MALL', 'STANDALONE', 'SHOPPING_CENTER', 'OUTLET')),
  region text check (region in ('NORTHEAST', 'SOUTHEAST', 'MIDWEST', 'WEST')),
  fashion_tier text check (fashion_tier in ('PREMIUM', 'MAINSTREAM', 'VALUE')),
  avg_weekly_sales bigint check (avg_weekly_sales >= 0),
  primary key (workspace_id, id),
  unique (workspace_id, code));
call royal_protect ('retail_stores', 'select, insert, update');

-- A category over some weeks. Prices are per unit; a null one is not known.
create table retail_seasons (
  workspace_id bigint not null references workspaces,
  id bigint generated always as identity,
  uid uuid not null default uuid_v7 (),
  code text not null check (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' and code !~ '^[0-9a-f]{8}-'),
  category bigint not null,
  name text not null check (length (name) between 1 and 200),
  starts_on date not null,
  weeks int not null check (weeks between 1 and 104),
  archetype text not null default 'FASHION_RETAIL'
    check (archetype in ('FASHION_RETAIL', 'STABLE_CATALOG', 'CONTINUOUS')),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  list_price numeric(14, 2) check (list_price > 0),
  unit_cost numeric(14, 2) check (unit_cost >= 0),
  created_at timestamptz not null default now (),
  primary key (workspace_id, id),
  unique (workspace_id, uid),
  unique (workspace_id, code),
  foreign key (workspace_id, category) references retail_categories);
call royal_protect ('retail_seasons', 'select, insert, update');

create table retail_forecast (
  workspace_id bigint not null,
  season bigint not null,
  store bigint not null,
  week int not null check (week >= 1),
  units bigint not null check (units between 0 and 1000000000),
  primary key (workspace_id, season, store, week),
  foreign key (workspace_id, season) references retail_seasons,
  foreign key (workspace_id, store) references retail_stores);
call royal_protect ('retail_forecast', 'select, insert, update, delete');

create table retail_actuals (
  workspace_id bigint not null,
  season bigint not null,
  store bigint not null,
  week int not null check (week >= 1),
  units bigint not null check (units between 0 and 1000000000),
  primary key (workspace_id, season, store, week),
  foreign key (workspace_id, season, store, week) references retail_forecast);
call royal_protect ('retail_actuals', 'select, insert, update');

-- A markdown is a share of the list price, the same in all stores. One is active at most; a deeper one replaces it, and
-- the inverse of that one brings it back. The keys are the effects' idempotency keys.
create table retail_markdowns (
  workspace_id bigint not null,
  id bigint generated always as identity,
  uid uuid not null default uuid_v7 (),
  season bigint not null,
  key text not null check (length (key) between 1 and 200),
  pct numeric(5, 4) not null check (pct > 0 and pct < 1),
  previous_pct numeric(5, 4) not null,
  replaces bigint,
  state text not null default 'active' check (state in ('active', 'replaced', 'reverted')),
  receipt jsonb,
  applied_at timestamptz not null default now (),
  reverted_at timestamptz,
  revert_key text check (length (revert_key) between 1 and 200),
  revert_receipt jsonb,
  primary key (workspace_id, id),
  unique (workspace_id, uid),
  unique (workspace_id, key),
  unique (workspace_id, revert_key),
  foreign key (workspace_id, season) references retail_seasons,
  foreign key (workspace_id, replaces) references retail_markdowns);
create unique index retail_markdowns_active on retail_markdowns (workspace_id, season) where state = 'active';
create index retail_markdowns_season on retail_markdowns (workspace_id, season);
call royal_protect ('retail_markdowns', 'select, insert, update');

-- The season with that uid or code in this workspace.
create function retail_find (p_ident text) returns retail_seasons
language plpgsql stable as $$
declare s retail_seasons;
begin
  select * into s from retail_seasons
  where workspace_id = royal_workspace () and (uid::text = p_ident or code = p_ident);
  if not found then
    raise exception 'no season is `%`', coalesce (p_ident, '') using errcode = 'RY404';
  end if;
  return s;
end $$;

-- The same, locked: what changes a season does so one after the other.
create function retail_lock (p_ident text) returns retail_seasons
language plpgsql as $$
declare s retail_seasons := retail_find (p_ident);
begin
  select * into s from retail_seasons where workspace_id = s.workspace_id and id = s.id for update;
  return s;
end $$;

create function retail_percent (pct numeric) returns text
language sql immutable parallel safe
return trim_scale (pct * 100)::text || ' %';

create function retail_price (list_price numeric, pct numeric) returns numeric
language sql immutable parallel safe
return round (list_price * (1 - pct), 2);

-- The figures of a season up to a week (null: all weeks there are). week is the last one with actual sales, which imports
-- keep complete; 0 when there is none.
create function retail_figures (s retail_seasons, p_week int, out week int, out forecast_total bigint,
                                out forecast_to_date bigint, out sold bigint, out stores bigint, out pct numeric,
                                out markdown uuid, out markdowns bigint)
language sql stable as $$
  with a as (
    select max (a.week) as week, sum (a.units) as sold from retail_actuals a
    where a.workspace_id = s.workspace_id and a.season = s.id and (p_week is null or a.week <= p_week)),
  f as (
    select sum (f.units) as total, sum (f.units) filter (where f.week <= a.week) as to_date,
           count (distinct f.store) as stores
    from retail_forecast f, a where f.workspace_id = s.workspace_id and f.season = s.id),
  m as (
    select max (m.pct) filter (where m.state = 'active') as pct, count (*) filter (where m.state <> 'reverted') as n,
           (array_agg (m.uid) filter (where m.state = 'active'))[1] as uid
    from retail_markdowns m where m.workspace_id = s.workspace_id and m.season = s.id)
  select coalesce (a.week, 0), coalesce (f.total, 0), coalesce (f.to_date, 0), coalesce (a.sold, 0), f.stores,
         coalesce (m.pct, 0), m.uid, m.n
  from a, f, m;
$$;

-- What a read of `retail.season` answers. Prices are texts, so that no reader rounds them.
create function retail_season_json (s retail_seasons, p_week int) returns jsonb
language sql stable as $$
  select jsonb_build_object (
    'id', s.uid, 'code', s.code, 'name', s.name, 'category', c.code, 'category_name', c.name, 'start', s.starts_on,
    'weeks', s.weeks, 'archetype', s.archetype, 'week', f.week, 'weeks_left', s.weeks - f.week, 'stores', f.stores,
    'forecast_total', f.forecast_total, 'forecast_to_date', f.forecast_to_date, 'sold', f.sold,
    'units_left', greatest (f.forecast_total - f.sold, 0),
    'sell_through', round (f.sold::numeric / nullif (f.forecast_total, 0), 4),
    'variance', round (abs (f.sold - f.forecast_to_date)::numeric / nullif (f.forecast_to_date, 0), 4),
    'current_markdown_pct', trim_scale (f.pct), 'markdowns', f.markdowns, 'currency', s.currency,
    'list_price', s.list_price::text, 'unit_cost', s.unit_cost::text,
    'price', retail_price (s.list_price, f.pct)::text)
  from retail_figures (s, p_week) f, retail_categories c
  where c.workspace_id = s.workspace_id and c.id = s.category;
$$;

create function retail_season (p_ident text, p_week int) returns jsonb
language plpgsql stable as $$
begin
  return retail_season_json (retail_find (p_ident), p_week);
end $$;

create function retail_season_list () returns jsonb
language sql stable as $$
  select jsonb_build_object ('seasons', coalesce (jsonb_agg (retail_season_json (s, null) order by s.starts_on desc, s.id),
                                                  '[]'))
  from retail_seasons s where s.workspace_id = royal_workspace ();
$$;

create function retail_find_arg () returns bigint
language plpgsql stable as $$
begin
  return (retail_find (royal_arg ('season'))).id;
end $$;

-- The table read `retail.sales` of the season royal.arg.season. units is null where there are no actuals yet.
create view retail_sales with (security_invoker = true) as
  select royal_arg ('season') as season_id, t.code as store, f.week::bigint as week, a.units as units,
         f.units::double precision as forecast
  from retail_forecast f
  join retail_stores t on t.workspace_id = f.workspace_id and t.id = f.store
  left join retail_actuals a on a.workspace_id = f.workspace_id and a.season = f.season and a.store = f.store
    and a.week = f.week
  where f.workspace_id = royal_workspace () and f.season = retail_find_arg ()
  order by t.code, f.week;
grant select on retail_sales to royal_host;

-- What a markdown finds and demands to find again: prices, and the sales that the decision rests on.
create function retail_state (s retail_seasons) returns jsonb
language sql stable as $$
  select jsonb_build_object ('season', s.uid, 'markdown', f.markdown, 'markdown_pct', trim_scale (f.pct),
    'list_price', s.list_price::text, 'unit_cost', s.unit_cost::text, 'currency', s.currency, 'week', f.week,
    'sold', f.sold, 'forecast_total', f.forecast_total)
  from retail_figures (s, null) f;
$$;

-- { before, facts, preview } of a move of the season from the markdown that it has to p_pct. A fact that is not known
-- (prices) is left out.
create function retail_assessment (s retail_seasons, p_pct numeric, p_verb text) returns jsonb
language plpgsql stable as $$
declare
  f record;
  price numeric;
  next_price numeric;
  facts jsonb;
  changes jsonb;
begin
  select * into f from retail_figures (s, null);
  price := retail_price (s.list_price, f.pct);
  next_price := retail_price (s.list_price, p_pct);
  facts := jsonb_strip_nulls (jsonb_build_object (
    'sell_through', round (f.sold::numeric / nullif (f.forecast_total, 0), 4), 'sold', f.sold,
    'forecast_total', f.forecast_total, 'units_left', greatest (f.forecast_total - f.sold, 0), 'week', f.week,
    'weeks_left', s.weeks - f.week, 'stores', f.stores, 'current_markdown_pct', trim_scale (f.pct),
    'markdown_pct', trim_scale (p_pct), 'previous_markdowns', f.markdowns,
    'price_change_pct', round ((f.pct - p_pct) / (1 - f.pct), 4),
    'change_pct', round (abs (f.pct - p_pct) / (1 - f.pct), 4),
    'currency', s.currency, 'price_before', price, 'price_after', next_price,
    'revenue_at_stake', price * greatest (f.forecast_total - f.sold, 0),
    'margin_after', round ((next_price - s.unit_cost) / nullif (next_price, 0), 4)));
  changes := jsonb_build_array (jsonb_build_object ('label', 'Markdown', 'before', retail_percent (f.pct),
                                                    'after', retail_percent (p_pct)));
  if price is not null then
    changes := changes || jsonb_build_object ('label', 'Price', 'before', price || ' ' || s.currency,
                                              'after', next_price || ' ' || s.currency);
  end if;
  return jsonb_build_object ('before', retail_state (s), 'facts', facts,
    'preview', jsonb_build_object (
      'summary', format ('%s: %s from %s to %s in %s stores, %s units left', s.name, p_verb, retail_percent (f.pct),
                         retail_percent (p_pct), f.stores, greatest (f.forecast_total - f.sold, 0)),
      'changes', changes));
end $$;

create function retail_assess_markdown (p_season text, p_pct numeric) returns jsonb
language plpgsql stable as $$
declare
  s retail_seasons := retail_find (p_season);
  f record;
begin
  select * into f from retail_figures (s, null);
  if f.forecast_total = 0 then
    raise exception 'season % has no forecast', s.code using errcode = 'RY409';
  end if;
  if p_pct <= f.pct then
    raise exception 'season % is marked down % already', s.code, retail_percent (f.pct) using errcode = 'RY409';
  end if;
  return retail_assessment (s, p_pct, 'markdown');
end $$;

-- Once for each key: the same key returns the same receipt.
create function retail_apply_markdown (p_key text, p_season text, p_pct numeric, p_before jsonb) returns jsonb
language plpgsql as $$
declare
  s retail_seasons := retail_lock (p_season);
  m retail_markdowns;
  active retail_markdowns;
begin
  select * into m from retail_markdowns where workspace_id = s.workspace_id and key = p_key;
  if found then
    if m.season <> s.id or m.pct <> p_pct then
      raise exception 'the key % belongs to another markdown', p_key using errcode = 'RY409';
    end if;
    return m.receipt;
  end if;
  if retail_state (s) is distinct from p_before then
    raise exception 'season % is no longer as it was assessed', s.code using errcode = 'RY409';
  end if;
  update retail_markdowns set state = 'replaced'
  where workspace_id = s.workspace_id and season = s.id and state = 'active' returning * into active;
  if p_pct <= active.pct then
    raise exception 'season % is marked down % already', s.code, retail_percent (active.pct) using errcode = 'RY409';
  end if;
  insert into retail_markdowns (workspace_id, season, key, pct, previous_pct, replaces)
  values (s.workspace_id, s.id, p_key, p_pct, coalesce (active.pct, 0), active.id) returning * into m;
  update retail_markdowns set receipt = jsonb_build_object (
    'markdown', m.uid, 'season', s.uid, 'markdown_pct', trim_scale (m.pct), 'previous_pct', trim_scale (m.previous_pct),
    'price', retail_price (s.list_price, m.pct)::text, 'currency', s.currency, 'applied_at', iso_time (m.applied_at))
  where workspace_id = m.workspace_id and id = m.id returning * into m;
  perform outbox_put ('retail.markdown.applied', s.uid::text, 'host', m.receipt || jsonb_build_object ('key', p_key));
  return m.receipt;
end $$;

-- Did the effect with that key happen? { applied, receipt? } for a markdown as well as for its inverse.
create function retail_verify (p_key text) returns jsonb
language sql stable as $$
  select coalesce (
    (select jsonb_build_object ('applied', true, 'receipt', case when m.key = p_key then m.receipt else m.revert_receipt end)
     from retail_markdowns m where m.workspace_id = royal_workspace () and (m.key = p_key or m.revert_key = p_key)),
    '{"applied": false}');
$$;

-- The markdown of a receipt.
create function retail_receipt_markdown (p_receipt jsonb) returns retail_markdowns
language plpgsql stable as $$
declare m retail_markdowns;
begin
  select * into m from retail_markdowns
  where workspace_id = royal_workspace () and uid::text = p_receipt->>'markdown';
  if not found then
    raise exception 'no markdown is `%`', coalesce (p_receipt->>'markdown', '') using errcode = 'RY404';
  end if;
  return m;
end $$;

create function retail_assess_revert (p_receipt jsonb) returns jsonb
language plpgsql stable as $$
declare
  m retail_markdowns := retail_receipt_markdown (p_receipt);
  s retail_seasons;
begin
  select * into s from retail_seasons where workspace_id = m.workspace_id and id = m.season;
  if m.state <> 'active' then
    raise exception 'the markdown of % on season % is % already', retail_percent (m.pct), s.code, m.state
      using errcode = 'RY409';
  end if;
  return retail_assessment (s, m.previous_pct, 'undo the markdown');
end $$;

-- The inverse: the season goes back to what it had before. Once for each key.
create function retail_revert_markdown (p_key text, p_receipt jsonb) returns jsonb
language plpgsql as $$
declare
  m retail_markdowns := retail_receipt_markdown (p_receipt);
  s retail_seasons;
begin
  select * into s from retail_seasons where workspace_id = m.workspace_id and id = m.season for update;
  select * into m from retail_markdowns where workspace_id = m.workspace_id and id = m.id;
  if m.revert_key = p_key then
    return m.revert_receipt;
  end if;
  if m.state <> 'active' then
    raise exception 'the markdown of % on season % is % already', retail_percent (m.pct), s.code, m.state
      using errcode = 'RY409';
  end if;
  update retail_markdowns set state = 'reverted', reverted_at = now (), revert_key = p_key,
    revert_receipt = jsonb_build_object ('reverted', m.uid, 'season', s.uid, 'markdown_pct', trim_scale (m.previous_pct),
      'previous_pct', trim_scale (m.pct), 'price', retail_price (s.list_price, m.previous_pct)::text,
      'currency', s.currency, 'reverted_at', iso_time (now ()))
  where workspace_id = m.workspace_id and id = m.id returning * into m;
  update retail_markdowns set state = 'active' where workspace_id = m.workspace_id and id = m.replaces;
  perform outbox_put ('retail.markdown.reverted', s.uid::text, 'host',
                      m.revert_receipt || jsonb_build_object ('key', p_key));
  return m.revert_receipt;
end $$;

-- Imports. The rows arrive as arrays of equal length; lines are the rows' lines in the file. Each returns either
-- { "errors": [{ "line", "column", "message" }], "faults": how many } having changed nothing, or a summary. With p_dry_run
-- nothing changes either way.

create function retail_imported (p_summary jsonb, p_dry_run boolean, p_actor text) returns jsonb
language plpgsql as $$
begin
  if not p_dry_run then
    perform outbox_put ('data.imported', p_summary->>'season', p_actor, p_summary - 'warnings');
  end if;
  return p_summary || jsonb_build_object ('dry_run', p_dry_run);
end $$;

create function retail_import_stores (p_lines int[], p_codes text[], p_names text[], p_sizes bigint[], p_tiers text[],
                                      p_incomes bigint[], p_formats text[], p_regions text[], p_fashion text[],
                                      p_sales bigint[], p_dry_run boolean, p_actor text) returns jsonb
language plpgsql as $$
declare
  faults jsonb;
  n_faults bigint;
  n_added bigint;
  n_changed bigint;
begin
  select jsonb_agg (jsonb_build_object ('line', e.line, 'column', 'store_id', 'message',
           format ('store `%s` stands on line %s already', e.code, e.first)) order by e.line) filter (where e.n <= 20), max (e.n)
    into faults, n_faults
  from (select d.*, row_number () over (order by d.line) as n
        from (select r.line, r.code, min (r.line) over (partition by r.code) as first
              from unnest (p_lines, p_codes) as r (line, code)) d where d.line > d.first) e;
  if n_faults > 0 then
    return jsonb_build_object ('errors', faults, 'faults', n_faults);
  end if;

  -- An empty cell keeps what is known.
  with r as (
    select * from unnest (p_codes, p_names, p_sizes, p_tiers, p_incomes, p_formats, p_regions, p_fashion, p_sales)
      as r (code, name, size_sqft, tier, median_income, format, region, fashion_tier, avg_weekly_sales))
  select count (*) filter (where t.id is null),
         count (*) filter (where t.id is not null and
           (t.name, t.size_sqft, t.tier, t.median_income, t.format, t.region, t.fashion_tier, t.avg_weekly_sales)
           is distinct from
           (r.name, coalesce (r.size_sqft, t.size_sqft), coalesce (r.tier, t.tier),
            coalesce (r.median_income, t.median_income), coalesce (r.format, t.format), coalesce (r.region, t.region),
            coalesce (r.fashion_tier, t.fashion_tier), coalesce (r.avg_weekly_sales, t.avg_weekly_sales)))
    into n_added, n_changed
  from r left join retail_stores t on t.workspace_id = royal_workspace () and t.code = r.code;

  if not p_dry_run and n_added + n_changed > 0 then
    insert into retail_stores as t (workspace_id, code, name, size_sqft, tier, median_income, format, region,
                                    fashion_tier, avg_weekly_sales)
    select royal_workspace (), r.*
    from unnest (p_codes, p_names, p_sizes, p_tiers, p_incomes, p_formats, p_regions, p_fashion, p_sales)
      as r (code, name, size_sqft, tier, median_income, format, region, fashion_tier, avg_weekly_sales)
    on conflict (workspace_id, code) do update set name = excluded.name,
      size_sqft = coalesce (excluded.size_sqft, t.size_sqft), tier = coalesce (excluded.tier, t.tier),
      median_income = coalesce (excluded.median_income, t.median_income), format = coalesce (excluded.format, t.format),
      region = coalesce (excluded.region, t.region), fashion_tier = coalesce (excluded.fashion_tier, t.fashion_tier),
      avg_weekly_sales = coalesce (excluded.avg_weekly_sales, t.avg_weekly_sales);
  end if;
  return retail_imported (jsonb_build_object ('kind', 'stores', 'rows', cardinality (p_codes), 'stores',
    cardinality (p_codes), 'added', n_added, 'changed', n_changed, 'removed', 0,
    'unchanged', cardinality (p_codes) - n_added - n_changed, 'warnings', '[]'::jsonb), p_dry_run, p_actor);
end $$;

-- The faults of rows by store and week: unknown stores, weeks out of range, the same key twice.
create function retail_row_faults (p_lines int[], p_stores text[], p_weeks int[], p_last int, out faults jsonb,
                                   out n_faults bigint)
language sql stable as $$
  with r as (
    select r.*, t.id as store, min (r.line) over (partition by r.code, r.week) as first
    from unnest (p_lines, p_stores, p_weeks) as r (line, code, week)
    left join retail_stores t on t.workspace_id = royal_workspace () and t.code = r.code),
  e as (
    select line, 1 as pos, 'store_id' as "column", format ('no store is `%s`', code) as message from r where store is null
    union all
    select line, 2, 'week_number', format ('expected a week from 1 to %s, found %s', p_last, week)
    from r where week not between 1 and p_last
    union all
    select line, 3, 'week_number', format ('store %s, week %s stands on line %s already', code, week, first)
    from r where line > first),
  numbered as (select e.*, row_number () over (order by line, pos) as n from e)
  select jsonb_agg (jsonb_build_object ('line', line, 'column', "column", 'message', message) order by n)
           filter (where n <= 20), count (*)
  from numbered;
$$;

-- The weeks from 1 to p_last that a store lacks, for the stores in p_have; known (with p_season) counts as there. The line
-- is the store's next one in the file, or its last.
create function retail_gap_faults (p_season bigint, p_lines int[], p_stores text[], p_weeks int[], p_have text[],
                                   p_last int, out faults jsonb, out n_faults bigint)
language sql stable as $$
  with r as (select * from unnest (p_lines, p_stores, p_weeks) as r (line, code, week)),
  there as (
    select r.code, r.week from r
    union
    select t.code, a.week from retail_actuals a
    join retail_stores t on t.workspace_id = a.workspace_id and t.id = a.store
    where a.workspace_id = royal_workspace () and a.season = p_season),
  gaps as (
    select h.code, w.week from unnest (p_have) as h (code), generate_series (1, p_last) as w (week)
    except select code, week from there),
  numbered as (
    select g.*, row_number () over (order by g.code, g.week) as n from gaps g)
  select jsonb_agg (jsonb_strip_nulls (jsonb_build_object ('column', 'week_number',
           'line', coalesce ((select min (r.line) from r where r.code = g.code and r.week > g.week),
                             (select max (r.line) from r where r.code = g.code)),
           'message', format ('store %s has no row for week %s, weeks 1 to %s are needed', g.code, g.week, p_last)))
           order by g.n) filter (where g.n <= 20), count (*)
  from numbered g;
$$;

-- The season of an import, made or changed; refuses what would orphan rows. Dry runs return it as it would be.
create function retail_put_season (p jsonb) returns retail_seasons
language plpgsql as $$
declare
  s retail_seasons;
  c bigint;
begin
  insert into retail_categories (workspace_id, code, name)
  values (royal_workspace (), p->>'category', coalesce (p->>'category_name', p->>'category'))
  on conflict (workspace_id, code) do nothing;
  select id into c from retail_categories where workspace_id = royal_workspace () and code = p->>'category';
  insert into retail_seasons as t (workspace_id, code, category, name, starts_on, weeks, archetype, currency, list_price,
                                   unit_cost)
  select w.workspace_id, p->>'code', c, p->>'name', (p->>'start')::date, (p->>'weeks')::int,
         coalesce (p->>'archetype', 'FASHION_RETAIL'), coalesce (p->>'currency', w.currency),
         (p->>'list_price')::numeric, (p->>'unit_cost')::numeric
  from workspaces w where w.workspace_id = royal_workspace ()
  on conflict (workspace_id, code) do update set category = excluded.category, name = excluded.name,
    starts_on = excluded.starts_on, weeks = excluded.weeks, archetype = coalesce (p->>'archetype', t.archetype),
    currency = coalesce (p->>'currency', t.currency), list_price = coalesce (excluded.list_price, t.list_price),
    unit_cost = coalesce (excluded.unit_cost, t.unit_cost)
  returning * into s;
  return s;
end $$;

-- Rows of actual sales that a new forecast has no place for.
create function retail_orphan_faults (s retail_seasons, p_stores text[], p_weeks int[], out faults jsonb,
                                      out n_faults bigint)
language sql stable as $$
  with orphans as (
    select t.code, a.week from retail_actuals a
    join retail_stores t on t.workspace_id = a.workspace_id and t.id = a.store
    where a.workspace_id = s.workspace_id and a.season = s.id
    except select * from unnest (p_stores, p_weeks)),
  numbered as (select o.*, row_number () over (order by o.code, o.week) as n from orphans o)
  select jsonb_agg (jsonb_build_object ('column', 'store_id', 'message',
           format ('store %s, week %s has actual sales, but no row here', code, week)) order by n) filter (where n <= 20),
         count (*)
  from numbered;
$$;

create function retail_forecast_faults (s retail_seasons, p_lines int[], p_stores text[], p_weeks int[],
                                        out faults jsonb, out n_faults bigint)
language plpgsql stable as $$
begin
  select f.* into faults, n_faults from retail_row_faults (p_lines, p_stores, p_weeks, s.weeks) f;
  if n_faults = 0 then
    select f.* into faults, n_faults from retail_gap_faults (null, p_lines, p_stores, p_weeks,
      array (select distinct c from unnest (p_stores) c), s.weeks) f;
  end if;
  if n_faults = 0 then
    select f.* into faults, n_faults from retail_orphan_faults (s, p_stores, p_weeks) f;
  end if;
end $$;

-- Rows that are new, and rows that are there with other units: of forecasts (p_actuals false) or actual sales.
create function retail_count_changes (s retail_seasons, p_actuals boolean, p_stores text[], p_weeks int[],
                                      p_units bigint[], out n_added bigint, out n_changed bigint)
language sql stable as $$
  with k as (
    select f.store, f.week, f.units from retail_forecast f
    where not p_actuals and f.workspace_id = s.workspace_id and f.season = s.id
    union all
    select a.store, a.week, a.units from retail_actuals a
    where p_actuals and a.workspace_id = s.workspace_id and a.season = s.id)
  select count (*) filter (where k.units is null), count (*) filter (where k.units <> r.units)
  from unnest (p_stores, p_weeks, p_units) as r (code, week, units)
  join retail_stores t on t.workspace_id = s.workspace_id and t.code = r.code
  left join k on k.store = t.id and k.week = r.week;
$$;

create function retail_import_summary (p_kind text, s retail_seasons, p_stores text[], p_weeks int[], p_units bigint[],
                                       n_added bigint, n_changed bigint, n_removed bigint) returns jsonb
language sql stable as $$
  select jsonb_build_object ('kind', p_kind, 'season', s.uid, 'code', s.code, 'rows', count (*),
    'stores', count (distinct r.code), 'weeks', jsonb_build_array (min (r.week), max (r.week)), 'units', sum (r.units),
    'added', n_added, 'changed', n_changed, 'removed', n_removed, 'unchanged', count (*) - n_added - n_changed)
  from unnest (p_stores, p_weeks, p_units) as r (code, week, units);
$$;

-- Imports join hundreds of thousands of rows to tables that were filled a moment ago and have no statistics yet, where the
-- planner expects a handful and takes nested loops: hence enable_nestloop.

-- Makes or changes a season (see retail_put_season) and replaces its forecast. A fault and a dry run roll back to the
-- beginning of the block, so that a dry run tells exactly what a real one does.
create function retail_import_forecast (p_season jsonb, p_lines int[], p_stores text[], p_weeks int[], p_units bigint[],
                                        p_dry_run boolean, p_actor text) returns jsonb
language plpgsql set enable_nestloop = off as $$
declare
  was retail_seasons;
  s retail_seasons;
  f record;
  n record;
  n_removed bigint;
  warnings jsonb := '[]';
  result jsonb;
begin
  select * into was from retail_seasons where workspace_id = royal_workspace () and code = p_season->>'code' for update;
  s := retail_put_season (p_season);
  select * into f from retail_forecast_faults (s, p_lines, p_stores, p_weeks);
  if f.n_faults > 0 then
    result := jsonb_build_object ('errors', f.faults, 'faults', f.n_faults);
    raise sqlstate 'RY000';
  end if;

  select * into n from retail_count_changes (s, false, p_stores, p_weeks, p_units);
  delete from retail_forecast d
  where d.workspace_id = s.workspace_id and d.season = s.id and not exists (
    select from unnest (p_stores, p_weeks) as r (code, week)
    join retail_stores t on t.workspace_id = s.workspace_id and t.code = r.code
    where t.id = d.store and r.week = d.week);
  get diagnostics n_removed = row_count;
  insert into retail_forecast as o (workspace_id, season, store, week, units)
  select s.workspace_id, s.id, t.id, r.week, r.units from unnest (p_stores, p_weeks, p_units) as r (code, week, units)
  join retail_stores t on t.workspace_id = s.workspace_id and t.code = r.code
  on conflict (workspace_id, season, store, week) do update set units = excluded.units where o.units <> excluded.units;

  if s.list_price is null or s.unit_cost is null then
    warnings := warnings || '["the season has no list price or no unit cost: no revenue and no margin can be told"]';
  end if;
  if n.n_changed + n_removed > 0 and exists (select from retail_actuals a
                                            where a.workspace_id = s.workspace_id and a.season = s.id) then
    warnings := warnings || '["the forecast changes under actual sales that are there already"]';
  end if;
  result := retail_imported (
    retail_import_summary ('forecast', s, p_stores, p_weeks, p_units, n.n_added, n.n_changed, n_removed)
    || jsonb_build_object ('season_state', case when was.id is null then 'added' when was is distinct from s then 'changed'
                                                else 'unchanged' end, 'warnings', warnings), p_dry_run, p_actor);
  if p_dry_run then
    raise sqlstate 'RY000';
  end if;
  return result;
exception when sqlstate 'RY000' then
  return case when was.id is null then result - 'season' else result end;
end $$;

create function retail_actuals_faults (s retail_seasons, p_lines int[], p_stores text[], p_weeks int[],
                                       out faults jsonb, out n_faults bigint)
language plpgsql stable as $$
declare
  have text[];
  last int;
begin
  select f.* into faults, n_faults from retail_row_faults (p_lines, p_stores, p_weeks, s.weeks) f;
  if n_faults > 0 then
    return;
  end if;
  have := array (select t.code from retail_stores t where t.workspace_id = s.workspace_id and exists (
                   select from retail_forecast f where f.workspace_id = s.workspace_id and f.season = s.id
                     and f.store = t.id));
  with e as (
    select r.*, row_number () over (order by r.line) as n from unnest (p_lines, p_stores) as r (line, code)
    where not exists (select from unnest (have) as h (code) where h.code = r.code))
  select jsonb_agg (jsonb_build_object ('line', line, 'column', 'store_id', 'message',
           format ('store %s has no forecast in season %s', code, s.code)) order by n) filter (where n <= 20), count (*)
    into faults, n_faults from e;
  if n_faults > 0 then
    return;
  end if;
  select greatest (max (w), (retail_figures (s, null)).week) into last from unnest (p_weeks) w;
  select f.* into faults, n_faults from retail_gap_faults (s.id, p_lines, p_stores, p_weeks, have, last) f;
end $$;

-- Adds to and corrects a season's actual sales.
create function retail_import_actuals (p_season text, p_lines int[], p_stores text[], p_weeks int[], p_units bigint[],
                                       p_dry_run boolean, p_actor text) returns jsonb
language plpgsql set enable_nestloop = off as $$
declare
  s retail_seasons := retail_lock (p_season);
  f record;
  n record;
begin
  select * into f from retail_actuals_faults (s, p_lines, p_stores, p_weeks);
  if f.n_faults > 0 then
    return jsonb_build_object ('errors', f.faults, 'faults', f.n_faults);
  end if;
  select * into n from retail_count_changes (s, true, p_stores, p_weeks, p_units);
  if not p_dry_run then
    insert into retail_actuals as o (workspace_id, season, store, week, units)
    select s.workspace_id, s.id, t.id, r.week, r.units from unnest (p_stores, p_weeks, p_units) as r (code, week, units)
    join retail_stores t on t.workspace_id = s.workspace_id and t.code = r.code
    on conflict (workspace_id, season, store, week) do update set units = excluded.units where o.units <> excluded.units;
  end if;
  return retail_imported (
    retail_import_summary ('actuals', s, p_stores, p_weeks, p_units, n.n_added, n.n_changed, 0)
    || jsonb_build_object ('warnings', case when n.n_changed > 0 then
         jsonb_build_array (format ('%s rows of actual sales are corrected', n.n_changed)) else '[]'::jsonb end),
    p_dry_run, p_actor);
end $$;
