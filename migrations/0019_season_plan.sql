-- SPDX-License-Identifier: Apache-2.0
-- Season planning, what is done: forecasts that are recorded, goods that are ordered, sent to stores and ordered once more.

-- What the connector did to a season, once for each key, but for markdowns, which have a table of their own. parameters are
-- the proposal's. One forecast is active at most; the next one replaces it, and the inverse of that one brings it back.
create table retail_effects (
  workspace_id bigint not null,
  id bigint generated always as identity,
  uid uuid not null default uuid_v7 (),
  season bigint not null,
  action text not null check (action in ('forecast.record', 'manufacturing.order', 'replenishment.ship',
                                         'reallocation.order')),
  key text not null check (length (key) between 1 and 200),
  state text not null default 'active' check (state in ('active', 'replaced', 'reverted')),
  parameters jsonb not null,
  replaces bigint,
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
  foreign key (workspace_id, replaces) references retail_effects);
create unique index retail_effects_forecast on retail_effects (workspace_id, season)
  where state = 'active' and action = 'forecast.record';
create index retail_effects_season on retail_effects (workspace_id, season);
call royal_protect ('retail_effects', 'select');

-- The season's forecast by store and week as it was before one was recorded.
create table retail_forecast_was (
  workspace_id bigint not null,
  effect bigint not null,
  store bigint not null,
  week int not null,
  units bigint not null,
  primary key (workspace_id, effect, store, week),
  foreign key (workspace_id, effect) references retail_effects);
call royal_protect ('retail_forecast_was', 'select');

-- What was ordered of the factory: by a manufacturing order, and what a re-allocation adds.
create table retail_orders (
  workspace_id bigint not null,
  effect bigint not null,
  season bigint not null,
  quantity bigint not null check (quantity > 0),
  primary key (workspace_id, effect),
  foreign key (workspace_id, effect) references retail_effects);
create index retail_orders_season on retail_orders (workspace_id, season);
call royal_protect ('retail_orders', 'select');

-- What was sent to stores: the initial allocation (week 0) and what a week was replenished with.
create table retail_shipments (
  workspace_id bigint not null,
  effect bigint not null,
  season bigint not null,
  week int not null check (week >= 0),
  store bigint not null,
  units bigint not null check (units between 0 and 1000000000),
  primary key (workspace_id, effect, store),
  foreign key (workspace_id, effect) references retail_effects,
  foreign key (workspace_id, store) references retail_stores);
create index retail_shipments_season on retail_shipments (workspace_id, season, store);
call royal_protect ('retail_shipments', 'select');

-- A season is found by its id, its code, or the id of a forecast that was recorded for it.
create or replace function retail_find (p_ident text) returns retail_seasons
language plpgsql stable as $$
declare s retail_seasons;
begin
  select * into s from retail_seasons
  where workspace_id = royal_workspace () and (uid::text = p_ident or code = p_ident);
  if not found then
    select x.* into s from retail_effects e
    join retail_seasons x on x.workspace_id = e.workspace_id and x.id = e.season
    where e.workspace_id = royal_workspace () and e.action = 'forecast.record' and e.uid::text = p_ident;
  end if;
  if s.id is null then
    raise exception 'no season is `%`', coalesce (p_ident, '') using errcode = 'RY404';
  end if;
  return s;
end $$;

-- Stock. in_stores is what all stores were sent and have not sold: where one sold more than it was sent, the units came from
-- another one.
create function retail_stock (s retail_seasons, out made bigint, out shipped bigint, out holdback bigint,
                              out in_stores bigint, out sold bigint)
language sql stable as $$
  with o as (
    select coalesce (sum (o.quantity), 0) as made from retail_orders o
    join retail_effects e on e.workspace_id = o.workspace_id and e.id = o.effect and e.state = 'active'
    where o.workspace_id = s.workspace_id and o.season = s.id),
  t as (
    select coalesce (sum (p.units), 0) as shipped from retail_shipments p
    join retail_effects e on e.workspace_id = p.workspace_id and e.id = p.effect and e.state = 'active'
    where p.workspace_id = s.workspace_id and p.season = s.id),
  a as (
    select coalesce (sum (a.units), 0) as sold from retail_actuals a
    where a.workspace_id = s.workspace_id and a.season = s.id)
  select o.made, t.shipped, o.made - t.shipped, greatest (t.shipped - a.sold, 0), a.sold from o, t, a;
