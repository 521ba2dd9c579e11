#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From the catalog to the shop, by the agents and workflows that are shipped and a fake of Shopify: the scout finds four products. One is
# within the goals and of a proven supplier: it goes live by the policy that is shipped, and nobody is asked. One leaves too little: it is
# rejected, and nothing of it is published. One is of a new supplier: a person decides, and it goes live. Of one the supplier fails: its
# launch stops, and people are told. What goes badly has the CEO ask of what it would have taken. Then, of one of which less is known, each step asks; the last is rejected, and it is taken back.
# shellcheck disable=SC2317 # functions are called by name
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
"$ROYAL_BUILDDIR/tests/fault/shopify-peer" 0 >"$host_dir/port" &
peer_pid=$!
leave () { kill "$peer_pid" 2>/dev/null; host_env_remove; }
until_ok test -s "$host_dir/port"
peer=http://127.0.0.1:$(cat "$host_dir/port")
mkdir -p "$host_dir/manifests/connectors"
jq -n --arg origin "$peer" '{ shops: { main: { shop: "acme.myshopify.com", token: "shop-token", origin: $origin, insecure: true,
  private: true, pull: ["products"] } } }' >"$host_dir/manifests/connectors/shopify.json"
[ "$(id -u)" != 0 ] || chmod -R a+rX "$host_dir/manifests"
host_start ROYAL_SECRET_SHOP_TOKEN=good-token; ok $? 'a host starts with the agents and the workflows'

shop () { curl -s --max-time 10 "$peer/fake/products" | jq -cS .; }
shop_has () { [ "$(shop | jq -r --arg handle "$1" '.[$handle]')" = "$2" ]; }
pulled () { ctl shopify list --json | jq -e '[.items[] | select(.shop == "main") | .pulls[] | select(.part == "products")] | map(.state) == ["done"]'; }
pull () { ctl shopify pull main >/dev/null && until_ok pulled; }
launch () { # launch PRODUCT: the id of its run
  local id
  for id in $(ctl workflow list --json | jq -r '.items[] | select(.workflow == "product_launch") | .id'); do
    if [ "$(ctl workflow show "$id" --json | jq -r .input.product)" = "$1" ]; then echo "$id"; return 0; fi
  done
  return 1
}
launch_of () { ctl workflow show "$(launch "$1")" --json | jq -c "$2"; }
ended () { [ "$(launch_of "$1" .state)" = "\"$2\"" ]; }
pending () { # pending ACTION TARGET: its id is in $proposal
  proposal=$(ctl approvals list --json | jq -er --arg action "$1" --arg target "$2" \
    '.items[] | select(.action == $action and .state == "pending" and (.target | startswith($target))) | .id')
}
approve () { ctl approvals approve "$proposal" --yes >/dev/null; }

# What is sold elsewhere, how it is asked for, how suppliers did, and what is aimed at.
{
  echo 'product,supplier,title,price,cost,shipping,shipping_days,rating,reviews,sold'
  echo 'lamp,Lumen,Desk lamp,49.90,15.00,4.00,7,4.6,900,900'
  echo 'chair,Lumen,Garden chair,100.00,60.00,5.00,7,4.7,900,800'
  echo 'mug,Ton,Mug with a cat,12.00,3.00,1.00,7,4.8,900,700'
  echo 'clock,Hell & Co,Wall clock,40.00,10.00,2.00,7,4.5,900,600'
  echo 'hat,Lumen,Straw hat,20.00,19.00,0.50,7,4.5,900,10'
} >"$host_dir/catalog.csv"
{
  echo 'product,week,value'
  for product in lamp chair mug clock; do
    for week in 2026-01-05 2026-01-12 2026-01-19 2026-01-26 2026-02-02 2026-02-09 2026-02-16 2026-02-23; do echo "$product,$week,10"; done
  done
} >"$host_dir/signals.csv"
{
  echo 'supplier,orders,late,failed,shipping_days,rating,reviews,messages,answered'
  echo 'Lumen,400,16,2,7,4.6,800,120,114'
  echo 'Ton,9,0,0,10,4.9,3,4,4'
  echo 'Hell & Co,150,60,20,25,3.1,90,50,20'
} >"$host_dir/suppliers.csv"
for kind in catalog signals suppliers; do runs 0 "$kind are uploaded" ctl catalog upload "$kind" "$host_dir/$kind.csv"; done
runs 0 'goals are set' ctl goals margin=0.4 revenue=100000

