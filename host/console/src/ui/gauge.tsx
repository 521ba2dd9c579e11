// SPDX-License-Identifier: Apache-2.0
// A limit, and how much of it is taken: what was done, and what is reserved for what waits or is under way.
import { show, when } from '../format'
import type { Limit } from '../draft'
import type { Json } from '../types'

const near = 0.8
const hour = 3600

function windowOf(s: number): string {
  return s >= 48 * hour ? `${show(Math.round(s / 24 / hour))} days` : s >= 2 * hour ? `${show(Math.round(s / hour))} hours` : `${show(s)} s`
}

export interface Use extends Json {
  name: string
  key: string
  max: number
  used: number
  reserved: number
  left: number
  window_s: number
  decision: string
  since?: string | null
  frees_at?: string | null
}

export function Gauge({ of, limit }: { of?: Use; limit?: Limit }) {
  const max = of?.max ?? limit?.max ?? 0
  const taken = (of?.used ?? 0) + (of?.reserved ?? 0)
  const name = of?.name ?? limit?.name ?? ''
  const key = of ? of.key.replace(':', ' ') : `per ${show(limit?.per)}`
  const text = `${show(taken)} of ${show(max)}`
  return (
    <li class="panel gauge">
      <p>
        <strong>{name}</strong> <span class="muted">{key}</span> {taken >= max && <span class="tag high">used up</span>}
      </p>
      <meter aria-label={`${name}, ${key}: ${text} taken`} min={0} max={max || 1} high={(max || 1) * near} optimum={0} value={Math.min(taken, max)} />
      <p>
        {text} {of && of.reserved > 0 && `(${show(of.reserved)} of it reserved) `}
        <span class="muted">
          {limit?.sum && limit.sum !== 'count' ? limit.sum.replace(/^\w+\./, '').replace(/_/g, ' ') : limit ? 'times' : ''}{' '}
          {of ? (of.since ? `since ${when(of.since)}` : `in ${windowOf(of.window_s)}`) : 'nothing is taken'}
          {of?.frees_at && `; the first frees ${when(of.frees_at)}`}. Beyond it: {of?.decision ?? limit?.then}.
        </span>
      </p>
    </li>
  )
}
