-- SPDX-License-Identifier: Apache-2.0
-- What is left of a product that is to be sold, by what the host knows itself; and where each product stands between the
-- catalog and the shop.

-- Of offers, each { sku, price }, to be sold in p_currency: the one that leaves least, by the listing that the product's open
-- opportunity rests on (a product's id is its SKU) and the workspace's goal. { margin_known, price?, cost?, margin?,
-- margin_goal?, margin_above_target? }: of what is not known of every offer nothing is told but that.
create function catalog_margins (p_currency text, p_offers jsonb) returns jsonb
language sql stable as $$
  with offers as (
    select e->>'sku' as sku, case when e->>'price' ~ '^[0-9]{1,12}([.][0-9]{1,4})?$' then (e->>'price')::numeric end as price
    from jsonb_array_elements (coalesce (nullif (p_offers, 'null'), '[]')) e),
  known as (
    select f.price, l.cost + coalesce (l.shipping, 0) as cost
    from offers f
    left join catalog_opportunities o on o.workspace_id = royal_workspace () and o.product = f.sku and o.state = 'open'
    left join catalog_listings l on l.workspace_id = o.workspace_id and l.product = o.product and l.supplier = o.supplier),
  least as (
    select k.price, k.cost, round ((k.price - k.cost) / k.price, 4) as margin from known k
    where (select count (*) > 0 and bool_and (price > 0 and cost is not null) is true from known)
      and p_currency = (select currency from workspaces where workspace_id = royal_workspace ())
    order by (k.price - k.cost) / k.price limit 1),
  goal as (select value from workspace_goals where workspace_id = royal_workspace () and name = 'margin')
  select coalesce (
    (select jsonb_strip_nulls (jsonb_build_object ('margin_known', true, 'price', l.price, 'cost', l.cost, 'margin', l.margin,
              'margin_goal', g.value, 'margin_above_target', l.margin >= g.value))
     from least l left join goal g on true),
    '{"margin_known": false}');
$$;

create index jobs_products on jobs (workspace_id, agent, id) where agent in ('product_scout', 'supplier_vetting');
create index proposals_opportunities on proposals (workspace_id, id) where action = 'product.opportunity.open';
create index workflow_runs_launches on workflow_runs (workspace_id, id) where workflow = 'product_launch';

-- What the agent's last jobs found, the latest first. What an agent reports is its job's result; nothing is kept twice.
create function product_reports (p_agent text, p_max int) returns setof jobs
language sql stable as $$
  select j.* from jobs j
  where j.workspace_id = royal_workspace () and j.agent = p_agent and j.agent in ('product_scout', 'supplier_vetting')
    and j.state = 'completed' and jsonb_typeof (j.result) = 'object' and (j.context is null or not j.context ? 'simulate')
  order by j.id desc limit p_max;
$$;

-- Of each product what the scout said last: { score, margin, parts, why, job, at }.
create function product_scores () returns table (product text, score jsonb)
language sql stable as $$
  select distinct on (b->>'product') b->>'product',
    jsonb_build_object ('score', b->'score', 'margin', b->'margin', 'parts', coalesce (b->'parts', '{}'), 'why', b->'why', 'job', j.uid,
                        'at', iso_time (j.finished_at))
  from product_reports ('product_scout', 50) j,
    lateral jsonb_array_elements (case when jsonb_typeof (j.result->'best') = 'array' then j.result->'best' else '[]' end) b
  where b->>'product' is not null
  order by b->>'product', j.id desc;
$$;

-- Of each supplier what the vetting said last: { verdict, score, parts, why, risks, job, at }; of one product or of all.
create function product_scorecards () returns table (supplier text, card jsonb)
language sql stable as $$
  select distinct on (c->>'supplier') c->>'supplier',
    jsonb_build_object ('verdict', c->'verdict', 'score', c->'score', 'parts', coalesce (c->'parts', '{}'), 'why', c->'why',
                        'risks', coalesce (c->'risks', '[]'), 'job', j.uid, 'at', iso_time (j.finished_at))
  from product_reports ('supplier_vetting', 300) j,
    lateral (
      select j.result as c
      union all
      select e from jsonb_array_elements (case when jsonb_typeof (j.result->'cards') = 'array' then j.result->'cards' else '[]' end) e) r
  where c->>'supplier' is not null and c ? 'score'
  order by c->>'supplier', j.id desc;
$$;

-- Of each product the last proposal to look into it, of the last thousand.
create function product_asked () returns setof proposals
language sql stable as $$
  select distinct on (p.target) p.*
  from (select * from proposals o
        where o.workspace_id = royal_workspace () and o.action = 'product.opportunity.open' and o.kind = 'apply'
        order by o.id desc limit 1000) p
  order by p.target, p.id desc;
$$;

-- { items: [opportunities as catalog_opportunity_list(), each with scout (product_scores()) and proposal], next }
create function product_opportunities () returns jsonb
language sql stable as $$
  with scores as materialized (select * from product_scores ()),
  asked as materialized (select * from product_asked ())
  select jsonb_build_object ('next', null, 'items', coalesce (jsonb_agg (
    catalog_opportunity_json (o) || jsonb_build_object ('scout', s.score, 'proposal', a.uid) order by o.id desc), '[]'))
  from (select * from catalog_opportunities where workspace_id = royal_workspace () order by id desc limit 1000) o
  left join scores s on s.product = o.product
  left join asked a on a.target = o.product and a.state in ('executed', 'undone');
$$;

-- { items, next }: suppliers that something is recorded of, that were vetted or that list something; those that fail first.
create function product_suppliers () returns jsonb
language sql stable as $$
  with cards as materialized (select * from product_scorecards ()),
  listings as materialized (
    select l.supplier, count (*) as n from catalog_listings l where l.workspace_id = royal_workspace () group by 1),
  opportunities as materialized (
    select o.supplier, count (*) as n from catalog_opportunities o
    where o.workspace_id = royal_workspace () and o.state = 'open' group by 1),
  names as (
    select supplier from supplier_records where workspace_id = royal_workspace ()
    union select supplier from cards union select supplier from listings)
  select jsonb_build_object ('next', null, 'items', coalesce (jsonb_agg (i.item order by i.place, i.supplier), '[]'))
  from (
    select n.supplier, array_position (array['fail', 'ask', 'pass'], c.card->>'verdict') as place,
      jsonb_build_object ('supplier', n.supplier, 'orders', r.orders, 'late', r.late, 'failed', r.failed,
        'shipping_days', r.shipping_days, 'rating', r.rating, 'reviews', r.reviews, 'messages', r.messages, 'answered', r.answered,
        'listings', coalesce (l.n, 0), 'opportunities', coalesce (o.n, 0), 'card', c.card) as item
    from names n
    left join supplier_records r on r.workspace_id = royal_workspace () and r.supplier = n.supplier
    left join cards c on c.supplier = n.supplier
    left join listings l on l.supplier = n.supplier
    left join opportunities o on o.supplier = n.supplier
    order by 2, 1 limit 500) i;
$$;

-- --- The board ------------------------------------------------------------------------------------------------------

-- Where a step of product_launch stands on the board.
create function product_column (p_step text) returns text
language sql immutable
return case when p_step in ('vetting', 'closed', 'supplier_fails') then 'vetting' when p_step = 'price' then 'pricing'
  when p_step in ('decision', 'rejected', 'approval', 'refused') then 'deciding' else 'publishing' end;

-- Why a step is not done: what its job said last, where it is tried again.
create function product_step_trouble (s workflow_steps) returns text
language sql stable as $$
  select u.error->>'message'
  from jobs j join runs u on u.workspace_id = j.workspace_id and u.job = j.id
  where j.workspace_id = s.workspace_id and j.uid = s.job and u.error is not null
  order by u.id desc limit 1;
$$;

-- What the shop has of a product that was launched, as it was pulled; null where it has nothing.
create function product_status (p_shop text, p_handle text) returns text
language sql stable as $$
  select p.document::jsonb->>'status' from shopify_products p
  where p.workspace_id = royal_workspace () and p.shop = p_shop and p.handle = p_handle limit 1;
$$;

-- The card of a launch. p: its last proposal; s: the step at which it stands; both may be null.
create function product_launch_card (r workflow_runs, s workflow_steps, p proposals) returns jsonb
language plpgsql stable as $$
declare
  over constant boolean := workflow_is_over (r.state);
  status constant text := product_status (split_part (p.target, '/', 1), r.result->>'handle');
  col text;
  reason text;
begin
  if p.state = 'pending' then
    col := 'waiting';
    reason := coalesce (p.words->>'title', p.action);
  elsif r.state = 'completed' and r.result->>'published' = 'true' then
    col := case when p.state = 'undone' or status = 'ARCHIVED' then 'stopped' else 'live' end;
    reason := case when p.state = 'undone' then 'Its publishing was undone.'
                   when status = 'ARCHIVED' then 'It is archived in the shop.' else r.result->>'reason' end;
  elsif r.state = 'completed' then
    col := 'stopped';
    reason := r.result->>'reason';
  elsif r.state = 'cancelled' then
    col := 'stopped';
    reason := format ('Cancelled by %s.', coalesce (r.stop->>'by', 'somebody'));
  elsif r.state in ('failed', 'compensating') then
    col := 'stopped';
    reason := coalesce (r.error->>'message', 'What was done is taken back.');
  elsif s.kind = 'decide' and s.state = 'waiting' then
    col := 'waiting';
    reason := s.waits_for->>'question';
  else
    col := product_column (s.path);
    reason := product_step_trouble (s);
  end if;
  return jsonb_build_object ('column', col, 'reason', reason, 'run', r.uid, 'state', r.state, 'step', s.path, 'at', iso_time (coalesce (r.finished_at, s.started_at, r.created_at)),
    'question', case when s.kind = 'decide' and s.state = 'waiting' and not over then
      jsonb_build_object ('step', s.path, 'options', coalesce (s.waits_for->'options', '[]')) end,
    'proposal', p.uid, 'action', p.action, 'status', status, 'handle', r.result->'handle',
    'can_cancel', not over and r.state <> 'compensating',
    'can_retry', r.state = 'failed' and r.parent is null and not exists (
      select from workflow_steps t where t.workspace_id = r.workspace_id and t.run = r.id and starts_with (t.path, '~')));
end $$;

-- The cards of the launches: of each product the last one, of the last five hundred.
create function product_launches () returns table (product text, at timestamptz, found jsonb, card jsonb)
language sql stable as $$
  select i.product, l.created_at, v.result, product_launch_card (l, s.step, p.proposal) || jsonb_build_object (
    'price', coalesce (x.result->'price', v.result->'price'), 'supplier_verdict', v.result->'verdict')
  from (
    select distinct on (r.input->>'product') r.input->>'product' as product, r.id
    from (select w.id, w.input from workflow_runs w
          where w.workspace_id = royal_workspace () and w.workflow = 'product_launch' and w.simulate is null
          order by w.id desc limit 500) r
    order by r.input->>'product', r.id desc) i
  join workflow_runs l on l.workspace_id = royal_workspace () and l.id = i.id
  left join lateral (
    select t as step from workflow_steps t
    where t.workspace_id = l.workspace_id and t.run = l.id and not t.superseded and not starts_with (t.path, '~') and t.state <> 'skipped'
    order by t.id desc limit 1) s on true
  left join lateral (
    select q as proposal from workflow_steps t
    join proposals q on q.workspace_id = t.workspace_id and q.context ? 'step' and (q.context->>'step')::bigint = t.id
    where t.workspace_id = l.workspace_id and t.run = l.id
    order by q.id desc limit 1) p on true
  left join workflow_steps v on v.workspace_id = l.workspace_id and v.run = l.id and v.path = 'vetting' and not v.superseded
  left join workflow_steps x on x.workspace_id = l.workspace_id and x.run = l.id and x.path = 'price' and not x.superseded;
$$;

-- Of what was only proposed to be looked into.
create function product_asked_card (p proposals) returns jsonb
language sql stable as $$
  select jsonb_build_object (
    'column', case when p.state = 'pending' then 'waiting' when p.state in ('approved', 'executing', 'executed') then 'found' else 'stopped' end,
    'reason', case when p.state = 'pending' then coalesce (p.words->>'title', p.action)
                   when p.state in ('approved', 'executing', 'executed') then null
                   when p.state = 'denied' then p.reason
                   else format ('To look into it was %s%s', p.state, coalesce (': ' || (
                     select a.note from approvals a where a.workspace_id = p.workspace_id and a.proposal = p.id and a.note is not null
                     order by a.id desc limit 1), '.')) end,
    'run', null, 'state', p.state, 'step', null, 'at', iso_time (p.created_at), 'question', null, 'proposal', p.uid, 'action', p.action,
    'status', null, 'handle', null, 'can_cancel', false, 'can_retry', false, 'price', p.parameters->'price', 'supplier_verdict', null);
$$;

-- Of what is looked into, and was not launched since.
create function product_open_card (o catalog_opportunities, p_proposal uuid) returns jsonb
language sql stable as $$
  select jsonb_build_object ('column', 'found', 'reason', null, 'run', null, 'state', o.state, 'step', null, 'at', iso_time (o.opened_at),
    'question', null, 'proposal', p_proposal, 'action', 'product.opportunity.open', 'status', null, 'handle', null, 'can_cancel', false,
    'can_retry', false, 'price', o.price::text, 'supplier_verdict', null);
$$;

-- { columns, items, next }: where each product stands, the latest first: its last launch, else the opportunity, or the proposal to look into it.
-- `can_launch`: an opportunity is open, and nothing of it is under way.
create function product_board () returns jsonb
language sql stable as $$
  with scores as materialized (select * from product_scores ()),
  asked as materialized (select * from product_asked ()),
  open as materialized (select * from catalog_opportunities o where o.workspace_id = royal_workspace () and o.state = 'open'),
  placed as (
    select l.product, l.at, l.card, l.found->>'title' as title, l.found->>'supplier' as supplier from product_launches () l
    union all
    select a.target, a.created_at, product_asked_card (a), a.parameters->>'title', a.parameters->>'supplier' from asked a
    union all
    select o.product, o.opened_at, product_open_card (o, a.uid), o.title, o.supplier
    from open o left join asked a on a.target = o.product and a.state = 'executed'),
  latest as (select distinct on (p.product) p.* from placed p order by p.product, p.at desc)
  select jsonb_build_object (
    'columns', array['found', 'vetting', 'pricing', 'deciding', 'waiting', 'publishing', 'live', 'stopped'], 'next', null,
    'items', coalesce (jsonb_agg (l.card || jsonb_build_object ('product', l.product, 'title', coalesce (o.title, l.title, l.product),
      'supplier', coalesce (o.supplier, l.supplier), 'opportunity', o.uid, 'score', s.score->'score', 'margin', coalesce (
        to_jsonb (round ((o.price - o.cost) / o.price, 4)), s.score->'margin'),
      'can_launch', o.uid is not null and (l.card->>'column' = 'stopped' or l.card->>'run' is null and l.card->>'column' = 'found'))
      order by l.at desc, l.product), '[]'))
  from (select * from latest order by at desc limit 500) l
  left join open o on o.product = l.product
  left join scores s on s.product = l.product;
$$;

-- --- What the CEO watches --------------------------------------------------------------------------------------------

-- How many came to the shops in a week (its first day), and how many of them ordered.
create table shop_traffic (
  workspace_id bigint not null references workspaces,
  week date not null,
  visits bigint not null check (visits >= 0),
  orders bigint not null check (orders between 0 and visits),
  primary key (workspace_id, week));
call royal_protect ('shop_traffic', 'select');

-- As 0032_catalog.sql has them, with the traffic.
create or replace function catalog_kind (p_kind text, out t regclass, out keys text[], out rest text[])
language plpgsql stable as $$
begin
  t := case p_kind when 'catalog' then 'catalog_listings' when 'signals' then 'catalog_demand'
                   when 'prices' then 'market_offers' when 'suppliers' then 'supplier_records'
                   when 'traffic' then 'shop_traffic' end::regclass;
  keys := case p_kind when 'catalog' then '{product,supplier}' when 'signals' then '{product,week}'
                      when 'prices' then '{variant,competitor}' when 'traffic' then '{week}' else '{supplier}' end::text[];
  rest := case p_kind when 'catalog' then '{title,price,cost,shipping,shipping_days,rating,reviews,sold}'
                      when 'signals' then '{value}' when 'prices' then '{price}' when 'traffic' then '{visits,orders}'
                      else '{orders,late,failed,shipping_days,rating,reviews,messages,answered}' end::text[];
  if t is null then
    raise exception 'no upload is `%`', p_kind using errcode = 'RY400';
  end if;
end $$;

create or replace function catalog_faults (p_kind text, p_keys text[], out faults jsonb, out n_faults bigint)
language plpgsql as $$
declare
  parts constant text := case when p_kind = 'suppliers' then
    'union all select r.line, u.c, format (''expected at most the %s, %s, found %s'', u.w, u.whole, u.part)
     from pg_temp.retail_rows r, lateral (values (''late'', ''orders'', r.late, r.orders),
       (''failed'', ''orders'', r.failed, r.orders), (''answered'', ''messages'', r.answered, coalesce (r.messages, 0)))
       u (c, w, part, whole) where u.part > u.whole'
    when p_kind = 'traffic' then
    'union all select r.line, ''orders'', format (''expected at most the visits, %s, found %s'', r.visits, r.orders)
     from pg_temp.retail_rows r where r.orders > r.visits' else '' end;
begin
  execute format (
    'with e (line, c, message) as (
       select line, %1$L, format (''%2$s stands on line %%s already'', earlier)
       from (select line, lag (line) over (partition by %3$s order by line) as earlier from pg_temp.retail_rows r) d
       where earlier is not null %4$s),
     numbered as (select e.*, row_number () over (order by line, c) as n from e)
     select jsonb_agg (jsonb_build_object (''line'', line, ''column'', c, ''message'', message) order by n)
              filter (where n <= 20), count (*) from numbered',
    p_keys[1], 'the same ' || array_to_string (p_keys, ' and '), catalog_columns ('r', p_keys), parts)
  into faults, n_faults;
