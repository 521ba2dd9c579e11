-- SPDX-License-Identifier: Apache-2.0
-- What could be sold: suppliers' listings, how they are asked for, what others charge, how suppliers did; and the
-- opportunities that came of it. Uploaded by an operator; read by agents.

-- A supplier's listing. What is null is not known.
create table catalog_listings (
  workspace_id bigint not null references workspaces,
  product text not null check (length (product) between 1 and 100),
  supplier text not null check (length (supplier) between 1 and 100),
  title text not null check (length (title) between 1 and 500),
  price numeric (11, 2) not null check (price > 0),
  cost numeric (11, 2) not null check (cost > 0),
  shipping numeric (11, 2) check (shipping >= 0),
  shipping_days double precision check (shipping_days between 0 and 365),
  rating double precision check (rating between 1 and 5),
  reviews bigint check (reviews >= 0),
  sold double precision check (sold >= 0),
  primary key (workspace_id, product, supplier));
call royal_protect ('catalog_listings', 'select');

-- How much a product is asked for, by week (its first day).
create table catalog_demand (
  workspace_id bigint not null references workspaces,
  product text not null check (length (product) between 1 and 100),
  week date not null,
  value double precision not null check (value >= 0),
  primary key (workspace_id, product, week));
call royal_protect ('catalog_demand', 'select');

-- What another asks for what we sell.
create table market_offers (
  workspace_id bigint not null references workspaces,
  variant text not null check (length (variant) between 1 and 100),
  competitor text not null check (length (competitor) between 1 and 100),
  price numeric (11, 2) not null check (price > 0),
  primary key (workspace_id, variant, competitor));
call royal_protect ('market_offers', 'select');

-- How a supplier did: what is counted, and of how many.
create table supplier_records (
  workspace_id bigint not null references workspaces,
  supplier text not null check (length (supplier) between 1 and 100),
  orders bigint not null check (orders >= 0),
  late bigint check (late between 0 and orders),
  failed bigint check (failed between 0 and orders),
  shipping_days double precision check (shipping_days between 0 and 365),
  rating double precision check (rating between 1 and 5),
  reviews bigint check (reviews >= 0),
  messages bigint check (messages >= 0),
  answered bigint check (answered between 0 and messages),
  primary key (workspace_id, supplier));
call royal_protect ('supplier_records', 'select');

-- What people aim at, each a number: shares for margin and conversion, an amount for revenue.
create table workspace_goals (
  workspace_id bigint not null references workspaces,
  name text not null check (name in ('margin', 'revenue', 'conversion')),
  value numeric not null check (value > 0 and (name = 'revenue' or value < 1)),
  set_by text not null,
  set_at timestamptz not null default now (),
  primary key (workspace_id, name));
call royal_protect ('workspace_goals', 'select');

-- An opportunity: a product that is looked into. At most one of a product is open. key is the effect's that opened it.
create table catalog_opportunities (
  workspace_id bigint not null references workspaces,
  id bigint generated always as identity,
  uid uuid not null default uuid_v7 (),
  product text not null,
  supplier text not null,
  title text not null,
  price numeric (11, 2) not null,
  cost numeric (11, 2) not null,
  state text not null default 'open' check (state in ('open', 'withdrawn')),
  key text not null check (length (key) between 1 and 200),
  parameters jsonb not null,
  receipt jsonb,
  opened_at timestamptz not null default now (),
  revert_key text check (length (revert_key) between 1 and 200),
  revert_receipt jsonb,
  primary key (workspace_id, id),
  unique (workspace_id, uid),
  unique (workspace_id, key),
  unique (workspace_id, revert_key));
create unique index catalog_opportunities_open on catalog_opportunities (workspace_id, product) where state = 'open';
call royal_protect ('catalog_opportunities', 'select');

-- The reads. Amounts are texts, so that they are exact.
create view catalog_feed with (security_invoker = true) as
  select product, title, supplier, price::text, cost::text, coalesce (shipping::text, '') as shipping, shipping_days,
         rating, reviews, sold
  from catalog_listings where workspace_id = royal_workspace () order by product, supplier;
create view catalog_signals with (security_invoker = true) as
  select product, (week - date '1970-01-01')::bigint as week, value
  from catalog_demand where workspace_id = royal_workspace () order by 1, 2;
create view market_prices with (security_invoker = true) as
  select variant, competitor, price::text
  from market_offers where workspace_id = royal_workspace () order by 1, 2;
create view suppliers_records with (security_invoker = true) as
  select supplier, orders, late, failed, shipping_days, rating, reviews, messages, answered
  from supplier_records where workspace_id = royal_workspace () order by 1;
