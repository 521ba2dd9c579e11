// SPDX-License-Identifier: Apache-2.0
import { useResource } from '../resource'
import { href, route } from '../router'
import { useValue } from '../signal'
import type { Json, Page, Status } from '../types'
import { Load } from '../ui/states'
import { Table } from '../ui/table'
import { One } from './agent'

export function Agents() {
  const { id } = useValue(route)
  const all = useResource<Page<Json>>('/agents', ['agent.', 'control.', 'config.'])
  const status = useResource<Status>('/status', ['control.', 'breaker.'])
  const held = (row: Json) => {
    const pause = status.data?.workspace.pauses?.find((one) => one['kind'] === 'agent' && one['name'] === row['id'])
    return pause ? <span class="tag medium">paused</span> : <span class="tag">{String((row['workers'] as Json | undefined)?.['state'] ?? '')}</span>
  }
  return (
    <>
      <h1>Agents</h1>
      <Load of={all} what="agents">
        {(page) => (
          <Table
            label="Agents"
            rows={page.items}
            columns={[
              ['Agent', (row) => <a href={href('agents', String(row['id']))}>{String(row['id'])}</a>],
              ['State', held],
              ['Version', 'version'],
              ['Cluster', 'cluster'],
              ['Tasks', 'tasks'],
              ['Workers', (row) => ((row['workers'] as Json | undefined)?.['workers'] as Json[] | undefined)?.length ?? 0],
            ]}
          />
        )}
      </Load>
      {id && <One id={id} key={id} status={status} />}
    </>
  )
}
