// SPDX-License-Identifier: Apache-2.0
// Shops and repositories: what both changed and not alike, side by side; what both have had alike; how the runs went.
import { post } from '../api'
import { when } from '../format'
import { usePages } from '../resource'
import { has } from '../session'
import type { Json } from '../types'
import { Act } from '../ui/act'
import { Value } from '../ui/pairs'
import { Empty, Load, More } from '../ui/states'
import { Table } from '../ui/table'

interface Conflict {
  id: string
  sync: string
  handle: string
  field: string
  digest: string
  base: string | null
  shop: string | null
  repository: string | null
  state: string
  take: 'shop' | 'repository' | null
  answered_by?: string | null
}

const answers = ['approver', 'operator']
const runs = ['operator', 'developer']
const sides = ['shop', 'repository'] as const

/** A field's value is JSON; one that is long was cut. */
function valueOf(text: string | null): unknown {
  if (text === null) return '—'
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

function Side({ of, side }: { of: Conflict; side: 'shop' | 'repository' }) {
  const taken = of.take === side
  return (
    <td class={taken ? 'is' : undefined}>
      <Value of={valueOf(of[side])} />
      {taken && <p class="muted">counts, says {of.answered_by}</p>}
      {has(...answers) && !taken && (
        <p class="buttons">
          <Act
            name={`Take the ${side}’s`}
            label={`Take the ${side}’s ${of.field} of ${of.handle}`}
            title={`Take the ${side}’s ${of.field || 'product'} of ${of.handle}?`}
            done={`What the ${side} has counts from the next run on.`}
            primary
            onDo={() => post(`/sync/conflicts/${of.id}/answer`, { digest: of.digest, take: side })}
          >
            <p>From the next run on, as long as both sides are as they are shown here.</p>
          </Act>
        </p>
      )}
    </td>
  )
}

function Conflicts({ of }: { of: Conflict[] }) {
  if (of.length === 0) return <Empty>Nothing is asked.</Empty>
  return (
    <div class="scroll panel" tabIndex={0} role="region" aria-label="Conflicts">
      <table class="diff">
        <thead>
          <tr>
            <th scope="col">Product and field</th>
            <th scope="col">Both had</th>
            <th scope="col">The shop has</th>
            <th scope="col">The repository has</th>
          </tr>
        </thead>
        <tbody>
          {of.map((one) => (
            <tr key={one.id}>
              <th scope="row">
                {one.handle}
                <br />
                {one.field || 'the product itself'} <span class="tag">{one.state}</span>
              </th>
              <td class="was">
                <Value of={valueOf(one.base)} />
              </td>
              {sides.map((side) => (
                <Side key={side} of={one} side={side} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Back({ revision }: { revision: number }) {
  if (!has(...runs)) return null
  return (
    <Act
      name="Roll back"
      label={`Roll back to revision ${revision}`}
      title={`Roll back to revision ${revision}?`}
      done="It is being proposed."
      onDo={() => post('/jobs', { agent: 'products_sync', task: 'rollback', input: { revision } })}
    >
      <p>Proposes a commit with all files as they were there, byte for byte, on a branch of its own.</p>
    </Act>
  )
}

const figure = (row: Json, name: string) => (row['figures'] as Json | undefined)?.[name] ?? '—'

export function Sync() {
  const conflicts = usePages<Conflict>('/sync/conflicts?state=open,answered&limit=200', ['sync.'])
  const revisions = usePages<Json>('/sync/revisions?limit=50', ['sync.'])
  const all = usePages<Json>('/sync/runs?limit=50', ['sync.'])
  return (
    <>
      <h1>Sync</h1>
      <h2>What both sides changed</h2>
      <Load of={conflicts} what="conflicts">
        {(page) => <Conflicts of={page.items} />}
      </Load>
      <More of={conflicts} what="conflicts" />
      <h2>What both sides have had alike</h2>
      <Load of={revisions} what="revisions">
        {(page) => (
          <Table
            label="Revisions"
            rows={page.items}
            columns={[
              ['Revision', 'revision'],
              ['Sync', 'sync'],
              ['Commit', (row) => <code>{String(row['commit']).slice(0, 12)}</code>],
              ['Products', 'products'],
              ['Not alike', 'held'],
              ['Recorded', (row) => when(row['at'] as string)],
              ['', (row) => <Back revision={Number(row['revision'])} />],
            ]}
          />
        )}
      </Load>
      <More of={revisions} what="revisions" />
      <h2>Runs</h2>
      <Load of={all} what="runs">
        {(page) => (
          <Table
            label="Runs"
            rows={page.items}
            columns={[
              ['Run', (row) => when(row['at'] as string)],
              ['Sync', 'sync'],
              ['Task', 'task'],
              ['Branch', (row) => String(row['branch'] ?? '—')],
              ['Files', (row) => String(figure(row, 'files'))],
              ['Updates', (row) => String(figure(row, 'updates'))],
              ['Conflicts', (row) => String(figure(row, 'conflicts'))],
              ['Could not be read', (row) => ((row['unread'] as string[] | undefined) ?? []).join('; ') || '—'],
            ]}
          />
        )}
      </Load>
      <More of={all} what="runs" />
    </>
  )
}
