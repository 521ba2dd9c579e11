-- SPDX-License-Identifier: Apache-2.0
-- A second factor by the clock (RFC 6238). Its key is sealed by the host, as secrets are; it counts from totp_at on, and totp_step is
-- the step of the last code that counted.

alter table users add totp_key text, add totp_sealed bytea, add totp_at timestamptz, add totp_step bigint not null default 0;

drop function login_begin (text, text);
-- What a password is to be checked against: always one row. The password is null for a user that there is not, that is disabled, or
-- that is in no workspace; wait_s is more than 0 when it is not to be checked at all.
create function login_begin (p_name text, p_peer text) returns table (wait_s int, uid uuid, password text,
  key_id text, sealed text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  w int;
begin
  delete from login_attempts a where a.key in (
    select o.key from login_attempts o where o.last_at < now () - interval '1 day' limit 100 for update skip locked);
  w := login_count ('peer:' || p_peer, 30);
  if w = 0 then
    w := login_count ('user:' || left (p_name, 64), 6);
  end if;
  return query select w, u.uid, u.password, case when u.totp_at is not null then u.totp_key end,
    case when u.totp_at is not null then encode (u.totp_sealed, 'hex') end from (values (1)) one
  left join users u on u.name = p_name and u.disabled_at is null and w = 0;
end $$;

drop function session_open (uuid, text, text, bytea, text);
-- The password p_password (its hash, as login_begin told it) was right. RY403 when meanwhile it was changed or the user is in no
-- such workspace, or when a second factor is on and p_step, the step of the code, is not after the last that
-- counted. Without p_workspace it is `default`, else the first by name.
create function session_open (p_user uuid, p_password text, p_workspace text, p_hash bytea, p_peer text,
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
  update login_attempts a set n = greatest (a.n - 1, 0), locked_until = null where a.key = 'peer:' || p_peer;
  delete from sessions o where o.user_uid = u.uid and o.expires_at < now () - interval '30 days';
  insert into sessions (workspace_id, user_uid, hash, peer, expires_at)
  values (ws, u.uid, p_hash, p_peer, now () + interval '24 hours') returning * into s;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (ws, 'session.opened', s.uid::text, u.name, jsonb_build_object ('from', p_peer));
  return session_me (s);
end $$;

-- As the workspace sees a user: what he is elsewhere is not its to know.
create or replace function user_json (u users) returns jsonb
language sql stable as $$
  select jsonb_build_object ('id', u.uid, 'user', u.name, 'name', u.full_name, 'email', u.email, 'roles', m.roles,
    'disabled', u.disabled_at is not null, 'must_change_password', u.must_change, 'totp', u.totp_at is not null,
    'locked_until', (select iso_time (a.locked_until) from login_attempts a
                     where a.key = 'user:' || u.name and a.locked_until > now ()),
    'sessions', (select count (*) from sessions s
                 where s.workspace_id = royal_workspace () and s.user_uid = u.uid and session_alive (s)),
    'created_at', iso_time (u.created_at), 'created_by', u.created_by)
  from memberships m where m.workspace_id = royal_workspace () and m.user_uid = u.uid;
$$;

drop function user_change (text, text, text, text[], boolean, boolean, text, boolean, text);
-- What is null stays as it is. Another password, or being disabled, ends every session of the user.
create function user_change (p_id text, p_full_name text, p_email text, p_roles text[], p_disabled boolean, p_unlock boolean,
  p_password text, p_totp_off boolean, p_local boolean, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u users := user_of (p_id, p_full_name is not null or p_email is not null or p_disabled is not null
                            or p_password is not null or coalesce (p_totp_off, false), p_local);
begin
  update users o set full_name = coalesce (p_full_name, o.full_name), email = coalesce (p_email, o.email),
    disabled_at = case when p_disabled then coalesce (o.disabled_at, now ()) when not p_disabled then null
                       else o.disabled_at end,
    password = coalesce (p_password, o.password), must_change = o.must_change or p_password is not null,
    totp_at = case when p_totp_off then null else o.totp_at end, totp_key = case when p_totp_off then null else o.totp_key end,
    totp_sealed = case when p_totp_off then null else o.totp_sealed end
  where o.uid = u.uid returning * into u;
  if p_roles is not null then
    update memberships m set roles = array (select distinct r from unnest (p_roles) r order by r)
    where m.workspace_id = royal_workspace () and m.user_uid = u.uid;
  end if;
  if p_disabled or p_password is not null then
    perform sessions_end (u.uid, null, null, p_actor);
  end if;
  if p_unlock or p_password is not null then
    delete from login_attempts a where a.key = 'user:' || u.name;
  end if;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (royal_workspace (), 'user.changed', u.uid::text, p_actor, jsonb_strip_nulls (jsonb_build_object ('user', u.name,
    'roles', p_roles, 'disabled', p_disabled, 'unlocked', p_unlock, 'totp_off', p_totp_off, 'password', p_password is not null)));
  return user_json (u);
end $$;

-- A new key for a second factor, which counts when a code of it was confirmed.
create function user_totp_enroll (p_user uuid, p_key text, p_sealed text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update users o set totp_key = p_key, totp_sealed = decode (p_sealed, 'hex'), totp_step = 0
  where o.uid = p_user and o.totp_at is null;
  if not found then
    raise exception 'a second factor is on; disable it first' using errcode = 'RY409';
  end if;
end $$;

-- The key, to look at a code by; that is an attempt.
create function user_totp (p_user uuid) returns table (wait_s int, key_id text, sealed text)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  select login_count ('user:' || u.name, 6), u.totp_key, encode (u.totp_sealed, 'hex') into wait_s, key_id, sealed
  from users u where u.uid = p_user;
  return next;
end $$;

create function user_totp_confirm (p_user uuid, p_step bigint) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare u users;
begin
  update users o set totp_at = now (), totp_step = p_step
  where o.uid = p_user and o.totp_at is null and o.totp_sealed is not null and o.totp_step < p_step returning * into u;
  if not found then
    raise exception 'the second factor is on already' using errcode = 'RY409';
  end if;
  delete from login_attempts a where a.key = 'user:' || u.name;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (royal_workspace (), 'user.totp', u.uid::text, u.name, '{"on": true}');
  return u.name;
end $$;

create function user_totp_disable (p_user uuid, p_step bigint) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare u users;
begin
  update users o set totp_at = null, totp_key = null, totp_sealed = null
  where o.uid = p_user and o.totp_step < p_step returning * into u;
  if not found then
    raise exception 'the code was used' using errcode = 'RY403';
  end if;
  delete from login_attempts a where a.key = 'user:' || u.name;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (royal_workspace (), 'user.totp', u.uid::text, u.name, '{"on": false}');
  return u.name;
end $$;
