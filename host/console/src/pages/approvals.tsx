// SPDX-License-Identifier: Apache-2.0
// The queue of what waits for a person, by risk and deadline, and beside it the one that is looked at.
import { useRef, useState } from 'preact/hooks'
import { post } from '../api'
import { useKeys } from '../keys'
import { usePages } from '../resource'
import { go, href, route } from '../router'
import { useValue } from '../signal'
import type { Proposal, Risk } from '../types'
import { Ask } from '../ui/ask'
import { Countdown } from '../ui/countdown'
import { List } from '../ui/list'
import { say } from '../ui/live'
import { Empty, Load, More } from '../ui/states'
import { Detail } from './approval'

const rank: Record<Risk, number> = { high: 0, medium: 1, low: 2 }
const states = ['pending', 'executed', 'rejected', 'failed', 'unknown', 'undone', 'expired', 'denied', 'superseded', 'stale']
const topics = ['approval.', 'proposal.', 'effect.']
/** The host gives out at most so many at once. */
const most = 100

const byUrgency = (a: Proposal, b: Proposal) =>
  rank[a.risk] - rank[b.risk] || (a.expires_at ?? '~').localeCompare(b.expires_at ?? '~') || a.id.localeCompare(b.id)

function Bulk({ alike, onClose }: { alike: Proposal[]; onClose: () => void }) {
  const left = useRef(alike)
  const approve = async () => {
    const still: Proposal[] = []
    const why: string[] = []
    for (const one of left.current)
      await post(`/approvals/${one.id}/approve`, { digest: one.digest }).catch((error: Error) => {
        still.push(one)
        why.push(`${one.target}: ${error.message}`)
      })
    // Who tries again tries what is left.
    left.current = still
    if (still.length) throw new Error(`${alike.length - still.length} approved, ${still.length} not. ${why.join(' ')}`)
    say(`${alike.length} approved.`)
  }
  return (
    <Ask title={`Approve ${alike.length} of low risk?`} action="Approve all" onDo={approve} onClose={onClose}>
      <ul>
        {alike.map((one) => (
          <li key={one.id}>
            {one.action}: {one.target}
          </li>
        ))}
      </ul>
    </Ask>
  )
}

export function Approvals() {
  const at = useValue(route)
  const state = at.query.get('state') ?? 'pending'
  const risk = at.query.get('risk') ?? ''
  const filters = { state: state === 'pending' ? undefined : state, risk }
  const queue = usePages<Proposal>(`/approvals?limit=${most}&state=${encodeURIComponent(state)}`, topics)
  const [bulk, setBulk] = useState<Proposal[]>()
  const items = (queue.data?.items ?? []).filter((one) => risk === '' || one.risk === risk)
  if (state === 'pending') items.sort(byUrgency)
  const index = items.findIndex((one) => one.id === at.id)
  const current = items[index]
  const move = (by: number) => {
    const next = items[Math.max(0, Math.min(items.length - 1, index + by))]
    if (next) go('approvals', next.id, filters)
  }
  useKeys({ j: () => move(1), k: () => move(-1) })
  const first = current ?? items[0]
  const alike = first ? items.filter((one) => one.state === 'pending' && one.risk === 'low' && one.action === first.action) : []
  return (
    <>
      <h1>Approvals</h1>
      <p class="filters">
        <label class="inline">
          State{' '}
          <select value={state} onChange={(event) => go('approvals', undefined, { ...filters, state: event.currentTarget.value })}>
            {states.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <label class="inline">
          Risk{' '}
          <select value={risk} onChange={(event) => go('approvals', at.id, { ...filters, risk: event.currentTarget.value })}>
            <option value="">All</option>
            <option>high</option>
            <option>medium</option>
            <option>low</option>
          </select>
        </label>
        {alike.length > 1 && (
          <button type="button" onClick={() => setBulk(alike)}>
            Approve {alike.length} alike
          </button>
        )}
      </p>
      <div class="split">
        <Load of={queue} what="the queue">
          {() => (
            <div>
              {items.length === 0 ? (
                <Empty>Nothing {state === 'pending' ? 'waits for you' : `is ${state}`}.</Empty>
              ) : (
                <List label="Queue" items={items} row={56} selected={index}>
                  {(one) => (
                    <a href={href('approvals', one.id, filters)} aria-current={one.id === at.id ? 'true' : undefined}>
                      <span class={`tag ${one.risk}`}>{one.risk}</span>
                      {one.action}
                      <br />
                      <span class="muted">
                        {one.target} · {one.state === 'pending' ? <Countdown until={one.expires_at} /> : one.state}
                      </span>
                    </a>
                  )}
                </List>
              )}
              <More of={queue} what="proposals" />
            </div>
          )}
        </Load>
        {at.id ? <Detail id={at.id} key={at.id} /> : <Empty>Choose a proposal; j and k go through them.</Empty>}
      </div>
      {bulk && <Bulk alike={bulk} onClose={() => setBulk(undefined)} />}
    </>
  )
}
