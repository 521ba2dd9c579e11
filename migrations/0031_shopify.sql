-- SPDX-License-Identifier: Apache-2.0
-- Shopify's own things, as they were when they were pulled: products, variants, themes and their files, and what was sold. Agents
-- read them here. A pull goes on where it was: each of its pages is put here in the transaction that notes how far it came.

create table shopify_shops (
  workspace_id bigint not null references workspaces,
  shop text not null check (shop ~ '^[a-z][a-z0-9_-]{0,62}$'),
  domain text not null,
  every_s int not null default 0 check (every_s >= 0),
  parts text[] not null,
  primary key (workspace_id, shop));
call royal_protect ('shopify_shops', 'select');

-- One row for each part of a shop. `after` is the number of the last product of the pages that were put, `cursor` where the next one
-- begins, `bulk` the id of Shopify's own operation that makes a file of all.
create table shopify_pulls (
  workspace_id bigint not null,
  shop text not null,
  part text not null check (part in ('products', 'themes', 'orders', 'notes')),
  state text not null default 'idle' check (state in ('idle', 'asked', 'running', 'done', 'failed')),
  due_at timestamptz,
  started_at timestamptz,
  ended_at timestamptz,
  done_at timestamptz,
  holder text,
  held_until timestamptz,
  cursor text,
  after bigint not null default 0,
  bulk text,
  seen bigint not null default 0,
  changed bigint not null default 0,
  removed bigint not null default 0,
  error text,
  primary key (workspace_id, shop, part),
  foreign key (workspace_id, shop) references shopify_shops on delete cascade);
call royal_protect ('shopify_pulls', 'select');

-- Products of which Shopify said that they changed.
create table shopify_notes (
  workspace_id bigint not null,
  shop text not null,
  product bigint not null,
  times bigint not null default 1,
  primary key (workspace_id, shop, product),
  foreign key (workspace_id, shop) references shopify_shops on delete cascade);
call royal_protect ('shopify_notes', 'select');

create table shopify_products (
  workspace_id bigint not null,
  shop text not null,
  product bigint not null,
  handle text not null,
  updated bigint not null,
  document text not null,
  pulled_at timestamptz not null default now (),
  primary key (workspace_id, shop, product));
call royal_protect ('shopify_products', 'select');

create table shopify_variants (
  workspace_id bigint not null,
  shop text not null,
  variant bigint not null,
  product bigint not null,
  title text not null,
  price text not null,
  cost text not null default '',
  compare_at text not null default '',
  sku text not null default '',
  item bigint not null default 0,
  inventory bigint not null default 0,
  primary key (workspace_id, shop, variant),
  foreign key (workspace_id, shop, product) references shopify_products on delete cascade);
create index shopify_variants_product on shopify_variants (workspace_id, shop, product);
create index shopify_variants_item on shopify_variants (workspace_id, shop, item);
call royal_protect ('shopify_variants', 'select');

-- What was sold, without who bought it: a line of an order, or a week of a variant that an operator brought (line < 0).
create table shopify_lines (
  workspace_id bigint not null,
  shop text not null,
  line bigint not null,
  variant bigint not null,
  week bigint not null,
  units bigint not null,
  price double precision not null,
  primary key (workspace_id, shop, line));
create index shopify_lines_variant on shopify_lines (workspace_id, shop, variant, week);
call royal_protect ('shopify_lines', 'select');

create table shopify_themes (
  workspace_id bigint not null,
  shop text not null,
  theme bigint not null,
  name text not null,
  role text not null,
  processing boolean not null,
  updated bigint not null,
  primary key (workspace_id, shop, theme));
call royal_protect ('shopify_themes', 'select');

create table shopify_theme_files (
  workspace_id bigint not null,
  shop text not null,
  theme bigint not null,
  path text not null,
  checksum text not null,
  size bigint not null,
  content text not null,
  primary key (workspace_id, shop, theme, path),
  foreign key (workspace_id, shop, theme) references shopify_themes on delete cascade);
call royal_protect ('shopify_theme_files', 'select');

-- What agents read. A part of it: royal_arg ('shop'), and of files 'theme' ("SHOP/NUMBER").
create view shopify_variants_read with (security_invoker = true) as
  select shop || '/' || variant as variant, title, price, cost, compare_at, shop || '/' || product as product, sku, inventory
  from shopify_variants
  where workspace_id = royal_workspace () and (coalesce (royal_arg ('shop'), '') = '' or shop = royal_arg ('shop'));
