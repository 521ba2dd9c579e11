-- SPDX-License-Identifier: Apache-2.0
-- People: users are of the whole installation, what they may do is of a workspace. Passwords are Argon2id hashes that the host
-- makes; of a session's secret only the SHA-256 is kept. The host reads none of these tables: it calls functions.

create table users (
  uid uuid primary key default uuid_v7 (),
  name text not null unique check (name ~ '^[a-z][a-z0-9._-]{0,62}$'),
  full_name text not null default '' check (length (full_name) <= 200),
  email text check (length (email) between 3 and 254),
  password text not null check (password like '$argon2id$%'),
  must_change boolean not null default true,
  disabled_at timestamptz,
  created_at timestamptz not null default now (),
  created_by text not null);
alter table users enable row level security;
alter table users force row level security;
create policy owner on users to current_user using (true) with check (true);

create table memberships (
  workspace_id bigint not null references workspaces,
  user_uid uuid not null references users on delete cascade,
  roles text[] not null check (cardinality (roles) > 0
    and roles <@ array['viewer', 'approver', 'operator', 'developer', 'admin']),
  primary key (workspace_id, user_uid));
create index memberships_user on memberships (user_uid);
call royal_protect ('memberships', 'select');

create table sessions (
  workspace_id bigint not null references workspaces,
  uid uuid not null default uuid_v7 (),
  user_uid uuid not null references users on delete cascade,
  hash bytea not null unique check (length (hash) = 32),
  peer text not null,
  created_at timestamptz not null default now (),
  seen_at timestamptz not null default now (),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  primary key (workspace_id, uid));
create index sessions_user on sessions (user_uid);
call royal_protect ('sessions', 'select');
-- Whoever can read a hash can do nothing with it; the host has no use for it either.
revoke select on sessions from royal_host;

-- Attempts to log in, by `user:` and a name, whether or not there is such a user, and by `peer:` and an address. Here and not
-- in a host's memory, so that asking another host gains nothing.
create table login_attempts (
  key text primary key,
  n int not null,
  last_at timestamptz not null,
  locked_until timestamptz);
create index login_attempts_last on login_attempts (last_at);
alter table login_attempts enable row level security;
alter table login_attempts force row level security;
create policy owner on login_attempts to current_user using (true) with check (true);

-- A session ends after an hour without a request, and after 24 hours in any case.
create function session_alive (s sessions) returns boolean
language sql stable as $$
  select s.revoked_at is null and s.expires_at > now () and s.seen_at > now () - interval '1 hour';
$$;

-- Counts an attempt before it is looked at, so that attempts side by side gain nothing. From the p_free-th on each locks, for
-- 1, 2, 4 … seconds, at most 15 minutes; a day without an attempt forgets. Returns the seconds to wait, 0 = go on.
create function login_count (p_key text, p_free int) returns int
language plpgsql as $$
declare a login_attempts;
begin
  insert into login_attempts as o (key, n, last_at) values (p_key, 0, now ()) on conflict (key) do nothing;
  select * into a from login_attempts o where o.key = p_key for update;
  if a.locked_until > clock_timestamp () then
    return ceil (extract (epoch from a.locked_until - clock_timestamp ()));
  end if;
  if a.last_at < now () - interval '1 day' then
    a.n := 0;
  end if;
  update login_attempts o set n = a.n + 1, last_at = clock_timestamp (),
    locked_until = case when a.n + 1 >= p_free
      then clock_timestamp () + least (power (2, least (a.n + 1 - p_free, 20)), 900) * interval '1 second' end
  where o.key = p_key;
  return 0;
end $$;

-- What a password is to be checked against: always one row. The password is null for a user that there is not, that is disabled, or
-- that is in no workspace; wait_s is more than 0 when it is not to be checked at all.
create function login_begin (p_name text, p_peer text) returns table (wait_s int, uid uuid, password text)
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
  return query select w, u.uid, u.password from (values (1)) one
  left join users u on u.name = p_name and u.disabled_at is null and w = 0;
end $$;

create function user_workspaces (p_user uuid) returns jsonb
language sql stable as $$
  select coalesce (jsonb_agg (w.name order by w.name), '[]') from memberships m join workspaces w using (workspace_id)
  where m.user_uid = p_user;