$$;

-- The document read `retail.inventory`.
create function retail_inventory (p_ident text) returns jsonb
language plpgsql stable as $$
declare
  s retail_seasons := retail_find (p_ident);
  f record;
  k record;
  stores jsonb;
begin
  select * into f from retail_figures (s, null);
  select * into k from retail_stock (s);
  with sent as (
    select p.store, sum (p.units) as units from retail_shipments p
    join retail_effects e on e.workspace_id = p.workspace_id and e.id = p.effect and e.state = 'active'
    where p.workspace_id = s.workspace_id and p.season = s.id group by 1),
  sold as (
    select a.store, sum (a.units) as units from retail_actuals a
    where a.workspace_id = s.workspace_id and a.season = s.id group by 1),
  planned as (
    select r.store, sum (r.units) as units, sum (r.units) filter (where r.week = f.week + 1) as next,
           sum (r.units) filter (where r.week > f.week) as left
    from retail_forecast r where r.workspace_id = s.workspace_id and r.season = s.id group by 1)
  select coalesce (jsonb_agg (jsonb_build_object ('store', t.code, 'shipped', coalesce (sent.units, 0),
           'sold', coalesce (sold.units, 0),
           'on_hand', greatest (coalesce (sent.units, 0) - coalesce (sold.units, 0), 0), 'forecast', planned.units,
           'forecast_next', coalesce (planned.next, 0), 'forecast_left', coalesce (planned.left, 0)) order by t.code), '[]')
    into stores
  from planned join retail_stores t on t.workspace_id = s.workspace_id and t.id = planned.store
  left join sent on sent.store = planned.store left join sold on sold.store = planned.store;
  return jsonb_build_object ('season', s.uid, 'code', s.code, 'week', f.week, 'next_week',
    case when f.week < s.weeks then f.week + 1 end, 'weeks', s.weeks, 'made', k.made, 'shipped', k.shipped,
    'holdback', k.holdback, 'in_stores', k.in_stores, 'sold', k.sold, 'forecast_total', f.forecast_total,
    'stores', stores);
end $$;

-- A forecast that was loaded from a file takes the place of the one that was recorded.
create function retail_forecast_replaced (s retail_seasons) returns void
language sql as $$
  update retail_effects set state = 'replaced'
  where workspace_id = s.workspace_id and season = s.id and action = 'forecast.record' and state = 'active';
$$;

-- The document read `retail.forecast`: the parameters that were recorded, and when.
create function retail_forecast_get (p_ident text) returns jsonb
language plpgsql stable as $$
declare
  s retail_seasons := retail_find (p_ident);
  e retail_effects;
begin
  select * into e from retail_effects
  where workspace_id = s.workspace_id and season = s.id and action = 'forecast.record' and state = 'active';
  if not found then
    raise exception 'season % has no recorded forecast', s.code using errcode = 'RY404';
  end if;
  return e.parameters || jsonb_build_object ('id', e.uid, 'season', s.uid, 'code', s.code, 'category', (
    select c.code from retail_categories c where c.workspace_id = s.workspace_id and c.id = s.category),
    'start', s.starts_on, 'weeks', s.weeks, 'from_week', coalesce ((e.parameters->>'from_week')::int, 1),
    'recorded_at', iso_time (e.applied_at));
end $$;

create function retail_category_list () returns jsonb
language sql stable as $$
  select jsonb_build_object ('next', null, 'items', coalesce (jsonb_agg (jsonb_build_object ('code', c.code, 'name', c.name,
           'rows', coalesce (h.n, 0), 'stores', coalesce (h.stores, 0), 'first', h.first, 'last', h.last,
           'months', coalesce (((h.last - h.first) / 7 + 1) * 12 / 52, 0)) order by c.code), '[]'))
  from retail_categories c left join lateral (
    select count (*) as n, count (distinct h.store) as stores, min (h.week) as first, max (h.week) as last
    from retail_history h where h.workspace_id = c.workspace_id and h.category = c.id) h on true
  where c.workspace_id = royal_workspace ();
