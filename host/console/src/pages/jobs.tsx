// SPDX-License-Identifier: Apache-2.0
import { post } from '../api'
import { show, when } from '../format'
import { usePages, useResource } from '../resource'
import { go, href, route } from '../router'
import { has } from '../session'
import { useValue } from '../signal'
import type { Json, Page } from '../types'
import { Act } from '../ui/act'
import { say, sayBad } from '../ui/live'
import { Load, More } from '../ui/states'
import { Table } from '../ui/table'
import { One } from './job'

const states = ['', 'queued', 'leased', 'completed', 'dead', 'quarantined', 'cancelled', 'discarded']
const name = (row: Json) => `${show(row['agent'])} ${show(row['task'])}`
const errorOf = (row: Json) => show((row['error'] as Json | null)?.['message'] ?? row['error'])

/** What ended without success, one by one or all that are shown. */
function Dead() {
  const agent = useValue(route).query.get('agent') ?? ''
  const dead = usePages<Json>(`/dead-letters?limit=100${agent ? `&agent=${encodeURIComponent(agent)}` : ''}`, ['job.'])
  const every = useResource<Page<Json>>('/agents')
  const act = (what: 'retry' | 'discard', body: object) => post<{ n: number }>(`/dead-letters/${what}`, body).then(dead.reload)
  const one = (what: 'retry' | 'discard', id: unknown) =>
    void act(what, { jobs: [id] }).then(
      () => say(what === 'retry' ? 'It is tried again.' : 'It is put aside.'),
      (error: Error) => sayBad(error.message),
    )
  const all = agent ? { agent } : { all: true }
  const whose = agent ? `of ${agent}` : 'of all agents'
  return (
    <>
      <h2>Dead letters</h2>
      <p class="filters">
        <label class="inline">
          Agent{' '}
          <select value={agent} onChange={(event) => go('jobs', undefined, { agent: event.currentTarget.value })}>
            <option value="">All</option>
            {every.data?.items.map((row) => (
              <option key={String(row['id'])}>{String(row['id'])}</option>
            ))}
          </select>
        </label>
        {has('operator') && (dead.data?.items.length ?? 0) > 1 && (
          <>
            <Act name="Retry all" title={`Retry all dead letters ${whose}?`} done="They are tried again." onDo={() => act('retry', all)} />
            <Act name="Discard all" danger title={`Discard all dead letters ${whose}?`} done="They are put aside." onDo={() => act('discard', all)}>
              <p>None of them is done then.</p>
            </Act>
          </>
        )}
      </p>
      <Load of={dead} what="dead letters">
        {(page) => (
          <Table
            label="Dead letters"
            rows={page.items}
            columns={[
              ['Job', (row) => <a href={href('jobs', String(row['id']))}>{name(row)}</a>],
              ['Error', errorOf],
              ['Attempts', 'attempt'],
              [
                'Actions',
                (row) =>
                  has('operator') && (
                    <span class="buttons">
                      <button type="button" onClick={() => one('retry', row['id'])}>
                        Retry
                      </button>
                      <button type="button" class="danger" onClick={() => one('discard', row['id'])}>
                        Discard
                      </button>
                    </span>
                  ),
              ],
            ]}
          />
        )}
      </Load>
      <More of={dead} what="dead letters" />
    </>
  )
}

export function Jobs() {
  const at = useValue(route)
  const state = at.query.get('state') ?? ''
  const jobs = usePages<Json>(`/jobs?limit=100${state ? `&state=${encodeURIComponent(state)}` : ''}`, ['job.'])
  return (
    <>
      <h1>Jobs</h1>
      {at.id && <One id={at.id} key={at.id} />}
      <label class="filters">
        State
        <select value={state} onChange={(event) => go('jobs', undefined, { state: event.currentTarget.value })}>
          {states.map((one) => (
            <option key={one} value={one}>
              {one || 'All'}
            </option>
          ))}
        </select>
      </label>
      <Load of={jobs} what="jobs">
        {(page) => (
          <Table
            label="Jobs"
            rows={page.items}
            columns={[
              ['Job', (row) => <a href={href('jobs', String(row['id']))}>{name(row)}</a>],
              ['State', 'state'],
              ['Attempt', 'attempt'],
              ['Created', (row) => when(row['created_at'] as string)],
              ['Error', errorOf],
            ]}
          />
        )}
      </Load>
      <More of={jobs} what="jobs" />
      <Dead />
    </>
  )
}
