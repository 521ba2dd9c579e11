// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks'
import { ApiError, upload } from '../api'
import { percent, show } from '../format'
import { useResource } from '../resource'
import { go, href, route } from '../router'
import { has } from '../session'
import { useValue } from '../signal'
import type { Json, Page, Proposal, SeasonWatch } from '../types'
import { Chart } from '../ui/chart'
import { Pairs } from '../ui/pairs'
import { Plan } from '../ui/plan'
import { Empty, Load } from '../ui/states'
import { Table } from '../ui/table'
import { Since, Stock, useWatch } from '../ui/watch'

interface Week {
  week: number
  forecast?: number | null
  sold?: number | null
  lower?: number | null
  upper?: number | null
}

function Upload({ season, onDone }: { season: string; onDone: () => void }) {
  const [part, setPart] = useState<number>()
  const [error, setError] = useState('')
  const [done, setDone] = useState<Json>()
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    setError('')
    setDone(undefined)
    setPart(0)
    try {
      setDone(await upload(`/data/upload-weekly-sales?season=${encodeURIComponent(season)}`, new FormData(event.currentTarget as HTMLFormElement), setPart))
      onDone()
    } catch (caught) {
      setError(caught instanceof ApiError ? caught.message : String(caught))
    }
    setPart(undefined)
  }
  return (
    <form class="panel" onSubmit={submit}>
      <h2>Upload sales</h2>
      <label>
        CSV file <input type="file" name="file" accept=".csv,text/csv" required />
      </label>
      <button type="submit" class="primary" disabled={part !== undefined}>
        {part === undefined ? 'Upload' : `Uploading ${Math.round(part * 100)} %`}
      </button>
      {error && (
        <p class="bad" role="alert">
          {error}
        </p>
      )}
      {done && (
        <div role="status">
          <p>
            {show(done['rows'])} rows read, {show(done['added'])} added, {show(done['changed'])} changed.{' '}
            {typeof done['workflow'] === 'string' && <a href={href('workflows', done['workflow'])}>What follows from it</a>}
          </p>
          {Array.isArray(done['warnings']) && done['warnings'].map((one, i) => <p key={i}>{show(one)}</p>)}
        </div>
      )}
    </form>
  )
}

interface Off {
  week?: number
  sold?: number
  forecast?: number
  variance?: number | null
  threshold?: number
  above?: boolean
}

/** How far the sales are off the forecast, and from where on a new one is made. */
function Variance({ path, topics }: { path: string; topics: string[] }) {
  const off = useResource<Off>(`/retail/variance/${path}/week/104`, topics)
  if (!off.data || !off.data.week) return null
  const { week, sold, forecast, variance, threshold, above } = off.data
  return (
    <section class="panel" aria-label="Variance">
      <h2>Variance</h2>
      <p>
        Up to week {show(week)}: {show(sold)} sold, {show(forecast)} expected, <strong class={above ? 'bad' : ''}>{percent(variance)}</strong> off;{' '}
        {above ? 'more than' : 'within'} the {percent(threshold)} from which a new forecast is made.
      </p>
      <meter aria-label={`Variance: ${percent(variance)} of at most ${percent(threshold)}`} min={0} max={(threshold ?? 0.2) * 2} high={threshold} value={variance ?? 0} />
    </section>
  )
}