create view shopify_products_read with (security_invoker = true) as
  select shop || '/' || product as product, handle, updated, document
  from shopify_products
  where workspace_id = royal_workspace () and (coalesce (royal_arg ('shop'), '') = '' or shop = royal_arg ('shop'));
create view shopify_sales_read with (security_invoker = true) as
  select shop || '/' || variant as variant, week, sum (units)::bigint as units,
         (sum (units * price) / sum (units))::double precision as price
  from shopify_lines
  where workspace_id = royal_workspace () and units > 0
    and (coalesce (royal_arg ('shop'), '') = '' or shop = royal_arg ('shop'))
  group by shop, shopify_lines.variant, week;
create view shopify_themes_read with (security_invoker = true) as
  select shop || '/' || theme as theme, name, role, processing::int::bigint as processing, updated
  from shopify_themes
  where workspace_id = royal_workspace () and (coalesce (royal_arg ('shop'), '') = '' or shop = royal_arg ('shop'));
create view shopify_theme_files_read with (security_invoker = true) as
  select shop || '/' || theme as theme, path, checksum, size, content
  from shopify_theme_files
  where workspace_id = royal_workspace () and (coalesce (royal_arg ('shop'), '') = '' or shop = royal_arg ('shop'))
    and (coalesce (royal_arg ('theme'), '') = '' or shop || '/' || theme = royal_arg ('theme'));
grant select on shopify_variants_read, shopify_products_read, shopify_sales_read, shopify_themes_read, shopify_theme_files_read
  to royal_host;

-- The shops that the operator names: [{ shop, domain, every_s, parts }]. One that is named no more is forgotten, with all of it.
create function shopify_shops_set (p_shops jsonb) returns void
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
  insert into shopify_shops as o (workspace_id, shop, domain, every_s, parts)
  select ws, s->>'shop', s->>'domain', (s->>'every_s')::int, array (select jsonb_array_elements_text (s->'parts'))
  from jsonb_array_elements (p_shops) s order by 2
  on conflict (workspace_id, shop) do update
    set domain = excluded.domain, every_s = excluded.every_s, parts = excluded.parts
    where (o.domain, o.every_s, o.parts) is distinct from (excluded.domain, excluded.every_s, excluded.parts);
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

create function shopify_shop (p_shop text) returns shopify_shops
language plpgsql stable as $$
declare s shopify_shops;
begin
  select * into s from shopify_shops o where o.workspace_id = royal_workspace () and o.shop = p_shop;
  if not found then
    raise exception 'no shop is `%`', coalesce (p_shop, '') using errcode = 'RY404';
  end if;
  return s;
end $$;

create function shopify_pull_row (p shopify_pulls) returns jsonb
language sql stable
return jsonb_build_object ('part', p.part, 'state', p.state, 'due_at', iso_time (p.due_at), 'started_at', iso_time (p.started_at),
  'ended_at', iso_time (p.ended_at), 'seen', p.seen, 'changed', p.changed, 'removed', p.removed, 'error', p.error);

-- The shops, each with its pulls: { items: [{ shop, domain, products, variants, themes, pulls: […] }] }
create function shopify_shop_list () returns jsonb
language sql stable as $$
  select jsonb_build_object ('items', coalesce (jsonb_agg (jsonb_build_object (
      'shop', s.shop, 'domain', s.domain, 'every_s', s.every_s,
      'products', (select count (*) from shopify_products o where o.workspace_id = s.workspace_id and o.shop = s.shop),
      'variants', (select count (*) from shopify_variants o where o.workspace_id = s.workspace_id and o.shop = s.shop),
      'themes', (select count (*) from shopify_themes o where o.workspace_id = s.workspace_id and o.shop = s.shop),
      'pulls', (select coalesce (jsonb_agg (shopify_pull_row (p) order by p.part), '[]') from shopify_pulls p
                where p.workspace_id = s.workspace_id and p.shop = s.shop and (p.part = any (s.parts) or p.part = 'notes')))
    order by s.shop), '[]'), 'next', null)
  from shopify_shops s where s.workspace_id = royal_workspace ();
$$;