end $$;

-- { revenue: [{ week, amount }], traffic: [{ week, visits, orders }], launches: { days, ended, failed } }, the oldest week first: of the
-- last twelve weeks that are over what the shops sold, from the first week of any sale up to the last that is known of; of the last seven
-- days how many launches of products ended, and how many of them failed.
create function ceo_signals () returns jsonb
language sql stable as $$
  with today (day) as (select (now () at time zone 'UTC')::date - date '1970-01-01'),
  weeks as (
    select l.week, sum (l.units * l.price)::numeric as amount from shopify_lines l, today
    where l.workspace_id = royal_workspace () and l.week > today.day - 91 and l.week + 7 <= today.day group by 1),
  known (last) as (
    select greatest ((select max (week) from weeks), (
      select max ((p.done_at at time zone 'UTC')::date - date '1970-01-01') - 7 from shopify_pulls p
      where p.workspace_id = royal_workspace () and p.part = 'orders'))),
  series as (
    select g.week, coalesce (w.amount, 0) as amount
    from (select generate_series ((select min (week) from weeks), (select last from known), 7) as week) g left join weeks w on w.week = g.week
    order by g.week desc limit 12),
  ended as (
    select r.state from workflow_runs r
    where r.workspace_id = royal_workspace () and r.workflow = 'product_launch' and r.simulate is null and r.state in ('completed', 'failed')
      and r.finished_at > now () - interval '7 days')
  select jsonb_build_object (
    'revenue', coalesce ((select jsonb_agg (jsonb_build_object ('week', s.week, 'amount', round (s.amount, 2)) order by s.week) from series s), '[]'),
    'traffic', coalesce ((
      select jsonb_agg (jsonb_build_object ('week', t.week - date '1970-01-01', 'visits', t.visits, 'orders', t.orders) order by t.week)
      from (select * from shop_traffic t where t.workspace_id = royal_workspace () order by t.week desc limit 12) t), '[]'),
    'launches', (select jsonb_build_object ('days', 7, 'ended', count (*), 'failed', count (*) filter (where e.state = 'failed')) from ended e));
