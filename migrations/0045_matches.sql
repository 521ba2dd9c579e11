-- SPDX-License-Identifier: Apache-2.0
-- What is edited is written only while it is what was read: `If-Match` names its tag.

-- The tag of what is answered: the host makes the same of the bytes that it sends (host/web/rh-etag.c).
create function etag_of (p jsonb) returns text
language sql immutable
return left (encode (sha256 (convert_to (p::text, 'UTF8')), 'hex'), 32);

-- Whether p_match asks for what is there: one of these tags, or `*` for whatever it is; null asks for nothing.
create function etag_holds (p_tag text, p_match text[]) returns boolean
language sql immutable
return p_match is null or p_match && array[p_tag, '*'];

-- The tag of what a user is now, and whether it is what p_match asks for. The user stays locked until the transaction ends: what is
-- written in it is written over just that.
create function user_match (p_id text, p_match text[], out tag text, out holds boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u constant users := user_of (p_id, false, true);
begin
  tag := etag_of (user_json (u));
  holds := etag_holds (tag, p_match);
end $$;

-- The same of the goals. One change of them at a time in a workspace.
create function goal_match (p_match text[], out tag text, out holds boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform from workspaces w where w.workspace_id = royal_workspace () for no key update;
  tag := etag_of (goal_list ());
  holds := etag_holds (tag, p_match);
end $$;
