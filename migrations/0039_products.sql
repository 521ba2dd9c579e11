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
