// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks'
import { get, text } from '../api'
import { when } from '../format'
import { useResource } from '../resource'
import { save as keep } from '../save'
import type { Json, Page } from '../types'
import { say, sayBad } from '../ui/live'
import { Load } from '../ui/states'
import { Table } from '../ui/table'

export function Audit() {
  const [after, setAfter] = useState('')
  const [sought, setSought] = useState('')
  const entries = useResource<Page<Json>>(`/audit?limit=200${after ? `&after=${after}` : ''}`)
  const [verdict, setVerdict] = useState<Json>()
  const verify = () => void get<Json>('/audit/verify').then(setVerdict, (error: Error) => sayBad(error.message))
  const save = () =>
    void text('/audit/export').then(
      (lines) => {
        keep('audit.jsonl', lines, 'application/jsonl')
        say('The audit is exported.')
      },
      (error: Error) => sayBad(error.message),
    )
  const fits = (row: Json) => JSON.stringify(row).toLowerCase().includes(sought.toLowerCase())
  return (
    <>
      <h1>Audit</h1>
      <p class="filters">
        <label class="inline">
          Search this page <input value={sought} onInput={(event) => setSought(event.currentTarget.value)} />
        </label>
        <button type="button" onClick={verify}>
          Verify
        </button>
        <button type="button" onClick={save}>
          Export
        </button>
      </p>
      {verdict && (
        <p role="status" class={verdict['valid'] ? '' : 'bad'}>
          {verdict['valid'] ? `The chain holds: ${verdict['records']} records.` : `The chain does not hold at ${verdict['broken_at']}: ${verdict['reason']}`}
        </p>
      )}
      <Load of={entries} what="the audit">
        {(page) => (
          <>
            <Table
              label="Audit"
              rows={page.items.filter(fits)}
              columns={[
                ['No.', 'seq'],
                ['At', (row) => when(row['at'] as string)],
                ['Kind', 'kind'],
                ['Subject', 'subject'],
                ['Actor', 'actor'],
              ]}
            />
            {page.next && (
              <button type="button" onClick={() => setAfter(String(page.next))}>
                Next page
              </button>
            )}
          </>
        )}
      </Load>
    </>
  )
}
