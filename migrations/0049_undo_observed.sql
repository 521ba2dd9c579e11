-- SPDX-License-Identifier: Apache-2.0
-- What takes back an effect of the host's own demands to find what was observed when it was approved, as what does it:
-- when the world has moved since, it is assessed anew.

drop function retail_revert (text, jsonb);

create function retail_revert (p_key text, p_receipt jsonb, p_before jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  m retail_markdowns;
  e retail_effects;
  s retail_seasons;
begin
  if p_receipt ? 'markdown' then
    m := retail_receipt_markdown (p_receipt);
    select * into s from retail_seasons where workspace_id = m.workspace_id and id = m.season for update;
    m := retail_receipt_markdown (p_receipt);
    if m.state = 'active' and retail_state (s) is distinct from p_before then
      perform retail_refuse ('season %s is no longer as it was assessed', s.code);
    end if;
    return retail_revert_markdown (p_key, p_receipt);
  end if;
  e := retail_receipt_effect (p_receipt);
  select * into s from retail_seasons where workspace_id = e.workspace_id and id = e.season for update;
  select * into e from retail_effects where workspace_id = e.workspace_id and id = e.id;
  if e.revert_key = p_key then
    return e.revert_receipt;
  end if;
  perform retail_check_revert (s, e);
  if retail_plan_state (s) is distinct from p_before then
    perform retail_refuse ('season %s is no longer as it was assessed', s.code);
  end if;
  update retail_effects set state = 'reverted', reverted_at = now (), revert_key = p_key,
    revert_receipt = jsonb_build_object ('reverted', e.uid, 'action', e.action, 'season', s.uid,
                                         'reverted_at', iso_time (now ()))
  where workspace_id = e.workspace_id and id = e.id returning * into e;
  if e.action = 'forecast.record' then
    perform retail_restore_forecast (s, e);
  end if;
  perform outbox_put ('retail.effect.reverted', s.uid::text, 'host', e.revert_receipt || jsonb_build_object ('key', p_key));
  return e.revert_receipt;
end $$;

drop function catalog_revert (text, jsonb);

create function catalog_revert (p_key text, p_receipt jsonb, p_before jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare o catalog_opportunities := catalog_opportunity_find (p_receipt);
begin
  select * into o from catalog_opportunities where workspace_id = o.workspace_id and id = o.id for update;
  if o.revert_key = p_key then
    return o.revert_receipt;
  end if;
  perform catalog_assess_undo (p_receipt);
  if catalog_state (o.product, o.supplier) is distinct from p_before then
    perform retail_refuse ('%s is no longer as it was assessed', o.product);
  end if;
  update catalog_opportunities set state = 'withdrawn', revert_key = p_key,
    revert_receipt = jsonb_build_object ('withdrawn', o.uid, 'product', o.product, 'withdrawn_at', iso_time (now ()))
  where workspace_id = o.workspace_id and id = o.id returning * into o;
  perform outbox_put ('catalog.opportunity.withdrawn', o.uid::text, 'host',
                      o.revert_receipt || jsonb_build_object ('key', p_key));
  return o.revert_receipt;
end $$;