$$;

create function session_json (s sessions) returns jsonb
language sql stable as $$
  select jsonb_build_object ('id', s.uid, 'user', u.name, 'peer', s.peer, 'created_at', iso_time (s.created_at),
    'seen_at', iso_time (s.seen_at), 'expires_at', iso_time (s.expires_at))
  from users u where u.uid = s.user_uid;
$$;

-- What a person is told of who he is.
create function session_me (s sessions) returns jsonb
language sql stable as $$
  select jsonb_build_object ('user', u.name, 'name', case when u.full_name = '' then u.name else u.full_name end,
    'workspace', w.name, 'workspaces', user_workspaces (u.uid), 'roles', m.roles, 'expires_at', iso_time (s.expires_at),
    'must_change_password', u.must_change)
  from users u, memberships m join workspaces w using (workspace_id)
  where u.uid = s.user_uid and m.workspace_id = s.workspace_id and m.user_uid = s.user_uid;
$$;

-- The password p_password (its hash, as login_begin told it) was right. RY403 when meanwhile it was changed or the user is in no
-- such workspace; without p_workspace it is `default`, else the first by name.
create function session_open (p_user uuid, p_password text, p_workspace text, p_hash bytea, p_peer text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u users;
  s sessions;
  ws bigint;
begin
  select * into u from users o where o.uid = p_user and o.password = p_password and o.disabled_at is null for share;
  if not found then
    raise exception 'the user or the password has changed' using errcode = 'RY403';
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

-- Whose a secret is: no row when it is unknown, expired or revoked, or when the user is disabled or no more in the workspace; due
-- when its use is to be noted.
create function session_lookup (p_hash bytea)
returns table (workspace_id bigint, workspace text, uid uuid, user_uid uuid, name text, roles text, must_change boolean, due boolean,
  me jsonb)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.workspace_id, w.name, s.uid, u.uid, u.name, array_to_string (m.roles, ' '), u.must_change,
    s.seen_at < now () - interval '1 minute', session_me (s)
  from sessions s join workspaces w using (workspace_id) join users u on u.uid = s.user_uid
  join memberships m on m.workspace_id = s.workspace_id and m.user_uid = s.user_uid
  where s.hash = p_hash and session_alive (s) and u.disabled_at is null;
$$;

create function session_seen (p_uid uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
  update sessions s set seen_at = now () where s.workspace_id = royal_workspace () and s.uid = p_uid and session_alive (s);
$$;

create function session_list (p_user uuid) returns table (session jsonb)
language sql stable security definer set search_path = public, pg_temp as $$
  select session_json (s) from sessions s
  where s.workspace_id = royal_workspace () and s.user_uid = p_user and session_alive (s) order by s.created_at;
$$;

-- Of p_user's own sessions.
create function session_revoke (p_uid uuid, p_user uuid, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare s sessions;
begin
  update sessions o set revoked_at = coalesce (o.revoked_at, now ())
  where o.workspace_id = royal_workspace () and o.uid = p_uid and o.user_uid = p_user returning * into s;
  if not found then
    raise exception 'no session %', p_uid using errcode = 'RY404';
  end if;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (royal_workspace (), 'session.revoked', s.uid::text, p_actor, '{}');
  return session_json (s);
end $$;

-- As the workspace sees a user: what he is elsewhere is not its to know.
create function user_json (u users) returns jsonb
language sql stable as $$
  select jsonb_build_object ('id', u.uid, 'user', u.name, 'name', u.full_name, 'email', u.email, 'roles', m.roles,
    'disabled', u.disabled_at is not null, 'must_change_password', u.must_change,
    'locked_until', (select iso_time (a.locked_until) from login_attempts a
                     where a.key = 'user:' || u.name and a.locked_until > now ()),
    'sessions', (select count (*) from sessions s
                 where s.workspace_id = royal_workspace () and s.user_uid = u.uid and session_alive (s)),
    'created_at', iso_time (u.created_at), 'created_by', u.created_by)
  from memberships m where m.workspace_id = royal_workspace () and m.user_uid = u.uid;
$$;

-- The user p_id, by id or by name, of this workspace, locked. p_whole: what is to be done touches what he is in other workspaces
-- too, which an administrator of one of them is not to decide; p_local: whoever runs the host is.
create function user_of (p_id text, p_whole boolean, p_local boolean) returns users
language plpgsql as $$
declare u users;
begin
  select o.* into u from users o join memberships m on m.user_uid = o.uid
  where m.workspace_id = royal_workspace () and (o.uid::text = p_id or o.name = p_id) for update of o;
  if not found then
    raise exception 'no user %', p_id using errcode = 'RY404';
  end if;
  if p_whole and not p_local
     and exists (select from memberships m where m.user_uid = u.uid and m.workspace_id <> royal_workspace ()) then
    raise exception 'user % is in other workspaces too: only whoever runs the host changes this', u.name
      using errcode = 'RY403';
  end if;
  return u;
end $$;

create function user_list () returns table (item jsonb)
language sql stable security definer set search_path = public, pg_temp as $$
  select user_json (u) from users u join memberships m on m.user_uid = u.uid
  where m.workspace_id = royal_workspace () order by u.name;
$$;

create function user_get (p_id text) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select user_json (u) from users u join memberships m on m.user_uid = u.uid
  where m.workspace_id = royal_workspace () and (u.uid::text = p_id or u.name = p_id);
$$;

-- A new user; one that is in another workspace is taken into this one by whoever runs the host alone, and keeps his password.
create function user_add (p_name text, p_full_name text, p_email text, p_roles text[], p_password text, p_local boolean,
  p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u users;
  joined boolean := false;
begin
  insert into users (name, full_name, email, password, created_by)
  values (p_name, coalesce (p_full_name, ''), p_email, p_password, p_actor) on conflict (name) do nothing returning * into u;
  if not found then
    select * into u from users o where o.name = p_name;
    if not p_local or exists (select from memberships m where m.user_uid = u.uid and m.workspace_id = royal_workspace ()) then
      raise exception 'there is a user % already', p_name using errcode = 'RY409';
    end if;
    joined := true;
  end if;
  insert into memberships (workspace_id, user_uid, roles)
  values (royal_workspace (), u.uid, array (select distinct r from unnest (p_roles) r order by r));
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (royal_workspace (), 'user.added', u.uid::text, p_actor, jsonb_build_object ('user', u.name, 'roles', p_roles));
  return user_json (u) || jsonb_build_object ('joined', joined);
end $$;

-- Ends the sessions of p_user, in p_workspace or, with null, in each, but p_but; each is told of, so that its feeds end. Returns how
-- many.
create function sessions_end (p_user uuid, p_workspace bigint, p_but uuid, p_actor text) returns int
language plpgsql as $$
declare n int;
begin
  with ended as (
    update sessions s set revoked_at = now ()
    where s.user_uid = p_user and (p_workspace is null or s.workspace_id = p_workspace) and s.uid is distinct from p_but
      and s.revoked_at is null and s.expires_at > now ()
    returning s.workspace_id, s.uid)
  insert into outbox (workspace_id, kind, subject, actor, data)
  select e.workspace_id, 'session.revoked', e.uid::text, p_actor, '{}' from ended e;
  get diagnostics n = row_count;
  return n;
end $$;

create function user_revoke (p_id text, p_local boolean, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u users := user_of (p_id, false, p_local);
  n int;
begin
  n := sessions_end (u.uid, royal_workspace (), null, p_actor);
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (royal_workspace (), 'user.revoked', u.uid::text, p_actor, jsonb_build_object ('user', u.name, 'sessions', n));
  return user_json (u);
end $$;

-- What is null stays as it is. Another password, or being disabled, ends every session of the user.
create function user_change (p_id text, p_full_name text, p_email text, p_roles text[], p_disabled boolean, p_unlock boolean,
  p_password text, p_local boolean, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u users := user_of (p_id, p_full_name is not null or p_email is not null or p_disabled is not null
                            or p_password is not null, p_local);
begin
  update users o set full_name = coalesce (p_full_name, o.full_name), email = coalesce (p_email, o.email),
    disabled_at = case when p_disabled then coalesce (o.disabled_at, now ()) when not p_disabled then null
                       else o.disabled_at end,
    password = coalesce (p_password, o.password), must_change = o.must_change or p_password is not null
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
    'roles', p_roles, 'disabled', p_disabled, 'unlocked', p_unlock, 'password', p_password is not null)));
  return user_json (u);
end $$;

-- Out of this workspace; whoever is in none is no more.
create function user_remove (p_id text, p_local boolean, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u users := user_of (p_id, false, p_local);
  told jsonb := user_json (u);
begin
  perform sessions_end (u.uid, royal_workspace (), null, p_actor);
  delete from sessions s where s.workspace_id = royal_workspace () and s.user_uid = u.uid;
  delete from memberships m where m.workspace_id = royal_workspace () and m.user_uid = u.uid;
  delete from users o where o.uid = u.uid and not exists (select from memberships m where m.user_uid = o.uid);
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (royal_workspace (), 'user.removed', u.uid::text, p_actor, jsonb_build_object ('user', u.name));
  return told;
end $$;

-- The hash of one's own password, to check it again.
create function user_password (p_user uuid, p_peer text) returns table (wait_s int, password text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u users;
begin
  select * into u from users o where o.uid = p_user;
  wait_s := login_count ('user:' || u.name, 6);
  password := case when wait_s = 0 then u.password end;
  return next;
end $$;

-- One's own password, from p_before on: every other session ends, p_session goes on.
create function user_set_password (p_user uuid, p_before text, p_password text, p_session uuid) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u users;
  s sessions;
begin
  update users o set password = p_password, must_change = false where o.uid = p_user and o.password = p_before
  returning * into u;
  if not found then
    raise exception 'the password has changed meanwhile' using errcode = 'RY409';
  end if;
  delete from login_attempts a where a.key = 'user:' || u.name;
  perform sessions_end (p_user, null, p_session, u.name);
  select * into s from sessions o where o.workspace_id = royal_workspace () and o.uid = p_session;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (royal_workspace (), 'user.password', u.uid::text, u.name, '{}');
  return session_me (s);
end $$;

-- The first user of an installation, in the workspace; false when there are users.
create function user_first (p_name text, p_password text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare u users;
begin
  lock table users in share row exclusive mode;
  if exists (select from users) then
    return false;
  end if;
  perform user_add (p_name, null, null, array['admin'], p_password, true, 'host');
  return true;
end $$;

create function user_any () returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from users);
$$;

-- Whether `user:` and an id is somebody with the role in the workspace.
create function user_holds (p_workspace bigint, p_via text, p_role text) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from memberships m join users u on u.uid = m.user_uid where m.workspace_id = p_workspace
    and 'user:' || m.user_uid = p_via and p_role = any (m.roles) and u.disabled_at is null);
$$;

-- A delegation by a person holds while that person has the role in the workspace.
create or replace function delegation_holds (d delegations) returns boolean
language sql stable as $$
  select d.revoked_at is null and d.starts_at <= clock_timestamp () and d.ends_at > clock_timestamp ()
     and (d.via not like 'token:%' or exists (
       select from tokens t where t.workspace_id = d.workspace_id and 'token:' || t.uid = d.via and t.role = d.role
       and t.revoked_at is null and (t.expires_at is null or t.expires_at > clock_timestamp ())))
     and (d.via not like 'user:%' or user_holds (d.workspace_id, d.via, d.role));
$$;

-- Whether a token or a session is still good, by its id, for a connection that was opened with it.
create function credential_holds (p_uid uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from tokens t where t.workspace_id = royal_workspace () and t.uid = p_uid and t.revoked_at is null
                 and (t.expires_at is null or t.expires_at > now ()))
      or exists (select from sessions s join users u on u.uid = s.user_uid
                 join memberships m on m.workspace_id = s.workspace_id and m.user_uid = s.user_uid
                 where s.workspace_id = royal_workspace () and s.uid = p_uid and s.revoked_at is null
                 and s.expires_at > now () and u.disabled_at is null);
$$;

revoke execute on function session_alive (sessions), login_count (text, int), user_workspaces (uuid), session_json (sessions),
  session_me (sessions), user_json (users), user_of (text, boolean, boolean),
  sessions_end (uuid, bigint, uuid, text) from public;
