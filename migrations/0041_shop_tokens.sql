-- SPDX-License-Identifier: Apache-2.0
-- Shops' tokens that end, and are renewed before they do by another token, which is another one each time. Both are secrets; here is
-- when, by which host, and how it went.

-- `renew_at`: from when on it is to be renewed. `holder`: the host that does it, until `held_until`. `error`: of the last try.
create table shopify_tokens (
  workspace_id bigint not null,
  shop text not null,
  ends_at timestamptz not null,
  refresh_ends_at timestamptz,
  renew_at timestamptz not null,
  holder text,
  held_until timestamptz,
  error text,
  primary key (workspace_id, shop),
  foreign key (workspace_id, shop) references shopify_shops on delete cascade);
create index shopify_tokens_due on shopify_tokens (workspace_id, renew_at);
call royal_protect ('shopify_tokens', 'select');

-- An install or a renewal got a token that ends after p_ends_s (null: one that does not end), and what renews it after p_refresh_s
-- (null: it was not said). It is renewed ten minutes before, and no earlier than in half of its time.
create function shopify_token_kept (p_shop text, p_ends_s bigint, p_refresh_s bigint) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare s shopify_shops := shopify_shop (p_shop);
begin
  if p_ends_s is null then
    delete from shopify_tokens o where o.workspace_id = s.workspace_id and o.shop = s.shop;
    return;
  end if;
  insert into shopify_tokens as o (workspace_id, shop, ends_at, refresh_ends_at, renew_at)
  values (s.workspace_id, s.shop, now () + p_ends_s * interval '1 second', now () + p_refresh_s * interval '1 second',
    now () + greatest (p_ends_s - 600, p_ends_s / 2) * interval '1 second')
  on conflict (workspace_id, shop) do update
    set ends_at = excluded.ends_at, refresh_ends_at = excluded.refresh_ends_at, renew_at = excluded.renew_at,
        holder = null, held_until = null, error = null;
end $$;

-- One that is due, for p_lease_s: two that renew it at once would each take the other's token away. What this host had before it
-- ended, it has again.
create function shopify_token_claim (p_holder text, p_lease_s int) returns table (shop text)
language sql security definer set search_path = public, pg_temp as $$
  update shopify_tokens t set holder = p_holder, held_until = now () + p_lease_s * interval '1 second'
  where t.workspace_id = royal_workspace () and t.shop = (
    select o.shop from shopify_tokens o
    where o.workspace_id = royal_workspace () and o.renew_at <= now ()
      and (o.held_until is null or o.held_until <= now () or o.holder = p_holder)
    order by o.renew_at limit 1 for update skip locked)
  returning t.shop;
$$;

create function shopify_token_hold (p_shop text, p_holder text) returns shopify_tokens
language plpgsql as $$
declare t shopify_tokens;
begin
  select * into t from shopify_tokens o
  where o.workspace_id = royal_workspace () and o.shop = p_shop and o.holder = p_holder for update;
  if not found then
    raise exception 'the token of % is renewed by another host', p_shop using errcode = 'RY409';
  end if;
  return t;
end $$;
revoke execute on function shopify_token_hold (text, text) from public;

-- It is renewed and kept. p_granted: what Shopify says that it may, null where it did not. What could not be pulled is pulled.
create function shopify_token_renewed (p_shop text, p_holder text, p_ends_s bigint, p_refresh_s bigint, p_granted jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare t shopify_tokens := shopify_token_hold (p_shop, p_holder);
begin
  perform shopify_token_kept (t.shop, p_ends_s, p_refresh_s);
  if jsonb_array_length (p_granted) > 0 then
    update shopify_shops o set granted = array (select jsonb_array_elements_text (p_granted))
    where o.workspace_id = t.workspace_id and o.shop = t.shop;
  end if;
  if t.error is not null or t.ends_at <= now () then
    perform outbox_put ('shopify.token.renewed', t.shop, 'host', '{}');
    update shopify_pulls o set due_at = now () where o.workspace_id = t.workspace_id and o.shop = t.shop and o.state = 'failed';
    perform pg_notify ('royal_shopify', '');
  end if;
end $$;

-- It is not; it is tried again after p_again_s. Told once for each error.
create function shopify_token_failed (p_shop text, p_holder text, p_error text, p_again_s int) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare t shopify_tokens := shopify_token_hold (p_shop, p_holder);
begin
  update shopify_tokens o set holder = null, held_until = null, error = p_error, renew_at = now () + p_again_s * interval '1 second'
  where o.workspace_id = t.workspace_id and o.shop = t.shop;
  if t.error is distinct from p_error then
    perform outbox_put ('shopify.token.failed', t.shop, 'host', jsonb_build_object ('error', p_error, 'ends_at', iso_time (t.ends_at)));
  end if;
end $$;

-- As in 0040, with `token`; null: it does not end.
create or replace function shopify_install_row (s shopify_shops) returns jsonb
language sql stable
begin atomic
  select case when s.scopes is not null then jsonb_build_object ('scopes', to_jsonb (s.scopes),
    'connected', case when s.connected_at is not null then jsonb_build_object ('at', iso_time (s.connected_at), 'by', s.connected_by,
      'granted', to_jsonb (s.granted), 'missing', to_jsonb (shopify_scopes_missing (s.scopes, s.granted))) end,
    'token', (select jsonb_build_object ('ends_at', iso_time (t.ends_at), 'refresh_ends_at', iso_time (t.refresh_ends_at),
        'error', t.error)
      from shopify_tokens t where t.workspace_id = s.workspace_id and t.shop = s.shop),
    'last', (select jsonb_build_object ('state', case when i.error is not null then 'failed' when i.ended_at is not null then 'done'
        when i.used_at is not null then 'back' when i.ends_at <= now () then 'expired' when i.browser is not null then 'opened'
        else 'begun' end, 'by', i.begun_by, 'begun_at', iso_time (i.begun_at), 'ends_at', iso_time (i.ends_at),
        'ended_at', iso_time (i.ended_at), 'error', i.error)
      from shopify_installs i where i.workspace_id = s.workspace_id and i.shop = s.shop order by i.begun_at desc limit 1)) end;
end;
