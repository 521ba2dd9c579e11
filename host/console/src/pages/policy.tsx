// SPDX-License-Identifier: Apache-2.0
import { useResource } from '../resource'
import type { Json, Page } from '../types'
import { Load } from '../ui/states'
import { Table } from '../ui/table'

export function Policy() {
  const policy = useResource<{ version: string; sentences: Json[] }>('/policy', ['policy.'])
  const limits = useResource<Page<Json>>('/policy/limits', ['effect.', 'proposal.', 'policy.'])
  return (
    <>
      <h1>Policy</h1>
      <h2>Limits</h2>
      <Load of={limits} what="limits">
        {(page) => (
          <Table
            label="Limits"
            rows={page.items}
            columns={[
              ['Limit', 'name'],
              ['Of', 'key'],
              ['Used', (row) => <meter aria-label={`${row['name']}: used`} min={0} max={Number(row['max'])} value={Number(row['used']) + Number(row['reserved'])} />],
              ['Left', 'left'],
            ]}
          />
        )}
      </Load>
      <h2>Rules</h2>
      <Load of={policy} what="the policy">
        {(now) => <Table label="Rules" rows={now.sentences} columns={[['Rule', (row) => String(row['name'] ?? row['rule'] ?? '')], ['Says', (row) => String(row['sentence'] ?? row['text'] ?? '')]]} />}
      </Load>
    </>
  )
}