grant select on catalog_feed, catalog_signals, market_prices, suppliers_records to royal_host;

create function catalog_opportunity_json (o catalog_opportunities) returns jsonb
language sql stable as $$
  select jsonb_build_object ('id', o.uid, 'product', o.product, 'supplier', o.supplier, 'title', o.title,
    'price', o.price::text, 'cost', o.cost::text, 'margin', round ((o.price - o.cost) / o.price, 4), 'state', o.state,
    'opened_at', iso_time (o.opened_at));
$$;

create function catalog_opportunity_list () returns jsonb
language sql stable as $$
  select jsonb_build_object ('opportunities', coalesce (jsonb_agg (catalog_opportunity_json (o) order by o.id desc), '[]'))
  from (select * from catalog_opportunities where workspace_id = royal_workspace () order by id desc limit 1000) o;
$$;

create function goal_list () returns jsonb
language sql stable as $$
  select jsonb_build_object ('goals', coalesce (jsonb_object_agg (name, value), '{}'))
  from workspace_goals where workspace_id = royal_workspace ();
$$;

-- Sets the goals that p names, forgets those that it names with null; the others stay. Told when something changed.
create function goal_set (p jsonb, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  before constant jsonb := goal_list ();
begin
  delete from workspace_goals g where g.workspace_id = royal_workspace () and p->g.name = 'null';
  insert into workspace_goals as o (workspace_id, name, value, set_by)
  select royal_workspace (), e.key, (e.value #>> '{}')::numeric, p_actor from jsonb_each (p) e where e.value <> 'null'
  on conflict (workspace_id, name) do update set value = excluded.value, set_by = excluded.set_by, set_at = now ()
    where o.value <> excluded.value;
  if goal_list () <> before then
    perform outbox_put ('goals.set', null, p_actor, goal_list () || jsonb_build_object ('before', before->'goals'));
  end if;
  return goal_list ();
end $$;

-- Where the rows of an upload go: the table, what identifies a row, the rest; in the order of the file's columns.
create function catalog_kind (p_kind text, out t regclass, out keys text[], out rest text[])
language plpgsql stable as $$
begin
  t := case p_kind when 'catalog' then 'catalog_listings' when 'signals' then 'catalog_demand'
                   when 'prices' then 'market_offers' when 'suppliers' then 'supplier_records' end::regclass;
  keys := case p_kind when 'catalog' then '{product,supplier}' when 'signals' then '{product,week}'
                      when 'prices' then '{variant,competitor}' else '{supplier}' end::text[];
  rest := case p_kind when 'catalog' then '{title,price,cost,shipping,shipping_days,rating,reviews,sold}'
                      when 'signals' then '{value}' when 'prices' then '{price}'
                      else '{orders,late,failed,shipping_days,rating,reviews,messages,answered}' end::text[];
  if t is null then
    raise exception 'no upload is `%`', p_kind using errcode = 'RY400';
  end if;
end $$;

-- "a.x, a.y"
create function catalog_columns (p_alias text, p_names text[]) returns text
language sql immutable as $$
  select string_agg (format ('%s.%I', p_alias, n), ', ' order by i) from unnest (p_names) with ordinality u (n, i);
$$;

-- As retail_stage(), for what a catalog is made of.
create function catalog_stage (p_kind text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare k record;
begin
  select * into k from catalog_kind (p_kind);
  execute format ('create temp table retail_rows on commit drop as select 0 as line, %s from %s t with no data',
                  catalog_columns ('t', k.keys || k.rest), k.t);
  grant insert on pg_temp.retail_rows to royal_host;
end $$;

-- A row that stands twice: { faults, n_faults } as retail_history_row_faults(); and parts that are more than their whole.
create function catalog_faults (p_kind text, p_keys text[], out faults jsonb, out n_faults bigint)
language plpgsql as $$
declare
  parts constant text := case when p_kind = 'suppliers' then
    'union all select r.line, u.c, format (''expected at most the %s, %s, found %s'', u.w, u.whole, u.part)
     from pg_temp.retail_rows r, lateral (values (''late'', ''orders'', r.late, r.orders),
       (''failed'', ''orders'', r.failed, r.orders), (''answered'', ''messages'', r.answered, coalesce (r.messages, 0)))
       u (c, w, part, whole) where u.part > u.whole' else '' end;
begin
  execute format (
    'with e (line, c, message) as (
       select line, %1$L, format (''%2$s stands on line %%s already'', earlier)
       from (select line, lag (line) over (partition by %3$s order by line) as earlier from pg_temp.retail_rows r) d
       where earlier is not null %4$s),
     numbered as (select e.*, row_number () over (order by line, c) as n from e)
     select jsonb_agg (jsonb_build_object (''line'', line, ''column'', c, ''message'', message) order by n)
              filter (where n <= 20), count (*) from numbered',
    p_keys[1], 'the same ' || array_to_string (p_keys, ' and '), catalog_columns ('r', p_keys), parts)
  into faults, n_faults;
end $$;

-- The end of an upload, as retail_import(): adds to and corrects what is there.
create function catalog_import (p_kind text, p jsonb, p_dry_run boolean, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  k record;
  f record;
  n record;
  joined text;
  differs text;
begin
  perform pg_advisory_xact_lock (hashtext ('catalog_import'), royal_workspace ()::int);
  perform retail_staged ();
  select * into k from catalog_kind (p_kind);
  select * into f from catalog_faults (p_kind, k.keys);
  if f.n_faults > 0 then
    return jsonb_build_object ('errors', f.faults, 'faults', f.n_faults);
  end if;
  select string_agg (format ('o.%1$I = r.%1$I', c), ' and ') into joined from unnest (k.keys) c;
  differs := format ('(%s) is distinct from (%s)', catalog_columns ('o', k.rest), catalog_columns ('r', k.rest));
  execute format ('select count (*) as rows, count (*) filter (where o.workspace_id is null) as added,
                     count (*) filter (where o.workspace_id is not null and %s) as changed
                   from pg_temp.retail_rows r left join %s o on o.workspace_id = royal_workspace () and %s',
                  differs, k.t, joined) into n;
  if not p_dry_run and n.added + n.changed > 0 then
    execute format ('insert into %1$s as o (workspace_id, %2$s) select royal_workspace (), %3$s from pg_temp.retail_rows r
                     order by %4$s on conflict (workspace_id, %5$s) do update set (%6$s) = row (%7$s) where %8$s',
                    k.t, array_to_string (k.keys || k.rest, ', '), catalog_columns ('r', k.keys || k.rest),
                    catalog_columns ('r', k.keys), array_to_string (k.keys, ', '), array_to_string (k.rest, ', '),
                    catalog_columns ('excluded', k.rest), replace (differs, 'r.', 'excluded.'));
  end if;
  return retail_imported (jsonb_build_object ('kind', p_kind, 'rows', n.rows, 'added', n.added, 'changed', n.changed,
    'removed', 0, 'unchanged', n.rows - n.added - n.changed, 'warnings', '[]'::jsonb), p_dry_run, p_actor);
end $$;

-- What is open of the product, and the listing that it would rest on.
create function catalog_state (p_product text, p_supplier text) returns jsonb
language sql stable as $$
  select jsonb_build_object ('product', p_product,
    'open', (select o.uid from catalog_opportunities o
             where o.workspace_id = royal_workspace () and o.product = p_product and o.state = 'open'),
    'listing', (select jsonb_build_object ('supplier', l.supplier, 'title', l.title, 'price', l.price::text,
                                           'cost', (l.cost + coalesce (l.shipping, 0))::text)
                from catalog_listings l where l.workspace_id = royal_workspace () and l.product = p_product
                  and l.supplier = p_supplier));
$$;

-- { before, facts, preview }. The figures are the feed's, not the agent's, which must be the same.
create function catalog_assess (p_product text, p jsonb) returns jsonb
language plpgsql stable as $$
declare
  before constant jsonb := catalog_state (p_product, p->>'supplier');
  price constant numeric := (before #>> '{listing,price}')::numeric;
  cost constant numeric := (before #>> '{listing,cost}')::numeric;
  margin constant numeric := round ((price - cost) / price, 4);
  r record;
  goal numeric;
begin
  if price is null then
    raise exception 'the catalog has no listing of `%` by `%`', p_product, p->>'supplier' using errcode = 'RY404';
  elsif before->'open' <> 'null' then
    perform retail_refuse ('an opportunity of %s is open already', p_product);
  elsif price <> (p->>'price')::numeric or cost <> (p->>'cost')::numeric then
    perform retail_refuse ('the listing of %s says price %s and cost %s', p_product, price::text, cost::text);
  end if;
  select * into r from supplier_records s where s.workspace_id = royal_workspace () and s.supplier = p->>'supplier';
  select value into goal from workspace_goals where workspace_id = royal_workspace () and name = 'margin';
  return jsonb_build_object ('before', before,
    'facts', jsonb_strip_nulls (jsonb_build_object ('product', p_product, 'supplier', p->>'supplier', 'price', price,
      'cost', cost, 'margin', margin, 'margin_goal', goal, 'margin_above_target', margin >= goal,
      'supplier_known', r.supplier is not null, 'supplier_orders', r.orders,
      'currency', (select currency from workspaces where workspace_id = royal_workspace ()))),
    'preview', jsonb_build_object ('summary', format ('Look into %s by %s: margin %s', before #>> '{listing,title}',
                                                      p->>'supplier', retail_percent (margin)),
      'changes', retail_change ('Opportunity', 'none', 'open')));
end $$;

create function catalog_receipt (o catalog_opportunities) returns jsonb
language sql stable as $$
  select jsonb_build_object ('opportunity', o.uid, 'product', o.product, 'supplier', o.supplier,
                             'opened_at', iso_time (o.opened_at));
$$;

-- Once for each key: the same key returns the same receipt.
create function catalog_apply (p_key text, p_product text, p jsonb, p_before jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare o catalog_opportunities;
begin
  perform pg_advisory_xact_lock (hashtext ('catalog_apply'), hashtext (royal_workspace () || '/' || p_product));
  select * into o from catalog_opportunities where workspace_id = royal_workspace () and key = p_key;
  if found then
    if o.product <> p_product or o.parameters <> p then
      perform retail_refuse ('the key %s belongs to another effect', p_key);
    end if;
    return o.receipt;
  end if;
  if catalog_state (p_product, p->>'supplier') is distinct from p_before then
    perform retail_refuse ('%s is no longer as it was assessed', p_product);
  end if;
  perform catalog_assess (p_product, p);
  insert into catalog_opportunities (workspace_id, product, supplier, title, price, cost, key, parameters)
  values (royal_workspace (), p_product, p->>'supplier', p->>'title', (p->>'price')::numeric, (p->>'cost')::numeric,
          p_key, p) returning * into o;
  update catalog_opportunities set receipt = catalog_receipt (o)
  where workspace_id = o.workspace_id and id = o.id returning * into o;
  perform outbox_put ('catalog.opportunity.opened', o.uid::text, 'host', o.receipt || jsonb_build_object ('key', p_key));
  return o.receipt;
end $$;

-- Did the effect with that key happen? { applied, receipt? } for one as well as for its inverse.
create function catalog_verify (p_key text) returns jsonb
language sql stable as $$
  select coalesce (
    (select jsonb_build_object ('applied', true, 'receipt', case when o.key = p_key then o.receipt else o.revert_receipt end)
     from catalog_opportunities o where o.workspace_id = royal_workspace () and (o.key = p_key or o.revert_key = p_key)),
    jsonb_build_object ('applied', false));
$$;

create function catalog_opportunity_find (p_receipt jsonb) returns catalog_opportunities
language plpgsql stable as $$
declare o catalog_opportunities;
begin
  select * into o from catalog_opportunities
  where workspace_id = royal_workspace () and uid::text = p_receipt->>'opportunity';
  if not found then
    raise exception 'no opportunity is `%`', coalesce (p_receipt->>'opportunity', '') using errcode = 'RY404';
  end if;
  return o;
end $$;

create function catalog_assess_undo (p_receipt jsonb) returns jsonb
language plpgsql stable as $$
declare o constant catalog_opportunities := catalog_opportunity_find (p_receipt);
begin
  if o.state <> 'open' then
    perform retail_refuse ('the opportunity of %s is %s already', o.product, o.state);
  end if;
  return jsonb_build_object ('before', catalog_state (o.product, o.supplier),
    'facts', jsonb_build_object ('product', o.product, 'supplier', o.supplier),
    'preview', jsonb_build_object ('summary', format ('Withdraw the opportunity of %s', o.title),
      'changes', retail_change ('Opportunity', 'open', 'withdrawn')));
end $$;

-- The inverse. Once for each key.
create function catalog_revert (p_key text, p_receipt jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare o catalog_opportunities := catalog_opportunity_find (p_receipt);
begin
  select * into o from catalog_opportunities where workspace_id = o.workspace_id and id = o.id for update;
  if o.revert_key = p_key then
    return o.revert_receipt;
  end if;
  perform catalog_assess_undo (p_receipt);
  update catalog_opportunities set state = 'withdrawn', revert_key = p_key,
    revert_receipt = jsonb_build_object ('withdrawn', o.uid, 'product', o.product, 'withdrawn_at', iso_time (now ()))
  where workspace_id = o.workspace_id and id = o.id returning * into o;
  perform outbox_put ('catalog.opportunity.withdrawn', o.uid::text, 'host',
                      o.revert_receipt || jsonb_build_object ('key', p_key));
  return o.revert_receipt;
end $$;
