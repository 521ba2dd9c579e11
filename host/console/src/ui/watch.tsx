// SPDX-License-Identifier: Apache-2.0
// What the agents saw of a season that is on: its stores' stock by the guard, its sales since the markdown.
import type { ComponentChildren } from 'preact'
import { post } from '../api'
import { percent, show, when } from '../format'
import { type Resource, useResource } from '../resource'
import { href } from '../router'
import { has } from '../session'
import type { Json, SeasonWatch } from '../types'
import { Act } from './act'
import { Load } from './states'
import { Table } from './table'

/** Alerts of the guard as badges: how grave, and what one place, and some, have. */
const alerts: Record<string, [grave: string, one: string, some: string]> = {
  oversell: ['high', 'offers too much', 'offer more than there is'],
  stockout: ['high', 'may run out', 'may run out'],
  drift: ['medium', 'counts differ', 'have counts that differ'],
  low: ['medium', 'low', 'are low'],
  overstock: ['low', 'too much', 'have too much'],
}

/** What agents saw of the season with that id or code; null: nothing is asked. */
export const useWatch = (season: string | null): Resource<SeasonWatch> =>
  useResource<SeasonWatch>(season && `/retail/seasons/${encodeURIComponent(season)}/watch`, ['retail.', 'data.', 'effect.', 'job.completed', 'jobs.completed'])

function Badges({ of }: { of: unknown }) {
  if (!Array.isArray(of)) return null
  return (
    <>
      {of.map((one, i) => (
        <span key={i} class={`tag ${alerts[String(one)]?.[0] ?? ''}`}>
          {alerts[String(one)]?.[1] ?? show(one)}
        </span>
      ))}
    </>
  )
}

function Guard({ of }: { of: NonNullable<SeasonWatch['guard']> }) {
  return (
    <>
      <p>
        {Object.entries(alerts).map(([name, [grave, , some]]) =>
          Number((of as unknown as Json)[name]) > 0 ? (
            <span key={name} class={`tag ${grave}`}>
              {show((of as unknown as Json)[name])} {some}
            </span>
          ) : null,
        )}
        {of.findings?.length === 0 && <span class="tag low">nothing to tell</span>} of {show(of.checked)} places, after week {show(of.week)};{' '}
        <a href={href('jobs', of.job)}>looked at</a> {when(of.at)}.
      </p>
      {(of.findings?.length ?? 0) > 0 && (
        <Table
          label="Places to look at"
          rows={of.findings as Json[]}
          columns={[
            ['Place', 'place'],
            ['What', (row) => <Badges of={row['alerts']} />],
            ['In stock', 'ledger'],
            ['Next week', 'forecast_next'],
            ['Rest of the season', 'forecast_left'],
            ['In the shop', 'shop'],
            ['Counted', 'supplier'],
          ]}
        />
      )}
      {Number(of.left_off) > 0 && <p class="muted">{show(of.left_off)} places more are not listed.</p>}
    </>
  )
}

/** The guard's badges by store, and a button to have it look again. */
export function Stock({ watch }: { watch: Resource<SeasonWatch> }) {
  return (
    <Load of={watch} what="the stock">
      {(now) => (
        <>
          {now.guard ? <Guard of={now.guard} /> : <p class="muted">The guard has not looked at this season's stock.</p>}
          {has('operator') && (
            <p class="buttons">
              <Act
                name="Look at the stock"
                title="Look at the stock?"
                done="The guard looks."
                onDo={() => post('/jobs', { agent: 'inventory', task: 'guard', input: { season: now.season } })}
              >
                <p>The inventory agent compares what each store has with what it is expected to sell. It proposes nothing.</p>
              </Act>
            </p>
          )}
        </>
      )}
    </Load>
  )
}

const verdicts: Record<string, [grave: string, words: string]> = {
  too_early: ['', 'too early to say'],
  as_expected: ['low', 'as expected'],
  below: ['high', 'less than expected'],
  above: ['medium', 'more than expected'],
}

/** The sales since the markdown that holds, by week, and what the agent said of them. */
export function Since({ of }: { of: NonNullable<SeasonWatch['markdown']> }) {
  const [grave, words] = verdicts[of.verdict] ?? ['', of.verdict]
  const rest: ComponentChildren = of.sold === null ? 'no week of it is sold yet.' : `${show(of.sold)} sold, ${show(of.expected)} expected: ${percent(of.variance)} off.`
  return (
    <>
      <p>
        <span class={`tag ${grave}`}>{words}</span> {percent(of.markdown_pct)} off since week {show(of.after_week)}: {rest}
      </p>
      {of.weeks.length > 0 && (
        <>
          <Table label="Weeks since" rows={of.weeks as unknown as Json[]} columns={[['Week', 'week'], ['Forecast', 'forecast'], ['Expected', 'expected'], ['Sold', 'sold']]} />
          <p class="muted">
            Expected is the forecast as it came true up to the markdown ({percent(of.pace)}){of.lift === null ? '' : `, raised by the ${percent(of.lift)} that the agent claims`}. More
            than {percent(of.threshold)} off is not as expected.
          </p>
        </>
      )}
      {of.watch && (
        <p>
          {of.watch.reforecast && <span class="tag high">asks for a new forecast</span>} “{show(of.watch.reason)}”, <a href={href('jobs', of.watch.job)}>the agent's watch</a> said{' '}
          {when(of.watch.at)}.
        </p>
      )}
    </>
  )
}

/** For a proposal to mark a season down, or to take that back: the season's stock, and the sales since where it was applied. */
export function SeasonOf({ season, markdown }: { season: string; markdown: string }) {
  const watch = useWatch(season)
  const since = watch.data?.markdown
  return (
    <>
      <h3>The season's stock</h3>
      <Stock watch={watch} />
      {since?.proposal === markdown && (
        <>
          <h3>Since the markdown</h3>
          <Since of={since} />
        </>
      )}
    </>
  )
}