-- Asks for a pull of some parts (null: all that the shop has). One that is under way goes on, and comes again after it.
create function shopify_pull_ask (p_shop text, p_parts text[], p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shopify_shops := shopify_shop (p_shop);
  p text;
begin
  foreach p in array coalesce (p_parts, s.parts) loop
    if not p = any (s.parts) then
      raise exception '/parts: % is not pulled of %: expected one of %', p, s.shop, array_to_string (s.parts, ', ')
        using errcode = 'RY400';
    end if;
  end loop;
  update shopify_pulls o set due_at = now (), state = case o.state when 'running' then o.state else 'asked' end
  where o.workspace_id = s.workspace_id and o.shop = s.shop and o.part = any (coalesce (p_parts, s.parts));
  perform outbox_put ('shopify.pull.asked', s.shop, p_actor, jsonb_build_object ('parts', coalesce (p_parts, s.parts)));
  perform pg_notify ('royal_shopify', '');
  return (select jsonb_build_object ('shop', s.shop, 'pulls', jsonb_agg (shopify_pull_row (o) order by o.part))
          from shopify_pulls o where o.workspace_id = s.workspace_id and o.shop = s.shop
            and o.part = any (coalesce (p_parts, s.parts)));
end $$;

-- A host that starts gives back what it held.
create function shopify_pull_release (p_holder text) returns void
language sql security definer set search_path = public, pg_temp as $$
  update shopify_pulls set held_until = now () where workspace_id = royal_workspace () and holder = p_holder and state = 'running';
$$;

-- Takes one pull that is due, for p_lease_s: of a shop of which no other is under way. No row: there is none.
create function shopify_pull_claim (p_holder text, p_lease_s int)
returns table (shop text, part text, cursor text, after bigint, bulk text, since text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ws constant bigint := royal_workspace ();
  s shopify_pulls;
begin
  perform pg_advisory_xact_lock (hashtext ('shopify_pull_claim'), ws::int);
  select * into s from shopify_pulls o
  where o.workspace_id = ws
    and ((o.state <> 'running' and o.due_at <= now ()) or (o.state = 'running' and o.held_until <= now ()))
    and not exists (select from shopify_pulls r where r.workspace_id = ws and r.shop = o.shop and r.part <> o.part
                    and r.state = 'running' and r.held_until > now ())
  order by o.state = 'running' desc, o.due_at limit 1;
  if not found then
    return;
  end if;
  -- One that was interrupted goes on where it was.
  update shopify_pulls o
  set state = 'running', holder = p_holder, held_until = now () + p_lease_s * interval '1 second',
      due_at = case when s.state = 'running' then o.due_at end,
      started_at = case when s.cursor is null and s.bulk is null then now () else o.started_at end,
      seen = case when s.cursor is null then 0 else o.seen end,
      changed = case when s.cursor is null and s.bulk is null then 0 else o.changed end,
      removed = case when s.cursor is null and s.bulk is null then 0 else o.removed end
  where o.workspace_id = ws and o.shop = s.shop and o.part = s.part;
  -- What changed while the last one ran comes again.
  return query select s.shop, s.part, s.cursor, s.after, s.bulk, iso_time (s.done_at - interval '10 minutes');
end $$;

-- The pull, locked, if p_holder still has it; it has it for a time again.
create function shopify_pull_hold (p_shop text, p_part text, p_holder text) returns shopify_pulls
language plpgsql as $$
declare s shopify_pulls;
begin
  update shopify_pulls o set held_until = now () + interval '120 seconds'
  where o.workspace_id = royal_workspace () and o.shop = p_shop and o.part = p_part and o.state = 'running' and o.holder = p_holder
  returning * into s;
  if not found then
    raise exception 'the pull of % (%) is another''s', p_shop, p_part using errcode = 'RY409';
  end if;
  return s;
end $$;
revoke execute on function shopify_pull_hold (text, text, text) from public;

-- Keeps a pull that waits, and notes the operation that it waits for.
create function shopify_pull_wait (p_shop text, p_part text, p_holder text, p_bulk text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare s shopify_pulls := shopify_pull_hold (p_shop, p_part, p_holder);
begin
  if s.bulk is distinct from p_bulk then
    update shopify_pulls o set bulk = p_bulk where o.workspace_id = s.workspace_id and o.shop = s.shop and o.part = s.part;
  end if;
end $$;

-- The end. Without an error it is done; with one it is tried again after p_again_s, where it was, or it has failed (null).
create function shopify_pull_end (p_shop text, p_part text, p_holder text, p_error text, p_again_s int) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shopify_pulls := shopify_pull_hold (p_shop, p_part, p_holder);
  e int := (select o.every_s from shopify_shops o where o.workspace_id = s.workspace_id and o.shop = s.shop);
begin
  update shopify_pulls o
  set state = case when p_error is null then 'done' when p_again_s is null then 'failed' else 'asked' end,
      error = p_error, holder = null, held_until = null, ended_at = now (),
      done_at = case when p_error is null then o.started_at else o.done_at end,
      cursor = case when p_again_s is not null then o.cursor end, bulk = case when p_again_s is not null then o.bulk end,
      after = case when p_again_s is not null then o.after else 0 end,
      due_at = case when p_again_s is not null then now () + p_again_s * interval '1 second'
                    when o.due_at is not null then o.due_at
                    when e > 0 and o.part <> 'notes' then now () + e * interval '1 second' end
  where o.workspace_id = s.workspace_id and o.shop = s.shop and o.part = s.part;
  if p_again_s is null then
    perform outbox_put (case when p_error is null then 'shopify.pulled' else 'shopify.pull.failed' end, s.shop, 'host',
      jsonb_strip_nulls (jsonb_build_object ('part', s.part, 'seen', s.seen, 'changed', s.changed, 'removed', s.removed,
                                             'error', p_error)), false);
  end if;
end $$;

-- Puts products: [{ product, handle, updated, document, variants: [{ variant, title, price, cost, compare_at, sku, item,
-- inventory }] }]. What is as it was is not written. How many were changed.
create function shopify_products_put (p_shop text, p_rows jsonb) returns bigint
language plpgsql as $$
declare
  ws constant bigint := royal_workspace ();
  put bigint[];
  n bigint;
begin
  with came as (
    select distinct on (r.product) r.* from jsonb_to_recordset (p_rows) as r (product bigint, handle text, updated bigint, document text)
    order by r.product),
  done as (
    insert into shopify_products as o (workspace_id, shop, product, handle, updated, document)
    select ws, p_shop, c.product, c.handle, c.updated, c.document from came c
    on conflict (workspace_id, shop, product) do update
      set handle = excluded.handle, updated = excluded.updated, document = excluded.document, pulled_at = now ()
      where (o.handle, o.updated, o.document) is distinct from (excluded.handle, excluded.updated, excluded.document)
    returning o.product)
  select coalesce (array_agg (d.product), '{}') into put from done d;
  delete from shopify_variants o using jsonb_to_recordset (p_rows) as r (product bigint, variants jsonb)
  where o.workspace_id = ws and o.shop = p_shop and o.product = r.product
    and not exists (select from jsonb_array_elements (r.variants) v where (v->>'variant')::bigint = o.variant);
  with came as (
    select distinct on (v.variant) r.product, v.*
    from jsonb_to_recordset (p_rows) as r (product bigint, variants jsonb),
         jsonb_to_recordset (r.variants) as v (variant bigint, title text, price text, cost text, compare_at text, sku text,
                                               item bigint, inventory bigint)
    order by v.variant),
  done as (
    insert into shopify_variants as o (workspace_id, shop, variant, product, title, price, cost, compare_at, sku, item, inventory)
    select ws, p_shop, c.variant, c.product, c.title, c.price, c.cost, c.compare_at, c.sku, c.item, c.inventory from came c
    on conflict (workspace_id, shop, variant) do update
      set product = excluded.product, title = excluded.title, price = excluded.price, cost = excluded.cost,
          compare_at = excluded.compare_at, sku = excluded.sku, item = excluded.item, inventory = excluded.inventory
      where (o.product, o.title, o.price, o.cost, o.compare_at, o.sku, o.item, o.inventory) is distinct from
            (excluded.product, excluded.title, excluded.price, excluded.cost, excluded.compare_at, excluded.sku, excluded.item,
             excluded.inventory)
    returning o.product)
  select count (distinct d.product) filter (where not d.product = any (put)) into n from done d;
  return cardinality (put) + n;
end $$;
revoke execute on function shopify_products_put (text, jsonb) from public;

create function shopify_lines_put (p_shop text, p_rows jsonb) returns bigint
language plpgsql as $$
declare n bigint;
begin
  insert into shopify_lines as o (workspace_id, shop, line, variant, week, units, price)
  select distinct on (r.line) royal_workspace (), p_shop, r.line, r.variant, r.week, r.units, r.price
  from jsonb_to_recordset (p_rows) as r (line bigint, variant bigint, week bigint, units bigint, price double precision)
  order by r.line
  on conflict (workspace_id, shop, line) do update
    set variant = excluded.variant, week = excluded.week, units = excluded.units, price = excluded.price
    where (o.variant, o.week, o.units, o.price) is distinct from (excluded.variant, excluded.week, excluded.units, excluded.price);
  get diagnostics n = row_count;
  return n;
end $$;
revoke execute on function shopify_lines_put (text, jsonb) from public;

create function shopify_themes_put (p_shop text, p_rows jsonb) returns bigint
language plpgsql as $$
declare n bigint;
begin
  insert into shopify_themes as o (workspace_id, shop, theme, name, role, processing, updated)
  select royal_workspace (), p_shop, r.theme, r.name, r.role, r.processing, r.updated
  from jsonb_to_recordset (p_rows) as r (theme bigint, name text, role text, processing boolean, updated bigint)
  order by r.theme
  on conflict (workspace_id, shop, theme) do update
    set name = excluded.name, role = excluded.role, processing = excluded.processing, updated = excluded.updated
    where (o.name, o.role, o.processing, o.updated) is distinct from
          (excluded.name, excluded.role, excluded.processing, excluded.updated);
  get diagnostics n = row_count;
  return n;
end $$;
revoke execute on function shopify_themes_put (text, jsonb) from public;

-- A page of a pull. p_kept are all the numbers there are after p_after and up to p_upto (null p_kept: it is not told): what else is
-- between them is no more, unless it came after the pull began. p_cursor is where the next page begins; null p_upto leaves the place
-- as it is.
create function shopify_pull_put (p_shop text, p_part text, p_holder text, p_rows jsonb, p_kept bigint[], p_after bigint,
                                  p_upto bigint, p_cursor text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shopify_pulls := shopify_pull_hold (p_shop, p_part, p_holder);
  n_changed bigint;
  n_removed bigint := 0;
begin
  n_changed := case p_part when 'orders' then shopify_lines_put (p_shop, p_rows)
                         when 'themes' then shopify_themes_put (p_shop, p_rows)
                         else shopify_products_put (p_shop, p_rows) end;
  if p_kept is not null and p_part = 'products' then
    delete from shopify_products o
    where o.workspace_id = s.workspace_id and o.shop = p_shop and o.product > p_after and (p_upto is null or o.product <= p_upto)
      and o.pulled_at < s.started_at and not exists (select from unnest (p_kept) k where k = o.product);
    get diagnostics n_removed = row_count;
  elsif p_kept is not null and p_part = 'themes' then
    delete from shopify_themes o
    where o.workspace_id = s.workspace_id and o.shop = p_shop and not exists (select from unnest (p_kept) k where k = o.theme);
    get diagnostics n_removed = row_count;
  end if;
  update shopify_pulls o
  set seen = o.seen + jsonb_array_length (p_rows), changed = o.changed + n_changed,
      removed = o.removed + n_removed, cursor = p_cursor, after = coalesce (p_upto, o.after)
  where o.workspace_id = s.workspace_id and o.shop = s.shop and o.part = s.part;
end $$;

-- Of a theme's files, [{ path, checksum, size }], those that are not as they are here; files that are not among them are no more.
create function shopify_theme_files_differ (p_shop text, p_holder text, p_theme bigint, p_files jsonb)
returns table (path text, size bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shopify_pulls := shopify_pull_hold (p_shop, 'themes', p_holder);
  n_removed bigint;
begin
  delete from shopify_theme_files o
  where o.workspace_id = s.workspace_id and o.shop = p_shop and o.theme = p_theme
    and not exists (select from jsonb_array_elements (p_files) f where f->>'path' = o.path);
  get diagnostics n_removed = row_count;
  update shopify_pulls o
  set removed = o.removed + n_removed, seen = o.seen + jsonb_array_length (p_files)
  where o.workspace_id = s.workspace_id and o.shop = s.shop and o.part = s.part;
  return query
  select f.path, f.size from jsonb_to_recordset (p_files) as f (path text, checksum text, size bigint)
  left join shopify_theme_files o on o.workspace_id = s.workspace_id and o.shop = p_shop and o.theme = p_theme and o.path = f.path
  where o.checksum is null or o.checksum <> f.checksum or f.checksum = '' order by f.path;
end $$;

-- [{ path, checksum, size, content }]
create function shopify_theme_files_put (p_shop text, p_holder text, p_theme bigint, p_files jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shopify_pulls := shopify_pull_hold (p_shop, 'themes', p_holder);
  n bigint;
begin
  insert into shopify_theme_files as o (workspace_id, shop, theme, path, checksum, size, content)
  select s.workspace_id, p_shop, p_theme, f.path, f.checksum, f.size, f.content
  from jsonb_to_recordset (p_files) as f (path text, checksum text, size bigint, content text) order by f.path
  on conflict (workspace_id, shop, theme, path) do update
    set checksum = excluded.checksum, size = excluded.size, content = excluded.content
    where (o.checksum, o.size, o.content) is distinct from (excluded.checksum, excluded.size, excluded.content);
  get diagnostics n = row_count;
  update shopify_pulls o set changed = o.changed + n
  where o.workspace_id = s.workspace_id and o.shop = s.shop and o.part = s.part;
end $$;

-- A webhook of a shop said that something changed: p_id is the product's number, or the inventory item's. Whether anything is to be
-- pulled for it.
create function shopify_told (p_domain text, p_topic text, p_id bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ws constant bigint := royal_workspace ();
  s shopify_shops;
  kind constant text := split_part (p_topic, '/', 1);
  target text;
  number bigint := p_id;
begin
  target := case kind when 'products' then 'notes' when 'inventory_levels' then 'notes' when 'themes' then 'themes'
                      when 'orders' then 'orders' end;
  if kind = 'inventory_levels' then
    number := (select v.product from shopify_variants v join shopify_shops o using (workspace_id, shop)
               where v.workspace_id = ws and o.domain = p_domain and v.item = p_id limit 1);
  end if;
  select * into s from shopify_shops o where o.workspace_id = ws and o.domain = p_domain;
  if not found or target is null or (target = 'notes' and number is null)
     or not (case target when 'notes' then 'products' else target end) = any (s.parts) then
    return false;
  end if;
  if target = 'notes' then
    insert into shopify_notes as o (workspace_id, shop, product) values (ws, s.shop, number)
    on conflict (workspace_id, shop, product) do update set times = o.times + 1;
  end if;
  -- Webhooks come in crowds.
  update shopify_pulls o set due_at = least (o.due_at, now () + case target when 'notes' then interval '0' else interval '15 s' end),
                             state = case o.state when 'running' then o.state else 'asked' end
  where o.workspace_id = ws and o.shop = s.shop and o.part = target
    and (o.due_at is null or o.due_at > now () + interval '15 s' or o.state in ('idle', 'done', 'failed'));
  if target = 'notes' then
    perform pg_notify ('royal_shopify', '');
  end if;
  return true;
end $$;

create function shopify_notes_next (p_shop text) returns table (product bigint, times bigint)
language sql stable
begin atomic
  select n.product, n.times from shopify_notes n where n.workspace_id = royal_workspace () and n.shop = p_shop
  order by n.product limit 20;
end;

-- What became of one: it is put (p_rows has one) or no more (none). It is forgotten unless Shopify said so again meanwhile.
create function shopify_note_put (p_shop text, p_holder text, p_product bigint, p_times bigint, p_rows jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shopify_pulls := shopify_pull_hold (p_shop, 'notes', p_holder);
  n_changed bigint := shopify_products_put (p_shop, p_rows);
  n_removed bigint := 0;
begin
  if jsonb_array_length (p_rows) = 0 then
    delete from shopify_products o where o.workspace_id = s.workspace_id and o.shop = p_shop and o.product = p_product;
    get diagnostics n_removed = row_count;
  end if;
  delete from shopify_notes o
  where o.workspace_id = s.workspace_id and o.shop = p_shop and o.product = p_product and o.times = p_times;
  update shopify_pulls o
  set seen = o.seen + 1, changed = o.changed + n_changed, removed = o.removed + n_removed
  where o.workspace_id = s.workspace_id and o.shop = s.shop and o.part = s.part;
end $$;
