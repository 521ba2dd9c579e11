// SPDX-License-Identifier: Apache-2.0
import { Notices } from '../notices'
import { useResource } from '../resource'
import { has } from '../session'
import type { Json, Page } from '../types'
import { Load } from '../ui/states'
import { Table } from '../ui/table'

export function Settings() {
  const tokens = useResource<Page<Json>>(has() ? '/tokens' : null)
  const secrets = useResource<Page<Json>>(has('operator') ? '/secrets' : null)
  const triggers = useResource<Page<Json>>('/triggers')
  return (
    <>
      <h1>Settings</h1>
      <Notices />
      <h2>Schedules and triggers</h2>
      <Load of={triggers} what="triggers">
        {(page) => <Table label="Triggers" rows={page.items} columns={[['Name', 'name'], ['Kind', 'kind'], ['Next', 'next_at'], ['Fired', 'fired'], ['Error', 'error']]} />}
      </Load>
      {has() && (
        <>
          <h2>Tokens</h2>
          <Load of={tokens} what="tokens">
            {(page) => <Table label="Tokens" rows={page.items} columns={[['Name', 'name'], ['Role', 'role'], ['Expires', 'expires_at'], ['Revoked', 'revoked_at']]} />}
          </Load>
        </>
      )}
      {has('operator') && (
        <>
          <h2>Secrets</h2>
          <Load of={secrets} what="secrets">
            {(page) => <Table label="Secrets" rows={page.items} columns={[['Name', 'name'], ['Source', 'source'], ['Updated', 'updated_at']]} />}
          </Load>
        </>
      )}
    </>
  )
}