$$;

create function retail_store_list () returns jsonb
language sql stable as $$
  select jsonb_build_object ('next', null, 'items', coalesce (jsonb_agg (jsonb_build_object ('store', t.code, 'name', t.name,
           'size_sqft', t.size_sqft, 'tier', t.tier, 'median_income', t.median_income, 'format', t.format,
           'region', t.region, 'fashion_tier', t.fashion_tier, 'avg_weekly_sales', t.avg_weekly_sales) order by t.code),
           '[]'))
  from retail_stores t where t.workspace_id = royal_workspace ();
$$;

-- A season by week, with the recorded forecast's 80 % interval where it has one.
create function retail_weeks (p_ident text) returns jsonb
language plpgsql stable as $$
declare
  s retail_seasons := retail_find (p_ident);
  from_week int;
  bounds jsonb;
begin
  select coalesce ((e.parameters->>'from_week')::int, 1), (select i from jsonb_array_elements (e.parameters->'intervals') i
                                                           where (i->>'level')::numeric = 0.8 limit 1)
    into from_week, bounds
  from retail_effects e where e.workspace_id = s.workspace_id and e.season = s.id and e.action = 'forecast.record'
    and e.state = 'active';
  if jsonb_array_length (bounds->'lower') = s.weeks then
    from_week := 1;
  end if;
  return (
    with f as (select week, sum (units) as units from retail_forecast
               where workspace_id = s.workspace_id and season = s.id group by 1),
    a as (select week, sum (units) as units from retail_actuals
          where workspace_id = s.workspace_id and season = s.id group by 1)
    select jsonb_build_object ('next', null, 'items', coalesce (jsonb_agg (jsonb_build_object ('week', w.week,
             'start', s.starts_on + (w.week - 1) * 7, 'forecast', coalesce (f.units, 0), 'sold', a.units,
             'lower', bounds->'lower'->(w.week - from_week), 'upper', bounds->'upper'->(w.week - from_week))
             order by w.week), '[]'))
    from generate_series (1, s.weeks) as w (week) left join f using (week) left join a using (week));
end $$;

-- What each action finds and demands to find again.
create function retail_plan_state (s retail_seasons) returns jsonb
language sql stable as $$
  select jsonb_build_object ('season', s.uid, 'week', f.week, 'sold', f.sold, 'forecast_total', f.forecast_total,
    'forecast', (select e.uid from retail_effects e where e.workspace_id = s.workspace_id and e.season = s.id
                   and e.action = 'forecast.record' and e.state = 'active'),
    'made', k.made, 'shipped', k.shipped)
  from retail_figures (s, null) f, retail_stock (s) k;
$$;

create function retail_refuse (p_format text, variadic p_values text[]) returns void
language plpgsql stable as $$
begin
  raise exception '%', format (p_format, variadic p_values) using errcode = 'RY409';
end $$;

-- Stores of a proposal that the workspace, or (p_planned) the season's forecast, does not have.
create function retail_check_stores (s retail_seasons, p_codes text[], p_planned boolean) returns void
language plpgsql stable as $$
declare missing text;
begin
  select min (c.code) into missing from unnest (p_codes) as c (code)
  left join retail_stores t on t.workspace_id = s.workspace_id and t.code = c.code
  where t.id is null or (p_planned and not exists (
    select from retail_forecast f where f.workspace_id = s.workspace_id and f.season = s.id and f.store = t.id));
  if missing is not null then
    perform retail_refuse (case when p_planned then 'store %s has no forecast in season %s' else 'no store is `%s`' end,
                           missing, s.code);
  end if;
end $$;

create function retail_change (p_label text, p_before text, p_after text) returns jsonb
language sql immutable as $$
  select jsonb_build_array (jsonb_build_object ('label', p_label, 'before', coalesce (p_before, 'none'),
                                                'after', coalesce (p_after, 'none')));
$$;

-- { facts, summary, changes } of each action; refuses what does not fit the season.

create function retail_assess_forecast (s retail_seasons, p jsonb) returns jsonb
language plpgsql stable as $$
declare
  f record;
  codes text[];
  total constant bigint := (p->>'total')::bigint;
  from_week constant int := coalesce ((p->>'from_week')::int, 1);
  n constant int := jsonb_array_length (p->'curve');
  was text;