# The scout. What is above the goal is looked into; a person is asked of the chair, which is not.
manifest=$host_dir/manifests/product_scout.json
jq '.config.max_proposals = 10' "$ROYAL_SRCDIR/manifests/product_scout.json" >"$manifest"
runs 0 'the scout may propose ten' ctl reload
run=$(ctl workflow start product_pipeline --input '{}' --json | jq -er .id); ok $? 'the pipeline starts'
soon 'a person is asked of what is below the goal' pending product.opportunity.open chair
is 'and of nothing else' chair "$(ctl approvals list --json | jq -r '[.items[] | select(.state == "pending") | .target] | join(" ")')"
approve; ok $? 'and has it looked into'

# Low margin.
soon 'its launch ends' ended chair completed
is 'rejected, with its reason' '["reject","Its margin, 35.0 %, is below the goal, 40.0 %.",false]' \
  "$(launch_of chair '.result | [.decision, .reason, .published]')"

# The supplier fails.
soon 'the launch of a failing supplier stops' ended clock failed
is 'saying why' '"Hell & Co, the supplier of Wall clock, fails the vetting: Too many orders fail: 20 of 150 orders failed, 12.2 % with the prior."' \
  "$(launch_of clock .error.message)"
is 'and is told' "[\"$(launch clock)\"]" "$(http '/api/v1/events?topics=workflow&limit=200' | jq -c '[.items[] | select(.kind == "workflow.failed") | .subject]')"

# Within the goals: nobody is asked.
soon 'the lamp is a draft' shop_has desk-lamp DRAFT
is 'of what was to be published, it is all that is there' '{"desk-lamp":"DRAFT"}' "$(shop)"
pull; ok $? 'the shop is pulled'
soon 'the lamp goes live' shop_has desk-lamp ACTIVE
soon 'and its launch ends' ended lamp completed
is 'decided by the CEO' '["approve","49.49","desk-lamp",true]' "$(launch_of lamp '.result | [.decision, .price, .handle, .published]')"
is 'without anybody' 0 "$(ctl approvals list --state all --json | jq '[.items[] | select((.action | startswith("shopify.")) and .state == "pending")] | length')"

# High risk: a person decides.
asked () { ended mug waiting && launch_of mug . | grep -q 'Its supplier is not proven'; }
soon 'of the mug a person is asked' asked
is 'and nothing of it is in the shop' null "$(shop | jq -c '.["mug-with-a-cat"]')"
runs 0 'a person decides' ctl workflow decide "$(launch mug)" approval publish
soon 'it is a draft' shop_has mug-with-a-cat DRAFT
pull; ok $? 'the shop is pulled again'
soon 'the mug goes live' shop_has mug-with-a-cat ACTIVE
soon 'and its launch ends' ended mug completed
over () { [ "$(ctl workflow show "$run" --json | jq -r .state)" = completed ]; }
soon 'then the pipeline has ended' over
is 'with four that were looked into' '[4,4]' "$(ctl workflow show "$run" --json | jq -c '.result | [.opened, (.launches | length)]')"
is 'of which two are live' '{"desk-lamp":"ACTIVE","mug-with-a-cat":"ACTIVE"}' "$(shop)"

# The digest.
digest=$(ctl jobs run ceo digest --wait --json | jq -c .result)
is 'the digest tells of the three decisions' '[1,1,1]' "$(jq -c '[.approve, .ask, .reject]' <<<"$digest")"

