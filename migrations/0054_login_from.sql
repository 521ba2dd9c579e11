-- SPDX-License-Identifier: Apache-2.0
-- Logins are counted by what one client has, of IPv6 a /64; a session tells the address itself.

drop function session_open (uuid, text, text, bytea, text, bigint);

-- As in 0024, but that p_from, as in login_begin(), is what tries are counted by.
create function session_open (p_user uuid, p_password text, p_workspace text, p_hash bytea, p_peer text,
  p_step bigint, p_from text) returns jsonb
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
  update login_attempts a set n = greatest (a.n - 1, 0), locked_until = null where a.key = 'peer:' || p_from;
  delete from sessions o where o.user_uid = u.uid and o.expires_at < now () - interval '30 days';
  insert into sessions (workspace_id, user_uid, hash, peer, expires_at)
  values (ws, u.uid, p_hash, p_peer, now () + interval '24 hours') returning * into s;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (ws, 'session.opened', s.uid::text, u.name, jsonb_build_object ('from', p_peer));
  return session_me (s);
end $$;