begin
  select * into f from retail_figures (s, null);
  if p ? 'from_week' and from_week <> f.week + 1 then
    perform retail_refuse ('season %s has sales up to week %s: a new forecast begins with week %s', s.code, f.week::text,
                           (f.week + 1)::text);
  end if;
  if n <> s.weeks - from_week + 1 then
    perform retail_refuse ('season %s: the curve is to have %s weeks, not %s', s.code, (s.weeks - from_week + 1)::text,
                           n::text);
  end if;
  if p ? 'from_week' and total <> f.sold + (select sum (u::bigint) from jsonb_array_elements_text (p->'curve') u) then
    perform retail_refuse ('season %s: %s units are sold: with the weeks of the curve they are not the total of %s', s.code,
                           f.sold::text, total::text);
  end if;
  codes := array (select x->>'store' from jsonb_array_elements (p->'clusters') c, jsonb_array_elements (c->'stores') x);
  perform retail_check_stores (s, codes, from_week > 1);
  select min (t.code) into was from retail_actuals a
  join retail_stores t on t.workspace_id = a.workspace_id and t.id = a.store
  where a.workspace_id = s.workspace_id and a.season = s.id and t.code <> all (codes);
  if was is not null then
    perform retail_refuse ('store %s has actual sales in season %s, but no place in the forecast', was, s.code);
  end if;
  was := case when f.forecast_total > 0 then f.forecast_total || ' units' end;
  return jsonb_build_object ('facts', jsonb_strip_nulls (jsonb_build_object ('total', total, 'method', p->>'method',
      'total_before', f.forecast_total,
      'change_pct', round (abs (total - f.forecast_total)::numeric / nullif (f.forecast_total, 0), 4),
      'weeks', n, 'from_week', from_week, 'week', f.week, 'sold', f.sold, 'stores', cardinality (codes),
      'clusters', jsonb_array_length (p->'clusters'))),
    'summary', format ('%s: a forecast of %s units for weeks %s to %s in %s stores, by %s', s.name, total, from_week,
                       s.weeks, cardinality (codes), p->>'method'),
    'changes', retail_change ('Forecast', was, total || ' units'));
end $$;

create function retail_assess_order (s retail_seasons, p jsonb) returns jsonb
language plpgsql stable as $$
declare
  f record;
  k record;
  quantity constant bigint := (p->>'quantity')::bigint;
  stores constant int := jsonb_array_length (p->'allocation');
  cost constant numeric := s.unit_cost * quantity;
begin
  select * into f from retail_figures (s, null);
  select * into k from retail_stock (s);
  if f.forecast_total = 0 or f.forecast_total <> (p->>'forecast_total')::bigint then
    perform retail_refuse ('season %s has a forecast of %s units, not of %s', s.code, f.forecast_total::text,
                           p->>'forecast_total');
  end if;
  if k.made > 0 then
    perform retail_refuse ('season %s: %s units are ordered already', s.code, k.made::text);
  end if;
  perform retail_check_stores (s, array (select a->>'store' from jsonb_array_elements (p->'allocation') a), true);
  return jsonb_build_object ('facts', jsonb_strip_nulls (jsonb_build_object ('forecast_total', f.forecast_total,
      'safety_stock_pct', (p->>'safety_stock_pct')::numeric, 'quantity', quantity, 'initial', (p->>'initial')::bigint,
      'holdback', (p->>'holdback')::bigint, 'initial_share', round ((p->>'initial')::numeric / quantity, 4),
      'stores', stores, 'week', f.week, 'sold', f.sold, 'currency', s.currency, 'unit_cost', s.unit_cost, 'cost', cost)),
    'summary', format ('%s: manufacture %s units, %s to %s stores at once, %s held back%s', s.name, quantity,
                       p->>'initial', stores, p->>'holdback', coalesce (format (', for %s %s', cost, s.currency), '')),
    'changes', retail_change ('Manufactured', '0', quantity::text) || retail_change ('In stores', '0', p->>'initial')
               || retail_change ('Held back', '0', p->>'holdback'));
end $$;

