// SPDX-License-Identifier: Apache-2.0
// What is allowed: the limits and how much of each is taken, the rules as sentences, what people's answers suggest, what was in force
// before. Whoever may propose another policy writes it at #/policy/edit.
import { del } from '../api'
import { draft, limitsOf, pretty, type Policy as InForce } from '../draft'
import { show, when } from '../format'
import { useResource } from '../resource'
import { go, href, route } from '../router'
import { has } from '../session'
import { useValue } from '../signal'
import type { Json, Page } from '../types'
import { Act } from '../ui/act'
import { Gauge, type Use } from '../ui/gauge'
import { Empty, Load } from '../ui/states'
import { Table } from '../ui/table'
import { Edit } from './policy-edit'

const topics = ['policy.', 'envelope.']

function Limits({ policy }: { policy: InForce }) {
  const uses = useResource<Page<Use>>('/policy/limits', ['effect.', 'proposal.', 'policy.'])
  const set = limitsOf(policy.document)
  return (
    <Load of={uses} what="limits">
      {(page) => {
        const idle = set.filter((limit) => !page.items.some((use) => use.name === limit.name))
        if (page.items.length + idle.length === 0) return <Empty>The policy sets no limit.</Empty>
        return (
          <ul class="cards plain" aria-label="Limits">
            {page.items.map((use) => (
              <Gauge key={`${use.name} ${use.key}`} of={use} limit={set.find((limit) => limit.name === use.name)} />
            ))}
            {idle.map((limit) => (
              <Gauge key={limit.name} limit={limit} />
            ))}
          </ul>
        )
      }}
    </Load>
  )
}

interface Suggested extends Json {
  suggestions?: { kind: string; text: string; rules: string[] }[]
  policy?: Json | null
  version?: string
}

function Suggestions() {
  const found = useResource<Suggested>('/policy/suggest', topics)
  const all = found.data?.suggestions ?? []
  const take = () => {
    draft.set({ text: pretty(found.data?.policy), of: found.data?.version ?? '' })
    go('policy', 'edit')
  }
  return (
    <Load of={found} what="suggestions">
      {(now) =>
        all.length === 0 ? (
          <p class="muted">What was answered so far suggests no other threshold ({show(now['proposals'])} proposals were looked at).</p>
        ) : (
          <>
            <ul>
              {all.map((one, i) => (
                <li key={i}>
                  <span class="tag">{one.kind}</span> {one.text}
                </li>
              ))}
            </ul>
            {now.policy && (
              <button type="button" onClick={take}>
                Write them into the policy
              </button>
            )}
          </>
        )
      }
    </Load>
  )
}

function Envelopes() {
  const all = useResource<Page<Json>>('/policy/envelopes', topics)
  return (
    <Load of={all} what="envelopes">
      {(page) => (
        <Table
          label="Envelopes"
          rows={page.items}
          columns={[
            ['Envelope', 'id'],
            ['State', 'state'],
            ['Until', (row) => when(row['until'] as string)],
            ['Used', 'used'],
            ['Granted by', 'granted_by'],
            ['Allows', 'document'],
            [
              '',
              (row) =>
                has('approver', 'operator') &&
                row['state'] === 'in force' && (
                  <Act name="Revoke" danger title={`Revoke ${show(row['id'])}?`} done="Revoked." onDo={() => del(`/policy/envelopes/${encodeURIComponent(String(row['id']))}`).then(all.reload)} />
                ),
            ],
          ]}
        />
      )}
    </Load>
  )
}

function History() {
  const all = useResource<Page<Json>>('/policy/history', topics)
  return (
    <Load of={all} what="the policies before">
      {(page) => (
        <Table
          label="History"
          rows={page.items}
          columns={[
            ['Version', (row) => String(row['version']).slice(0, 12)],
            ['Since', (row) => when((row['since'] ?? row['loaded_at']) as string)],
            ['By', 'by'],
            ['Entries', 'entries'],
            ['Proposal', (row) => (row['proposal'] ? <a href={href('approvals', String(row['proposal']))}>how it came</a> : '—')],
          ]}
        />
      )}
    </Load>
  )
}

export function Policy() {
  const { id } = useValue(route)
  const policy = useResource<InForce>('/policy', topics)
  if (id === 'edit')
    return (
      <>
        <h1>Another policy</h1>
        <Load of={policy} what="the policy">
          {(now) => <Edit inForce={now} key={now.version} />}
        </Load>
      </>
    )
  return (
    <>
      <h1>Policy</h1>
      <Load of={policy} what="the policy">
        {(now) => (
          <>
            <p class="buttons">
              <span class="muted">In force: {now.version.slice(0, 12)}</span>
              <a class="button" href={href('policy', 'edit')}>
                {has('operator') ? 'Write another' : 'Try another'}
              </a>
            </p>
            <h2>Limits</h2>
            <Limits policy={now} />
            <h2>Rules</h2>
            <Table
              label="Rules"
              rows={now.sentences}
              columns={[
                ['Rule', (row) => String(row['name'] ?? row['rule'] ?? '')],
                ['Says', (row) => String(row['sentence'] ?? row['text'] ?? '')],
              ]}
            />
          </>
        )}
      </Load>
      {has('operator', 'developer') && (
        <>
          <h2>Suggestions</h2>
          <Suggestions />
        </>
      )}
      <h2>Envelopes</h2>
      <Envelopes />
      <h2>History</h2>
      <History />
    </>
  )
}
