// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks'
import { ApiError, upload } from '../api'
import { useResource } from '../resource'
import { go, route } from '../router'
import { has } from '../session'
import { useValue } from '../signal'
import type { Json, Page } from '../types'
import { Chart } from '../ui/chart'
import { Pairs } from '../ui/pairs'
import { Empty, Load } from '../ui/states'
import { Table } from '../ui/table'

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
          <Pairs of={done} />
        </div>
      )}
    </form>
  )
}

function One({ id }: { id: string }) {
  const path = `/retail/seasons/${encodeURIComponent(id)}`
  const topics = ['retail.', 'data.', 'effect.']
  const season = useResource<Json>(path, topics)
  const weeks = useResource<Page<Week>>(`${path}/weeks`, topics)
  const stores = useResource<{ stores?: Json[] }>(`${path}/inventory`, topics)
  return (
    <>
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
          <section class="panel" aria-label="Season">
            <Pairs of={now} />
          </section>
        )}
      </Load>
      {stores.data?.stores && <Table label="Stores" rows={stores.data.stores} columns={Object.keys(stores.data.stores[0] ?? {}).map((name) => [name, name])} />}
    </>
  )
}

export function Season() {
  const { id } = useValue(route)
  const all = useResource<Page<Json>>('/retail/seasons', ['retail.', 'data.'])
  return (
    <>
      <h1>Season</h1>
      <Load of={all} what="seasons">
        {(page) => {
          const names = page.items.map((one) => String(one['id'] ?? one['code']))
          const at = id ?? names[0]
          if (!at) return <Empty>There is no season. Load one with `royalctl season load`.</Empty>
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