create function retail_assess_shipment (s retail_seasons, p jsonb) returns jsonb
language plpgsql stable as $$
declare
  k record;
  units bigint;
  to_week constant int := (p->>'week')::int;
begin
  select * into k from retail_stock (s);
  select sum ((i->>'units')::bigint) into units from jsonb_array_elements (p->'items') i;
  if to_week > s.weeks then
    perform retail_refuse ('season %s has %s weeks', s.code, s.weeks::text);
  end if;
  if exists (select from retail_effects e where e.workspace_id = s.workspace_id and e.season = s.id
               and e.action = 'replenishment.ship' and e.state = 'active' and (e.parameters->>'week')::int = to_week) then
    perform retail_refuse ('week %s of season %s is replenished already', to_week::text, s.code);
  end if;
  if units > k.holdback then
    perform retail_refuse ('season %s: the distribution centre holds %s units, %s are asked for', s.code, k.holdback::text,
                           units::text);
  end if;
  perform retail_check_stores (s, array (select i->>'store' from jsonb_array_elements (p->'items') i), true);
  return jsonb_build_object ('facts', jsonb_build_object ('units', units, 'week', to_week,
      'stores', jsonb_array_length (p->'items'), 'holdback_before', k.holdback, 'holdback_after', k.holdback - units,
      'in_stores', k.in_stores, 'made', k.made, 'sold', k.sold),
    'summary', format ('%s: send %s units to %s stores for week %s', s.name, units, jsonb_array_length (p->'items'), to_week),
    'changes', retail_change ('Held back', k.holdback::text, (k.holdback - units)::text)
               || retail_change ('In stores', k.in_stores::text, (k.in_stores + units)::text));
end $$;

create function retail_assess_reallocation (s retail_seasons, p jsonb) returns jsonb
language plpgsql stable as $$
declare
  f record;
  k record;
  quantity constant bigint := (p->>'quantity')::bigint;
  counted constant boolean := (p->>'count_store_stock')::boolean;
  needed bigint;
  shortage bigint;
  without bigint;
begin
  select * into f from retail_figures (s, null);
  select * into k from retail_stock (s);
  if f.forecast_total <> (p->>'new_total')::bigint then
    perform retail_refuse ('season %s has a forecast of %s units, not of %s', s.code, f.forecast_total::text,
                           p->>'new_total');
  end if;
  if k.made = 0 then
    perform retail_refuse ('season %s: nothing is ordered so far', s.code);
  end if;
  needed := greatest (f.forecast_total - f.sold, 0);
  without := greatest (needed - k.holdback, 0);
  shortage := case when counted then greatest (needed - k.holdback - k.in_stores, 0) else without end;
  if quantity <> shortage then
    perform retail_refuse ('season %s is short of %s units, not of %s', s.code, shortage::text, quantity::text);
  end if;
  return jsonb_build_object ('facts', jsonb_strip_nulls (jsonb_build_object ('new_total', f.forecast_total, 'sold', f.sold,
      'needed', needed, 'holdback', k.holdback, 'in_stores', k.in_stores, 'made', k.made, 'quantity', quantity,
      'count_store_stock', counted, 'shortage', shortage, 'shortage_without_store_stock', without,
      'shortage_with_store_stock', greatest (needed - k.holdback - k.in_stores, 0), 'week', f.week,
      'currency', s.currency, 'unit_cost', s.unit_cost, 'cost', s.unit_cost * quantity)),
    'summary', format ('%s: manufacture %s units more; %s are needed, %s held back, %s in stores (%s)', s.name, quantity,
                       needed, k.holdback, k.in_stores, case when counted then 'counted' else 'not counted' end),
    'changes', retail_change ('Manufactured', k.made::text, (k.made + quantity)::text)
               || retail_change ('Held back', k.holdback::text, (k.holdback + quantity)::text));
end $$;

-- What apply finds and does, before anything is written: { before, facts, preview }.
create function retail_assess (p_action text, p_season text, p jsonb) returns jsonb
language plpgsql stable as $$
declare
  s retail_seasons := retail_find (p_season);
  a jsonb;
