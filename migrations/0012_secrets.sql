-- SPDX-License-Identifier: Apache-2.0
-- Secrets that are kept in the database: sealed by the host, with a key that is not here. What is here is of no use without it.

create table secrets (
  workspace_id bigint not null references workspaces,
  name text not null check (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  key_id text not null check (length (key_id) = 16),
  sealed bytea not null check (length (sealed) between 41 and 70000),
  created_at timestamptz not null default now (),
  created_by text not null,
  updated_at timestamptz not null default now (),
  updated_by text not null,
  primary key (workspace_id, name));
call royal_protect ('secrets', 'select');

-- All but what it holds.
create function secret_json (s secrets) returns jsonb
language sql stable as $$
  select jsonb_build_object ('name', s.name, 'source', 'store', 'key', s.key_id, 'created_at', iso_time (s.created_at),
    'created_by', s.created_by, 'updated_at', iso_time (s.updated_at), 'updated_by', s.updated_by);
$$;

create function secret_get (p_name text) returns table (key_id text, sealed bytea)
language sql stable as $$
  select s.key_id, s.sealed from secrets s where s.workspace_id = royal_workspace () and s.name = p_name;
$$;

create function secret_list () returns table (name text, secret jsonb)
language sql stable as $$
  select s.name, secret_json (s) from secrets s where s.workspace_id = royal_workspace () order by s.name;
$$;

create function secret_put (p_name text, p_key text, p_sealed bytea, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s secrets;
  bound constant int := 1000;
begin
  perform from workspaces w where w.workspace_id = royal_workspace () for no key update;
  if (select count (*) from secrets where workspace_id = royal_workspace () and name <> p_name) >= bound then
    raise exception 'the workspace holds % secrets already', bound using errcode = 'RY429';
  end if;
  insert into secrets as o (workspace_id, name, key_id, sealed, created_by, updated_by)
  values (royal_workspace (), p_name, p_key, p_sealed, p_actor, p_actor)
  on conflict (workspace_id, name) do update set key_id = excluded.key_id, sealed = excluded.sealed, updated_at = now (),
    updated_by = excluded.updated_by
  returning * into s;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (royal_workspace (), 'secret.set', p_name, p_actor, jsonb_build_object ('key', p_key));
  return secret_json (s);
end $$;

create function secret_delete (p_name text, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare s secrets;
begin
  delete from secrets where workspace_id = royal_workspace () and name = p_name returning * into s;
  if not found then
    raise exception 'no secret % is stored', p_name using errcode = 'RY404';
  end if;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (royal_workspace (), 'secret.deleted', p_name, p_actor, '{}');
  return secret_json (s);
end $$;

-- Those that another key than p_key seals, by name.
create function secret_stale (p_key text, p_after text, p_batch int) returns table (name text, key_id text, sealed bytea)
language sql stable as $$
  select s.name, s.key_id, s.sealed from secrets s
  where s.workspace_id = royal_workspace () and s.key_id <> p_key and s.name > p_after
  order by s.name limit p_batch;
$$;

-- Puts [{ name, before, sealed }] (hexadecimal) under p_key, each unless it was set anew meanwhile. Returns how many.
create function secret_rewrap (p_key text, p_rows jsonb) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare n int;
begin
  update secrets s set key_id = p_key, sealed = decode (r->>'sealed', 'hex')
  from jsonb_array_elements (p_rows) r
  where s.workspace_id = royal_workspace () and s.name = r->>'name' and s.sealed = decode (r->>'before', 'hex');
  get diagnostics n = row_count;
  return n;
end $$;

-- A rotation came to its end.
create function secret_rotated (p_key text, p_n int, p_actor text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (royal_workspace (), 'secret.rotated', p_key, p_actor, jsonb_build_object ('secrets', p_n));
end $$;
