// SPDX-License-Identifier: Apache-2.0
// Freeze windows are part of the policy: to add or end one is a proposal, as any change of the policy is.
import { post } from '../api'
import type { Policy } from '../draft'
import { show } from '../format'
import { useResource } from '../resource'
import { go } from '../router'
import { has } from '../session'
import type { Json } from '../types'
import { Act } from './act'
import { Make } from './make'
import { Load } from './states'
import { Table } from './table'

const instant = { type: 'string', minLength: 10, maxLength: 25 }
const schema = {
  required: ['name', 'from', 'to', 'decision'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 80, description: 'Lower-case, such as black-friday.' },
    action: { type: 'string', maxLength: 200, default: '*', description: 'Which actions: * stands for any text.' },
    from: { ...instant, description: 'Such as 2026-11-27T00:00.' },
    to: { ...instant, description: 'Not included.' },
    time_zone: { type: 'string', maxLength: 64, default: Intl.DateTimeFormat().resolvedOptions().timeZone },
    decision: { enum: ['notify', 'approve', 'deny'], default: 'deny', description: 'What is decided at least.' },
  },
}

export function Freezes() {
  const policy = useResource<Policy>('/policy', ['policy.'])
  const change = async (now: Policy, freezes: Json[], title: string) => {
    const made = await post<{ proposal: string }>('/control/changes', { action: 'policy.change', target: 'policy', parameters: { document: { ...now.document, freezes } }, seen: { version: now.version }, title })
    go('approvals', made.proposal)
    return {}
  }
  return (
    <>
      <h2>Freeze windows</h2>
      <Load of={policy} what="freezes">
        {(now) => {
          const freezes = (now.document['freezes'] as Json[] | undefined) ?? []
          return (
            <>
              {has('operator') && (
                <p class="buttons">
                  <Make name="Propose a freeze" schema={schema} onMake={({ action, ...rest }) => change(now, [...freezes, { ...rest, match: { action: action ?? '*' } }], `Freeze: ${show(rest['name'])}`)} />
                </p>
              )}
              <Table
                label="Freeze windows"
                rows={freezes}
                columns={[
                  ['Name', 'name'],
                  ['Of', 'match'],
                  ['From', 'from'],
                  ['To', 'to'],
                  ['Zone', 'time_zone'],
                  ['At least', 'decision'],
                  [
                    'Actions',
                    (row) =>
                      has('operator') && (
                        <Act name="Propose its end" label={`Propose the end of ${show(row['name'])}`} title={`Propose the end of ${show(row['name'])}?`} done="Proposed; an administrator decides."
                          onDo={() => change(now, freezes.filter((one) => one !== row), `No freeze: ${show(row['name'])}`)} />
                      ),
                  ],
                ]}
              />
            </>
          )
        }}
      </Load>
    </>
  )
}