begin
  if p_action = 'markdown.apply' then
    return retail_assess_markdown (p_season, round ((p->>'markdown_pct')::numeric, 4));
  end if;
  if (retail_find (p->>'season')).id <> s.id then
    perform retail_refuse ('the target is season %s, the parameters say %s', s.code, p->>'season');
  end if;
  a := case p_action when 'forecast.record' then retail_assess_forecast (s, p)
                     when 'manufacturing.order' then retail_assess_order (s, p)
                     when 'replenishment.ship' then retail_assess_shipment (s, p)
                     when 'reallocation.order' then retail_assess_reallocation (s, p) end;
  return jsonb_build_object ('before', retail_plan_state (s), 'facts', a->'facts',
    'preview', jsonb_build_object ('summary', a->'summary', 'changes', a->'changes'));
end $$;

-- Shares the curve out: each week's units by cluster share times store factor, so that every week's sum is exact and no
-- store drifts. A store's next unit is worth what it is due up to that week, less what it has; the week's units go to the
-- most worth ones.
create function retail_share_out (s retail_seasons, p jsonb) returns void
language plpgsql as $$
declare
  from_week constant int := coalesce ((p->>'from_week')::int, 1);
  ids bigint[];
  weights numeric[];
  given bigint[];
  due bigint := 0;
  units bigint;
  w int;
begin
  select array_agg (t.id order by t.id), array_agg ((c->>'share')::numeric * (x->>'factor')::numeric order by t.id)
    into ids, weights
  from jsonb_array_elements (p->'clusters') c, jsonb_array_elements (c->'stores') x
  join retail_stores t on t.workspace_id = s.workspace_id and t.code = x->>'store';
  given := array_fill (0::bigint, array[cardinality (ids)]);
  for w in from_week .. s.weeks loop
    units := (p->'curve'->>(w - from_week))::bigint;
    due := due + units;
    with total as (select sum (x) as weight from unnest (weights) x),
    worth as (
      select n.i, n.weight / total.weight * due - n.had as worth
      from unnest (weights, given) with ordinality as n (weight, had, i), total),
    taken as (
      select i, count (*) as n from (
        select i from worth, generate_series (0, greatest (ceil (worth)::bigint, 0)) as k
        order by worth - k desc, i limit units) u group by i),
    put as (
      insert into retail_forecast as o (workspace_id, season, store, week, units)
      select s.workspace_id, s.id, ids[worth.i], w, coalesce (taken.n, 0) from worth left join taken using (i)
      on conflict (workspace_id, season, store, week) do update set units = excluded.units)
    select array_agg (given[worth.i] + coalesce (taken.n, 0) order by worth.i) into given
    from worth left join taken using (i);
  end loop;
end $$;

-- Weeks that are sold stand at what was sold, so that the variance from here on is the new forecast's.
create function retail_record_forecast (s retail_seasons, e retail_effects, p jsonb) returns void
language plpgsql as $$
declare from_week constant int := coalesce ((p->>'from_week')::int, 1);
begin
  insert into retail_forecast_was (workspace_id, effect, store, week, units)
  select workspace_id, e.id, store, week, units from retail_forecast where workspace_id = s.workspace_id and season = s.id;
  delete from retail_forecast f using retail_stores t
  where f.workspace_id = s.workspace_id and f.season = s.id and t.workspace_id = f.workspace_id and t.id = f.store
    and not exists (select from jsonb_array_elements (p->'clusters') c, jsonb_array_elements (c->'stores') x
                    where x->>'store' = t.code);
  update retail_forecast f set units = a.units from retail_actuals a
  where f.workspace_id = s.workspace_id and f.season = s.id and a.workspace_id = f.workspace_id and a.season = f.season
    and a.store = f.store and a.week = f.week and f.week < from_week;
  perform retail_share_out (s, p);
end $$;

create function retail_told (p_action text) returns text
language sql immutable as $$
  select case p_action when 'forecast.record' then 'retail.forecast.recorded'
                       when 'manufacturing.order' then 'retail.manufacturing.ordered'
                       when 'replenishment.ship' then 'retail.replenishment.shipped'
                       else 'retail.reallocation.ordered' end;
$$;