# What decided was what the host knows, and not what the publisher claims.
facts_of () { # facts_of ACTION: of the first that was executed
  ctl approvals show "$(ctl approvals list --state executed --json | jq -er --arg action "$1" '[.items[] | select(.action == $action)] | last.id')" \
    --json | jq -c '.facts | [.margin_known, .price, .cost, .margin_goal, .margin_above_target]'
}
is 'of the draft the host knew what is left' '[true,49.49,19,0.4,true]' "$(facts_of shopify.product.create)"
is 'and of its publishing' '[true,49.49,19,0.4,true]' "$(facts_of shopify.product.publish)"

# A launch whose last step is rejected is taken back. How the sofa sells elsewhere is not known: each step asks.
{ head -n 1 "$host_dir/catalog.csv"; echo 'sofa,Lumen,Blue sofa,45.00,15.00,4.00,7,4.6,900,'; } >"$host_dir/sofa.csv"
sed -n "s/^lamp,/sofa,/p; 1p" "$host_dir/signals.csv" >"$host_dir/weeks.csv"
runs 0 'another product is uploaded' ctl catalog upload catalog "$host_dir/sofa.csv"
runs 0 'and how it is asked for' ctl catalog upload signals "$host_dir/weeks.csv"
run=$(ctl workflow start product_pipeline --input '{}' --json | jq -er .id); ok $? 'the pipeline starts again'
soon 'a person is asked whether it is looked into' pending product.opportunity.open sofa
approve
unknown () { ended sofa waiting && launch_of sofa . | grep -q 'Its demand is not known'; }
soon 'and whether it is to be sold' unknown
runs 0 'and decides' ctl workflow decide "$(launch sofa)" approval publish
soon 'a person is asked whether there is to be a draft' pending shopify.product.create main/blue-sofa
approve
soon 'there is' shop_has blue-sofa DRAFT
pull
soon 'a person is asked whether it is to be live' pending shopify.product.publish main/
runs 0 'and rejects it' ctl approvals reject "$proposal" --reason 'not now'
soon 'to take it out of the shop is asked' pending shopify.product.archive main/
approve
soon 'it is out' shop_has blue-sofa ARCHIVED
soon 'and the launch has failed' ended sofa failed

# The CEO reacts: too few who come order, so people are told, and what it would have taken is asked.
watched () { # watched STATE: the last run of ceo_watch ended so
  ctl workflow list --json | jq -e --arg state "$1" '[.items[] | select(.workflow == "ceo_watch")] | first | .state == $state'
}
weigh () {
  ctl jobs run ceo weigh --wait --json --input '{"product":"lamp","title":"Desk lamp","price":"49.49","cost":"19.00","supplier":"Lumen","verdict":"pass","supplier_score":0.9}' \
    | jq -c '.result | [.decision, .reason]'
}
runs 0 'the CEO looks how it goes' ctl workflow start ceo_watch --input '{}'
soon 'nothing is wrong' watched completed
is 'and it takes a product' '"approve"' "$(weigh | jq -c '.[0]')"
runs 0 'a goal for the conversion is set' ctl goals conversion=0.05
printf 'week,visits,orders\n2026-11-09,1000,10\n2026-11-16,1000,10\n' >"$host_dir/traffic.csv"
runs 0 'traffic is uploaded' ctl catalog upload traffic "$host_dir/traffic.csv"
runs 0 'the CEO looks again' ctl workflow start ceo_watch --input '{}'
soon 'an alert stands, and people are told' watched failed
is 'saying why' '"Of a hundred visits 1.0 order, where 5.0 is the goal."' \
  "$(ctl workflow list --json | jq -c '[.items[] | select(.workflow == "ceo_watch")] | first | .error.message')"
is 'and the product is asked for' '["ask","An alert stands: Of a hundred visits 1.0 order, where 5.0 is the goal."]' "$(weigh)"
runs 0 'the audit holds' ctl audit verify
finish
