-- SPDX-License-Identifier: Apache-2.0
-- Keys that were trusted and are not any more are remembered: what they have signed is refused, not merely unknown.

create table distrusted_keys (
  workspace_id bigint not null,
  public_key text not null check (length (public_key) = 64 and public_key !~ '[^0-9a-f]'),
  name text not null,
  since timestamptz not null default now (),
  primary key (workspace_id, public_key));
call royal_protect ('distrusted_keys', 'select');

-- Follows trusted_keys, whoever changes it. A key of two names is trusted while one of them is.
create function keys_follow () returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op <> 'INSERT' and not exists (
    select from trusted_keys k where k.workspace_id = old.workspace_id and k.public_key = old.public_key) then
    insert into distrusted_keys (workspace_id, public_key, name) values (old.workspace_id, old.public_key, old.name)
    on conflict (workspace_id, public_key) do update set name = excluded.name, since = now ();
  end if;
  if tg_op <> 'DELETE' then
    delete from distrusted_keys where workspace_id = new.workspace_id and public_key = new.public_key;
  end if;
  return null;
end $$;
revoke execute on function keys_follow () from public;
create trigger keys_follow after insert or update or delete on trusted_keys for each row execute function keys_follow ();

-- As before, and the keys: [{ name, public_key, trusted }].
drop function standing_load ();
create function standing_load ()
returns table (workspace_id bigint, workspace text, version text, policy jsonb, envelopes jsonb, grants jsonb, keys jsonb)
language sql stable security definer set search_path = public, pg_temp as $$
  select w.workspace_id, w.name, p.version, p.document,
    coalesce ((select jsonb_agg (e.document order by e.id) from envelopes e
               where e.workspace_id = w.workspace_id and e.revoked_at is null and e.until > now ()), '[]'),
    coalesce ((select jsonb_object_agg (g.agent, jsonb_build_object ('grants', g.grants, 'serial', g.serial)) from grants g
               where g.workspace_id = w.workspace_id), '{}'),
    coalesce ((select jsonb_agg (jsonb_build_object ('name', k.name, 'public_key', k.public_key, 'trusted', k.trusted)
                                 order by k.name, k.public_key)
               from (select t.name, t.public_key, true as trusted from trusted_keys t where t.workspace_id = w.workspace_id
                     union all
                     select d.name, d.public_key, false from distrusted_keys d where d.workspace_id = w.workspace_id) k), '[]')
  from workspaces w
  left join policies p on p.workspace_id = w.workspace_id and p.in_force
  order by w.workspace_id;
$$;
