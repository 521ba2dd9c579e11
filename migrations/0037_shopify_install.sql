-- SPDX-License-Identifier: Apache-2.0
-- Installs of an app in a shop: Shopify's authorization code grant, from when an administrator begins it until the browser comes
-- back with a code. What the browser carries, the state and a cookie, is here as its SHA-256 alone.

-- `browser` is that of the cookie of the browser that opened the link; no other one can end it. `used_at`: it came back.
create table shopify_installs (
  workspace_id bigint not null,
  state bytea not null check (length (state) = 32),
  shop text not null,
  scopes text[] not null check (cardinality (scopes) > 0),
  begun_by text not null,
  begun_at timestamptz not null default now (),
  ends_at timestamptz not null,
  browser bytea check (length (browser) = 32),
  used_at timestamptz,
  ended_at timestamptz,
  granted text[],
  error text,
  primary key (workspace_id, state),
  foreign key (workspace_id, shop) references shopify_shops on delete cascade);
create index shopify_installs_shop on shopify_installs (workspace_id, shop, ends_at);
call royal_protect ('shopify_installs', 'select');

-- p_state: hexadecimal, as in all of these.
create function shopify_install_begin (p_shop text, p_state text, p_scopes jsonb, p_life_s int, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s shopify_shops := shopify_shop (p_shop);
  i shopify_installs;
  bound constant int := 20;
begin
  perform from shopify_shops o where o.workspace_id = s.workspace_id and o.shop = s.shop for no key update;
  delete from shopify_installs o
  where o.workspace_id = s.workspace_id and o.shop = s.shop and o.ends_at < now () - interval '1 day';
  if (select count (*) from shopify_installs o where o.workspace_id = s.workspace_id and o.shop = s.shop
      and o.used_at is null and o.ends_at > now ()) >= bound then
    raise exception 'of % installs are under way already: expected one of them to end, or %s to pass', bound, p_life_s
      using errcode = 'RY429';
  end if;
  insert into shopify_installs (workspace_id, state, shop, scopes, begun_by, ends_at)
  values (s.workspace_id, decode (p_state, 'hex'), s.shop, array (select jsonb_array_elements_text (p_scopes)), p_actor,
    now () + p_life_s * interval '1 second')
  returning * into i;
  perform outbox_put ('shopify.install.begun', s.shop, p_actor, jsonb_build_object ('scopes', p_scopes));
  return jsonb_build_object ('shop', s.shop, 'domain', s.domain, 'scopes', p_scopes, 'ends_at', iso_time (i.ends_at));
end $$;

-- The install of a state, locked, while it can go on.
create function shopify_install_of (p_state text) returns shopify_installs
language plpgsql as $$
declare i shopify_installs;
begin
  select * into i from shopify_installs o
  where o.workspace_id = royal_workspace () and o.state = decode (p_state, 'hex') for update;
  if not found then
    raise exception 'state: no install that was begun here has it' using errcode = 'RY403';
  elsif i.used_at is not null then
    raise exception 'state: it was used already, expected one of an install that was begun anew' using errcode = 'RY403';
  elsif i.ends_at <= now () then
    raise exception 'state: its time was over at %, expected one of an install that was begun anew', iso_time (i.ends_at)
      using errcode = 'RY403';
  end if;
  return i;
end $$;
revoke execute on function shopify_install_of (text) from public;

-- A browser opens the link, which binds the install to it: once.
create function shopify_install_open (p_state text, p_browser text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare i shopify_installs := shopify_install_of (p_state);
begin
  if i.browser is not null then
    raise exception 'state: the link was opened already, expected one of an install that was begun anew' using errcode = 'RY403';
  end if;
  update shopify_installs o set browser = decode (p_browser, 'hex') where o.workspace_id = i.workspace_id and o.state = i.state;
  return i.shop;
end $$;

-- It came back, from the shop of p_shop, by the browser of p_browser (null: one without the cookie). It cannot come again.
create function shopify_install_take (p_state text, p_browser text, p_shop text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare i shopify_installs := shopify_install_of (p_state);
begin
  if i.browser is null or i.browser is distinct from decode (p_browser, 'hex') then
    raise exception 'state: expected the browser in which the install was begun' using errcode = 'RY403';
  elsif i.shop <> p_shop then
    raise exception 'state: it is of the shop %, found %', i.shop, p_shop using errcode = 'RY403';
  end if;
  update shopify_installs o set used_at = now () where o.workspace_id = i.workspace_id and o.state = i.state;
  return i.begun_by;
end $$;

-- How it ended. p_granted: what Shopify granted, where it said so; p_error null: the token is kept, and what could not be pulled
-- without it is pulled.
create function shopify_install_end (p_state text, p_granted jsonb, p_error text) returns void
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
    update shopify_pulls o set due_at = now () where o.workspace_id = i.workspace_id and o.shop = i.shop and o.state = 'failed';
    perform pg_notify ('royal_shopify', '');
  end if;
end $$;