-- The rows that an action makes.
create function retail_do (s retail_seasons, e retail_effects, p jsonb) returns void
language plpgsql as $$
begin
  if e.action = 'forecast.record' then
    perform retail_record_forecast (s, e, p);
    return;
  end if;
  if e.action in ('manufacturing.order', 'reallocation.order') then
    insert into retail_orders (workspace_id, effect, season, quantity)
    values (s.workspace_id, e.id, s.id, (p->>'quantity')::bigint);
  end if;
  insert into retail_shipments (workspace_id, effect, season, week, store, units)
  select s.workspace_id, e.id, s.id, coalesce ((p->>'week')::int, 0), t.id, (i->>'units')::bigint
  from jsonb_array_elements (coalesce (p->'allocation', p->'items', '[]')) i
  join retail_stores t on t.workspace_id = s.workspace_id and t.code = i->>'store';
end $$;

create function retail_receipt (s retail_seasons, e retail_effects, p jsonb) returns jsonb
language sql stable as $$
  select jsonb_strip_nulls (jsonb_build_object ('effect', e.uid, 'action', e.action, 'season', s.uid,
    'forecast', case when e.action = 'forecast.record' then e.uid end, 'method', p->'method', 'total', p->'total',
    'quantity', p->'quantity', 'initial', p->'initial', 'holdback', p->'holdback', 'week', p->'week',
    'units', (select sum ((i->>'units')::bigint) from jsonb_array_elements (p->'items') i),
    'applied_at', iso_time (e.applied_at)));
$$;