$$;

-- { items, next }: the goals with what is known of how far they are: of the last 52 weeks what was sold in the shops (revenue), and what
-- was left of it where the cost is known (margin), and how many of those who came ordered (conversion).
create function goal_progress () returns jsonb
language sql stable as $$
  with sold as (
    select s.units * s.price as amount, case when v.cost ~ '^[0-9]+([.][0-9]+)?$' then s.units * v.cost::numeric end as cost
    from shopify_lines s
    join shopify_variants v on v.workspace_id = s.workspace_id and v.shop = s.shop and v.variant = s.variant
    where s.workspace_id = royal_workspace () and s.week > current_date - date '1970-01-01' - 364),
  sums as (
    select sum (amount)::numeric as revenue, sum (amount) filter (where cost is not null)::numeric as known, sum (cost) as cost from sold),
  now (name, value) as (
    select 'revenue', round (revenue, 2) from sums
    union all select 'margin', round ((known - cost) / known, 4) from sums where known > 0
    union all select 'conversion', round (sum (orders) / sum (visits), 4) from shop_traffic
    where workspace_id = royal_workspace () and week > current_date - 364 having sum (visits) > 0)
  select jsonb_build_object ('next', null, 'items', coalesce (jsonb_agg (jsonb_build_object ('name', n.name, 'goal', g.value,
    'now', w.value, 'share', round (w.value / g.value, 4), 'set_by', g.set_by, 'set_at', iso_time (g.set_at)) order by n.place), '[]'))
  from unnest (array['margin', 'revenue', 'conversion']) with ordinality n (name, place)
  left join workspace_goals g on g.workspace_id = royal_workspace () and g.name = n.name
  left join now w on w.name = n.name;
$$;