/** The markdown that holds, what was sold since, and the markdowns that were proposed. */
function Markdown({ season, since }: { season: Json; since?: SeasonWatch['markdown'] }) {
  const all = useResource<Page<Proposal>>('/approvals?limit=100&state=all', ['approval.', 'proposal.', 'effect.'])
  const ours = all.data?.items.filter((one) => one.action === 'markdown.apply' && [season['id'], season['code']].includes(one.target)) ?? []
  return (
    <section class="panel" aria-label="Markdown">
      <h2>Markdown</h2>
      <p>
        {Number(season['current_markdown_pct']) > 0 ? `${percent(Number(season['current_markdown_pct']))} off the list price` : 'None'}
        {season['price'] ? `: ${show(season['price'])} ${show(season['currency'])}` : ''}. Sold of what was forecast: {percent(season['sell_through'])}.
      </p>
      {since && (
        <>
          <h3>Since then</h3>
          <Since of={since} />
        </>
      )}
      <ul>
        {ours.map((one) => (
          <li key={one.id}>
            <a href={href('approvals', one.id)}>
              {one.kind === 'undo' ? 'To take it back' : percent(one.parameters?.['markdown_pct'])}
            </a>{' '}
            <span class="tag">{one.state}</span> {one.reason}
          </li>
        ))}
      </ul>
    </section>
  )
}

function One({ id }: { id: string }) {
  const path = `/retail/seasons/${encodeURIComponent(id)}`
  const topics = ['retail.', 'data.', 'effect.']
  const season = useResource<Json>(path, topics)
  const weeks = useResource<Page<Week>>(`${path}/weeks`, topics)
  const watch = useWatch(id)
  const stores = useResource<{ stores?: Json[] }>(`${path}/inventory`, topics)
  return (
    <>
      <Variance path={encodeURIComponent(id)} topics={topics} />
      <Load of={weeks} what="weeks">
        {(page) => {
          const of = (name: keyof Week) => page.items.map((week) => week[name] ?? null)
          return (
            <section class="panel" aria-label="Forecast and sales by week">
              <Chart
                label={`Forecast and sales of ${page.items.length} weeks; the figures are in the table below.`}
                x={page.items.map((week) => week.week)}
                series={[
                  { name: 'Lower', values: of('lower'), colour: '--muted' },
                  { name: 'Upper', values: of('upper'), colour: '--muted' },
                  { name: 'Forecast', values: of('forecast'), colour: '--accent' },
                  { name: 'Sold', values: of('sold'), colour: '--good' },
                ]}
              />
              <Table label="Weeks" rows={page.items as unknown as Json[]} columns={[['Week', 'week'], ['Forecast', 'forecast'], ['Lower', 'lower'], ['Upper', 'upper'], ['Sold', 'sold']]} />
            </section>
          )
        }}
      </Load>
      {has('operator') && <Upload season={id} onDone={season.reload} />}
      <Load of={season} what="the season">
        {(now) => (
          <>
            <Markdown season={now} since={watch.data?.markdown} />
            <section class="panel" aria-label="Stock">
              <h2>Stock</h2>
              <Stock watch={watch} />
            </section>
            <section class="panel" aria-label="Season">
              <Pairs of={now} />
            </section>
          </>
        )}
      </Load>
      {stores.data?.stores && <Table label="Stores" rows={stores.data.stores} columns={Object.keys(stores.data.stores[0] ?? {}).map((name) => [name, name])} />}
    </>
  )
}

export function Season() {
  const { id } = useValue(route)
  const all = useResource<Page<Json>>('/retail/seasons', ['retail.', 'data.'])
  const [planning, setPlanning] = useState(false)
  return (
    <>
      <h1>Season</h1>
      {has('operator') && (
        <p class="buttons">
          <button type="button" onClick={() => setPlanning(true)}>
            Plan a season
          </button>
        </p>
      )}
      {planning && <Plan onClose={() => setPlanning(false)} />}
      <Load of={all} what="seasons">
        {(page) => {
          const names = page.items.map((one) => String(one['id'] ?? one['code']))
          const at = id ?? names[0]
          if (!at) return <Empty>There is no season. Plan one, or load one with `royalctl season load`.</Empty>
          return (
            <>
              <label class="filters">
                Season
                <select value={at} onChange={(event) => go('season', event.currentTarget.value)}>
                  {page.items.map((one, i) => (
                    <option key={names[i]} value={names[i]}>
                      {String(one['name'] ?? names[i])}
                    </option>
                  ))}
                </select>
              </label>
              <One id={at} key={at} />
            </>
          )
        }}
      </Load>
    </>
  )
}
