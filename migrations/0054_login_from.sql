-- SPDX-License-Identifier: Apache-2.0
-- Logins are counted by what one client has: of IPv6 that is a /64, of which each login could come from another address.

create function login_from (p_peer text) returns text
language plpgsql immutable as $$
begin
  if p_peer like '%:%' then
    return 'peer:' || host (network (set_masklen (p_peer::inet, 64)));
  end if;
  return 'peer:' || p_peer;
exception when invalid_text_representation then
  return 'peer:' || p_peer; -- no address: a local socket
end $$;

-- As in 0024 but for that.
create or replace function login_begin (p_name text, p_peer text) returns table (wait_s int, uid uuid, password text,
  key_id text, sealed text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  w int;
begin
  delete from login_attempts a where a.key in (
    select o.key from login_attempts o where o.last_at < now () - interval '1 day' limit 100 for update skip locked);
  w := login_count (login_from (p_peer), 30);
  if w = 0 then
    w := login_count ('user:' || left (p_name, 64), 6);
  end if;
  return query select w, u.uid, u.password, case when u.totp_at is not null then u.totp_key end,
    case when u.totp_at is not null then encode (u.totp_sealed, 'hex') end from (values (1)) one
  left join users u on u.name = p_name and u.disabled_at is null and w = 0;
end $$;

create or replace function session_open (p_user uuid, p_password text, p_workspace text, p_hash bytea, p_peer text,
  p_step bigint) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u users;
  s sessions;
  ws bigint;
begin
  select * into u from users o where o.uid = p_user and o.password = p_password and o.disabled_at is null for update;
  if not found then
    raise exception 'the user or the password has changed' using errcode = 'RY403';
  end if;
  if u.totp_at is not null then
    if p_step is null or p_step <= u.totp_step then
      raise exception 'the code was used' using errcode = 'RY403';
    end if;
    update users o set totp_step = p_step where o.uid = u.uid;
  end if;
  select m.workspace_id into ws from memberships m join workspaces w using (workspace_id)
  where m.user_uid = u.uid and (p_workspace is null or w.name = p_workspace)
  order by w.name <> 'default', w.name limit 1;
  if ws is null then
    raise exception 'the user is in no such workspace' using errcode = 'RY403';
  end if;
  delete from login_attempts a where a.key = 'user:' || u.name;
  update login_attempts a set n = greatest (a.n - 1, 0), locked_until = null where a.key = login_from (p_peer);
  delete from sessions o where o.user_uid = u.uid and o.expires_at < now () - interval '30 days';
  insert into sessions (workspace_id, user_uid, hash, peer, expires_at)
  values (ws, u.uid, p_hash, p_peer, now () + interval '24 hours') returning * into s;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (ws, 'session.opened', s.uid::text, u.name, jsonb_build_object ('from', p_peer));
  return session_me (s);
end $$;
