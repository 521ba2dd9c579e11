-- SPDX-License-Identifier: Apache-2.0
-- A notification brings a link for each proposal that it tells of, which is for one answer: host/gate/rh-approval-link.h. What
-- was answered by one is kept until the link would have expired, and a day more.
create table approval_links (
  workspace_id bigint not null,
  notice uuid not null,
  proposal bigint not null,
  answer text not null,
  actor text not null,
  at timestamptz not null default now (),
  expires_at timestamptz not null,
  primary key (workspace_id, notice, proposal));
create index approval_links_old on approval_links (expires_at);
call royal_protect ('approval_links', 'select');

-- What a link that was signed here is for; RY409 says why it is for nothing any more.
create function approval_link_check (p_uid uuid, p_notice uuid, p_digest text, p_expires bigint) returns jsonb
language plpgsql stable as $$
declare
  p proposals;
  u approval_links;
  sent_to text;
begin
  select * into p from proposals o where o.workspace_id = royal_workspace () and o.uid = p_uid;
  if not found then
    raise exception 'no proposal %', p_uid using errcode = 'RY404';
  end if;
  select * into u from approval_links o where o.workspace_id = p.workspace_id and o.notice = p_notice and o.proposal = p.id;
  if found then
    raise exception 'the link was used: % has answered % with it at %', u.actor, u.answer, iso_time (u.at) using errcode = 'RY409';
  end if;
  select o.receiver into sent_to from notices o where o.workspace_id = p.workspace_id and o.id = p_notice;
  if not found then
    raise exception 'the link is withdrawn: its receiver is named no more' using errcode = 'RY409';
  end if;
  if p.digest <> p_digest then
    raise exception 'the link is for something else than proposal % says now', p_uid using errcode = 'RY409';
  end if;
  if to_timestamp (p_expires) <= now () then
    raise exception 'the link has expired' using errcode = 'RY409';
  end if;
  if p.state <> 'pending' then
    raise exception 'the link is for nothing any more: proposal % is %', p_uid, p.state using errcode = 'RY409';
  end if;
  return jsonb_build_object ('proposal', p.uid, 'digest', p.digest, 'receiver', sent_to,
    'expires_at', iso_time (least (to_timestamp (p_expires), p.expires_at)));
end $$;

-- As proposal_answer(), by a link, which is used up with it: of two answers by the same link one finds it used.
create function proposal_answer_linked (p_uid uuid, p_answer text, p_digest text, p_actor text, p_via text, p_note text,
  p_role text, p_exclude int[], p_notice uuid, p_link_digest text, p_expires bigint)
returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  p constant proposals := proposal_lock (p_uid);
  link constant jsonb := approval_link_check (p_uid, p_notice, p_link_digest, p_expires);
begin
  delete from approval_links o where o.workspace_id = p.workspace_id and o.expires_at < now () - interval '1 day';
  insert into approval_links (workspace_id, notice, proposal, answer, actor, expires_at)
  values (p.workspace_id, p_notice, p.id, p_answer, p_actor, to_timestamp (p_expires));
  perform outbox_put ('approval.linked', p_uid::text, p_actor,
    jsonb_build_object ('answer', p_answer, 'receiver', link->'receiver', 'notification', p_notice));
  return proposal_answer (p_uid, p_answer, p_digest, p_actor, p_via, p_note, p_role, p_exclude);
end $$;

-- What is told of an event: as before, and of a proposal what an approval of it binds to.
create or replace function notice_event (p_event jsonb) returns jsonb
language sql immutable
return jsonb_strip_nulls (jsonb_build_object ('id', p_event->'id', 'at', p_event->'at', 'kind', p_event->'kind',
  'subject', p_event->'subject', 'action', p_event#>'{data,action}', 'target', to_jsonb (left (p_event#>>'{data,target}', 200)),
  'agent', p_event#>'{data,agent}', 'workflow', p_event#>'{data,workflow}', 'task', p_event#>'{data,task}', 'risk', p_event#>'{data,risk}',
  'state', p_event#>'{data,state}', 'expires_at', p_event#>'{data,expires_at}', 'items', p_event#>'{data,n_items}',
  'roles', p_event#>'{data,roles}', 'error', p_event#>'{data,error,code}',
  'digest', case when p_event->>'kind' = 'approval.required' then p_event#>'{data,digest}' end,
  'by', case when p_event->>'kind' like 'control.%' then p_event->'actor' end));
