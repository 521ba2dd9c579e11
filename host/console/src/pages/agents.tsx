// SPDX-License-Identifier: Apache-2.0
import { useResource } from '../resource'
import { href, route } from '../router'
import { useValue } from '../signal'
import type { Json, Page } from '../types'
import { Pairs } from '../ui/pairs'
import { Load } from '../ui/states'
import { Table } from '../ui/table'

export function Agents() {
  const { id } = useValue(route)
  const all = useResource<Page<Json>>('/agents', ['agent.', 'control.'])
  const one = useResource<Json>(id ? `/agents/${encodeURIComponent(id)}` : null, ['agent.'])
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
              ['Version', 'version'],
              ['Cluster', 'cluster'],
              ['Tasks', 'tasks'],
              ['Workers', 'workers'],
            ]}
          />
        )}
      </Load>
      {id && (
        <section class="panel" aria-label={id}>
          <h2>{id}</h2>
          <Load of={one} what={id}>
            {(agent) => <Pairs of={agent} />}
          </Load>
        </section>
      )}
    </>
  )
}