-- Once for each key: the same key returns the same receipt.
create function retail_apply (p_action text, p_key text, p_season text, p jsonb, p_before jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s retail_seasons;
  e retail_effects;
  was bigint;
begin
  if p_action = 'markdown.apply' then
    return retail_apply_markdown (p_key, p_season, round ((p->>'markdown_pct')::numeric, 4), p_before);
  end if;
  s := retail_lock (p_season);
  select * into e from retail_effects where workspace_id = s.workspace_id and key = p_key;
  if found then
    if e.season <> s.id or e.action <> p_action or e.parameters <> p then
      perform retail_refuse ('the key %s belongs to another effect', p_key);
    end if;
    return e.receipt;
  end if;
  if retail_plan_state (s) is distinct from p_before then
    perform retail_refuse ('season %s is no longer as it was assessed', s.code);
  end if;
  perform retail_assess (p_action, p_season, p);
  if p_action = 'forecast.record' then
    update retail_effects set state = 'replaced'
    where workspace_id = s.workspace_id and season = s.id and action = p_action and state = 'active' returning id into was;
  end if;
  insert into retail_effects (workspace_id, season, action, key, parameters, replaces)
  values (s.workspace_id, s.id, p_action, p_key, p, was) returning * into e;
  perform retail_do (s, e, p);
  update retail_effects set receipt = retail_receipt (s, e, p)
  where workspace_id = e.workspace_id and id = e.id returning * into e;
  perform outbox_put (retail_told (p_action), s.uid::text, 'host', e.receipt || jsonb_build_object ('key', p_key));
  return e.receipt;
end $$;

-- Did the effect with that key happen? { applied, receipt? } for one as well as for its inverse.
create function retail_verify_effect (p_key text) returns jsonb
language sql stable as $$
  select coalesce (
    (select jsonb_build_object ('applied', true, 'receipt', case when e.key = p_key then e.receipt else e.revert_receipt end)
     from retail_effects e where e.workspace_id = royal_workspace () and (e.key = p_key or e.revert_key = p_key)),
    retail_verify (p_key));
$$;

create function retail_receipt_effect (p_receipt jsonb) returns retail_effects
language plpgsql stable as $$
declare e retail_effects;
begin
  select * into e from retail_effects where workspace_id = royal_workspace () and uid::text = p_receipt->>'effect';
  if not found then
    raise exception 'no effect is `%`', coalesce (p_receipt->>'effect', '') using errcode = 'RY404';
  end if;
  return e;
end $$;

-- Whether the effect can still be taken back: what followed from it has not happened.
create function retail_check_revert (s retail_seasons, e retail_effects) returns void
language plpgsql stable as $$
declare
  k record;
  week constant int := (retail_figures (s, null)).week;
begin
  select * into k from retail_stock (s);
  if e.state <> 'active' then
    perform retail_refuse ('%s on season %s is %s already', e.action, s.code, e.state);
  elsif e.action = 'forecast.record' and k.made > 0 and e.replaces is null then
    perform retail_refuse ('season %s: %s units are ordered by this forecast', s.code, k.made::text);
  elsif e.action = 'forecast.record' and week > 0 and not exists (
      select from retail_forecast_was w where w.workspace_id = e.workspace_id and w.effect = e.id) then
    perform retail_refuse ('season %s has sales: it can not be without a forecast', s.code);
  elsif e.action = 'manufacturing.order' and (week > 0 or exists (
      select from retail_effects o where o.workspace_id = s.workspace_id and o.season = s.id and o.state = 'active'
        and o.action in ('replenishment.ship', 'reallocation.order'))) then
    perform retail_refuse ('season %s: what was ordered is sold or sent on already', s.code);
  elsif e.action = 'reallocation.order' and k.holdback < (e.parameters->>'quantity')::bigint then
    perform retail_refuse ('season %s: what was ordered is sent to stores already', s.code);
  elsif e.action = 'replenishment.ship' and (e.parameters->>'week')::int <= week then
    perform retail_refuse ('week %s of season %s is over', e.parameters->>'week', s.code);
  end if;
end $$;

create function retail_assess_undo (p_receipt jsonb) returns jsonb
language plpgsql stable as $$
declare
  e retail_effects;
  s retail_seasons;
begin
  if p_receipt ? 'markdown' then
    return retail_assess_revert (p_receipt);
  end if;
  e := retail_receipt_effect (p_receipt);
  select * into s from retail_seasons where workspace_id = e.workspace_id and id = e.season;
  perform retail_check_revert (s, e);
  return jsonb_build_object ('before', retail_plan_state (s), 'facts', jsonb_strip_nulls (jsonb_build_object (
      'action', e.action, 'week', (retail_figures (s, null)).week, 'quantity', e.parameters->'quantity',
      'total', e.parameters->'total', 'units', e.receipt->'units')),
    'preview', jsonb_build_object ('summary', format ('%s: take back %s of %s', s.name, e.action, iso_time (e.applied_at)),
      'changes', retail_change (e.action, 'done', 'taken back')));
end $$;

create function retail_restore_forecast (s retail_seasons, e retail_effects) returns void
language plpgsql as $$
begin
  delete from retail_forecast f where f.workspace_id = s.workspace_id and f.season = s.id and not exists (
    select from retail_forecast_was w where w.workspace_id = e.workspace_id and w.effect = e.id and w.store = f.store
      and w.week = f.week);
  insert into retail_forecast as o (workspace_id, season, store, week, units)
  select w.workspace_id, s.id, w.store, w.week, w.units from retail_forecast_was w
  where w.workspace_id = e.workspace_id and w.effect = e.id
  on conflict (workspace_id, season, store, week) do update set units = excluded.units;
  update retail_effects set state = 'active' where workspace_id = e.workspace_id and id = e.replaces;
end $$;

-- The inverse. Once for each key.
create function retail_revert (p_key text, p_receipt jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  e retail_effects;
  s retail_seasons;
begin
  if p_receipt ? 'markdown' then
    return retail_revert_markdown (p_key, p_receipt);
  end if;
  e := retail_receipt_effect (p_receipt);
  select * into s from retail_seasons where workspace_id = e.workspace_id and id = e.season for update;
  select * into e from retail_effects where workspace_id = e.workspace_id and id = e.id;
  if e.revert_key = p_key then
    return e.revert_receipt;
  end if;
  perform retail_check_revert (s, e);
  update retail_effects set state = 'reverted', reverted_at = now (), revert_key = p_key,
    revert_receipt = jsonb_build_object ('reverted', e.uid, 'action', e.action, 'season', s.uid,
                                         'reverted_at', iso_time (now ()))
  where workspace_id = e.workspace_id and id = e.id returning * into e;
  if e.action = 'forecast.record' then
    perform retail_restore_forecast (s, e);
  end if;
  perform outbox_put ('retail.effect.reverted', s.uid::text, 'host', e.revert_receipt || jsonb_build_object ('key', p_key));
  return e.revert_receipt;
end $$;
