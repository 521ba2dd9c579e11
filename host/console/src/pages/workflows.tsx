// SPDX-License-Identifier: Apache-2.0
import { when } from '../format'
import { useResource } from '../resource'
import { href, route } from '../router'
import { useValue } from '../signal'
import type { Json, Page } from '../types'
import { Load } from '../ui/states'
import { Table } from '../ui/table'

export function Workflows() {
  const { id } = useValue(route)
  const runs = useResource<Page<Json>>('/workflows?limit=100', ['workflow.'])
  const one = useResource<Json>(id ? `/workflows/${encodeURIComponent(id)}` : null, ['workflow.'])
  return (
    <>
      <h1>Workflows</h1>
      <Load of={runs} what="runs">
        {(page) => (
          <Table
            label="Runs"
            rows={page.items}
            columns={[
              ['Workflow', (row) => <a href={href('workflows', String(row['id']))}>{String(row['workflow'])}</a>],
              ['State', 'state'],
              ['Now', (row) => ((row['now'] as Json[] | undefined) ?? []).map((at) => `${at['step']} (${at['state']})`).join(', ')],
              ['Created', (row) => when(row['created_at'] as string)],
            ]}
          />
        )}
      </Load>
      {id && (
        <section aria-label="Steps">
          <h2>Steps</h2>
          <Load of={one} what="the run">
            {(run) => (
              <Table
                label="Steps"
                rows={(run['steps'] as Json[] | undefined) ?? []}
                columns={[
                  ['Step', 'path'],
                  ['Kind', 'kind'],
                  ['State', 'state'],
                  ['Result', 'result'],
                ]}
              />
            )}
          </Load>
        </section>
      )}
    </>
  )
}
