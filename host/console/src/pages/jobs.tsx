// SPDX-License-Identifier: Apache-2.0
import { post } from '../api'
import { when } from '../format'
import { useResource } from '../resource'
import { go, route } from '../router'
import { has } from '../session'
import { useValue } from '../signal'
import type { Json, Page } from '../types'
import { say, sayBad } from '../ui/live'
import { Load } from '../ui/states'
import { Table } from '../ui/table'

const states = ['', 'queued', 'leased', 'completed', 'dead', 'quarantined', 'cancelled', 'discarded']

export function Jobs() {
  const state = useValue(route).query.get('state') ?? ''
  const jobs = useResource<Page<Json>>(`/jobs?limit=100${state ? `&state=${encodeURIComponent(state)}` : ''}`, ['job.'])
  const dead = useResource<Page<Json>>('/dead-letters?limit=100', ['job.'])
  const act = (what: 'retry' | 'discard', id: unknown) =>
    post<{ n: number }>(`/dead-letters/${what}`, { jobs: [id] }).then(
      () => (say(what === 'retry' ? 'It is tried again.' : 'It is put aside.'), dead.reload()),
      (error: Error) => sayBad(error.message),
    )
  return (
    <>
      <h1>Jobs</h1>
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
              ['Agent', 'agent'],
              ['Task', 'task'],
              ['State', 'state'],
              ['Attempt', 'attempt'],
              ['Created', (row) => when(row['created_at'] as string)],
              ['Error', 'error'],
            ]}
          />
        )}
      </Load>
      <h2>Dead letters</h2>
      <Load of={dead} what="dead letters">
        {(page) => (
          <Table
            label="Dead letters"
            rows={page.items}
            columns={[
              ['Agent', 'agent'],
              ['Task', 'task'],
              ['Error', 'error'],
              [
                'Actions',
                (row) =>
                  has('operator') && (
                    <span class="buttons">
                      <button type="button" onClick={() => void act('retry', row['id'])}>
                        Retry
                      </button>
                      <button type="button" class="danger" onClick={() => void act('discard', row['id'])}>
                        Discard
                      </button>
                    </span>
                  ),
              ],
            ]}
          />
        )}
      </Load>
    </>
  )
}
