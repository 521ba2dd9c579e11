// SPDX-License-Identifier: Apache-2.0
// Another policy: written, tried on a sample and over what was recorded, and then proposed. What is saved is a proposal as any other; it
// always asks an administrator.
import { useEffect, useState } from 'preact/hooks'
import { post, postText } from '../api'
import { differences, draft, kindNames, marksOf, pretty, type Policy } from '../draft'
import { show, when } from '../format'
import { useResource } from '../resource'
import { go, href } from '../router'
import { has } from '../session'
import { useValue } from '../signal'
import type { Json, Page, Proposal } from '../types'
import { Ask } from '../ui/ask'
import { Diff } from '../ui/diff'
import { faultOf, JsonText, objectOf, type Fault } from '../ui/json'
import { say } from '../ui/live'
import { Pairs } from '../ui/pairs'
import { Empty, Failure } from '../ui/states'
import { Table } from '../ui/table'

const anySample = { agent: 'pricing', action: 'shopify.price.update', target: 'sku-7', facts: { change_pct: -5 } }
const spans: [name: string, days: number][] = [['a day', 1], ['a week', 7], ['30 days', 30], ['all time', 0]]
const shownMost = 200
const dayMs = 86_400_000

/** What a proposal was decided by, as a sample. */
const sampleOf = (of: Proposal): Json => ({
  agent: of.agent,
  action: of.action,
  target: of.target,
  parameters: of.parameters ?? {},
  facts: Object.fromEntries(Object.entries(of.facts ?? {}).filter(([, what]) => ['number', 'string', 'boolean'].includes(typeof what))),
})

function Test({ text, onFault }: { text: string; onFault: (fault?: Fault) => void }) {
  const all = useResource<Page<Proposal>>('/approvals?limit=50&state=all')
  const [sample, setSample] = useState<string>()
  const [wrong, setWrong] = useState<Fault>()
  const [verdict, setVerdict] = useState<Json>()
  const items = all.data?.items ?? []
  const now = sample ?? pretty(items[0] ? sampleOf(items[0]) : anySample)
  useEffect(() => setVerdict(undefined), [text, now])
  const test = async () => {
    setWrong(undefined)
    let said: Json
    try {
      said = objectOf(now)
    } catch (error) {
      setWrong(faultOf(now, error))
      return
    }
    try {
      setVerdict(await post<Json>('/policy/test', { sample: said, policy: objectOf(text) }))
      onFault(undefined)
    } catch (error) {
      if ((error as { pointer?: string }).pointer?.startsWith('/sample')) setWrong(faultOf(now, error, '/sample'))
      else onFault(faultOf(text, error, '/policy'))
    }
  }
  const explained = verdict?.['explanation'] as Json | undefined
  return (
    <section class="panel" aria-label="Test">
      <h2>What if</h2>
      <label>
        A proposal that was recorded{' '}
        <select class="wide" value="" onChange={(event) => setSample(pretty(sampleOf(items[Number(event.currentTarget.value)]!)))}>
          <option value="">—</option>
          {items.map((one, i) => (
            <option key={one.id} value={i}>
              {one.action}: {one.target}, {when(one.created_at)}
            </option>
          ))}
        </select>
      </label>
      <JsonText label="Sample" rows={12} text={now} fault={wrong} onText={setSample} />
      <p class="buttons">
        <button type="button" onClick={() => void test()}>
          Test
        </button>
      </p>
      {verdict && (
        <div role="status">
          <p>
            <span class="tag">{show(verdict['decision'])}</span> <span class={`tag ${show(verdict['risk'])}`}>{show(verdict['risk'])} risk</span> {show(verdict['reason'])}
          </p>
          {typeof explained?.['flip'] === 'string' && explained['flip'] !== '' && <p>Otherwise: {explained['flip']}</p>}
          <details>
            <summary>All of it</summary>
            <Pairs of={verdict} />
          </details>
        </div>
      )}
    </section>
  )
}

interface Replayed {
  lines: Json[]
  summary: { proposals: number; differ: number; changes: { from: string; to: string; n: number }[] }
}

/** The lines of a backtest; throws when the last one, the summary, is missing: then it is not all. */
function replayedOf(text: string): Replayed {
  const lines = text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Json)
  const summary = lines.pop()?.['summary'] as Replayed['summary'] | undefined
  if (!summary) throw new Error("the host's answer ended before its summary")
  return { lines, summary }
}

function Backtest({ text, onFault }: { text: string; onFault: (fault?: Fault) => void }) {
  const [days, setDays] = useState(30)
  const [pending, setPending] = useState(false)
  const [error, setError] = useState<Error>()
  const [found, setFound] = useState<Replayed>()
  useEffect(() => setFound(undefined), [text])
  const replay = async () => {
    setPending(true)
    setError(undefined)
    try {
      const since = days ? { since: new Date(Date.now() - days * dayMs).toISOString() } : {}
      setFound(replayedOf(await postText('/policy/backtest', { policy: objectOf(text), ...since })))
      onFault(undefined)
    } catch (caught) {
      if (caught instanceof Error && !(caught as { pointer?: string }).pointer && !('at' in caught)) setError(caught)
      else onFault(faultOf(text, caught, '/policy'))
    }
    setPending(false)
  }
  return (
    <section class="panel" aria-label="Backtest">
      <h2>Over what was recorded</h2>
      <p class="filters">
        <label class="inline">
          Of the last{' '}
          <select value={days} onChange={(event) => setDays(Number(event.currentTarget.value))}>
            {spans.map(([name, n]) => (
              <option key={n} value={n}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button type="button" disabled={pending} onClick={() => void replay()}>
          {pending ? 'Working…' : 'Backtest'}
        </button>
      </p>
      {error && <Failure error={error} />}
      {found && (
        <div role="status">
          <p>
            {found.summary.proposals} proposals, {found.summary.differ} decided otherwise
            {found.summary.changes.map((one) => `; ${one.from} → ${one.to}: ${one.n}`)}.
          </p>
          {found.lines.length > 0 && (
            <Table
              label="Decided otherwise"
              rows={found.lines.slice(0, shownMost)}
              columns={[
                ['Proposal', (row) => <a href={href('approvals', String(row['proposal']))}>{`${show(row['action'])}: ${show(row['target'])}`}</a>],
                ['Agent', 'agent'],
                ['At', (row) => when(row['at'] as string)],
                ['Was', (row) => <span title={show(row['was'])}>{show(row['from'])}</span>],
                ['Would be', (row) => <strong>{show(row['to'])}</strong>],
                ['Why', 'reason'],
              ]}
            />
          )}
          {found.lines.length > shownMost && <p class="muted">The first {shownMost} are shown.</p>}
        </div>
      )}
    </section>
  )
}

function Changes({ was, text }: { was: Json; text: string }) {
  let is: Json
  try {
    is = objectOf(text)
  } catch {
    return null
  }
  const all = differences(was, is)
  return (
    <section class="panel" aria-label="Differences">
      <h2>What differs from the policy in force</h2>
      {all.length === 0 && <Empty>Nothing.</Empty>}
      {all.map((one) => (
        <details key={`${one.kind} ${one.name}`} open={all.length < 4}>
          <summary>
            {kindNames[one.kind]} {one.name}: {one.was ? (one.is ? 'changed' : 'taken away') : 'new'}
          </summary>
          {one.is ? <Diff before={one.was ?? {}} after={one.is} /> : <Pairs of={one.was} />}
        </details>
      ))}
    </section>
  )
}

/** Another took force since its author began: what he does not have, he would take back. */
const Outdated = ({ onSeen }: { onSeen: () => void }) => (
  <section class="panel" role="alert" aria-label="The policy was changed">
    <p>
      Somebody else has changed the policy since you began. What differs from how it is now stands below: what was changed there and is not in
      your text would be taken back. Nothing of your text is lost.
    </p>
    <p class="buttons">
      <button type="button" onClick={onSeen}>
        I have seen how it is now
      </button>
    </p>
  </section>
)

function Propose({ document, of, onClose }: { document: Json; of: string; onClose: () => void }) {
  const send = async (reasoning: string) => {
    const made = await post<{ proposal: string }>('/control/changes', {
      action: 'policy.change',
      target: 'policy',
      parameters: { document },
      seen: { version: of },
      title: 'Change the policy',
      ...(reasoning ? { reasoning } : {}),
    })
    draft.set(undefined)
    say('Proposed; an administrator decides.')
    go('approvals', made.proposal)
  }
  return (
    <Ask title="Propose this policy?" action="Propose it" reason="Why" required onDo={send} onClose={onClose}>
      <p>It is a proposal as any other: it takes force when an administrator approves it, and can be undone.</p>
    </Ask>
  )
}

export function Edit({ inForce }: { inForce: Policy }) {
  const original = pretty(inForce.document)
  const kept = useValue(draft)
  const text = kept?.text ?? original
  const of = kept?.of ?? inForce.version
  const outdated = of !== inForce.version
  const [fault, setFault] = useState<Fault>()
  const [proposed, setProposed] = useState<Json>()
  const write = (next: string) => {
    setFault(undefined)
    draft.set(next === original ? undefined : { text: next, of })
  }
  let marks: [string, string][] = []
  try {
    marks = marksOf(objectOf(text))
  } catch {
    // While it cannot be read there is nothing to go to.
  }
  // The host reads all of it: whatever sample it is asked of.
  const propose = async () => {
    try {
      const document = objectOf(text)
      await post('/policy/test', { sample: anySample, policy: document })
      setFault(undefined)
      setProposed(document)
    } catch (error) {
      setFault(faultOf(text, error, '/policy'))
    }
  }
  return (
    <>
      <p class="buttons">
        <a href={href('policy')}>Back to the policy</a>
      </p>
      <section class="panel" aria-label="Editor">
        <JsonText label="Policy" rows={24} text={text} fault={fault} marks={marks} onText={write} />
        <p class="buttons">
          {has('operator') && (
            <button type="button" class="primary" disabled={text === original || outdated} onClick={() => void propose()}>
              Propose it
            </button>
          )}
          <button type="button" disabled={text === original} onClick={() => write(original)}>
            As it is in force
          </button>
        </p>
      </section>
      {outdated && <Outdated onSeen={() => draft.set({ text, of: inForce.version })} />}
      <Changes was={inForce.document} text={text} />
      <Test text={text} onFault={setFault} />
      {has('operator', 'developer') && <Backtest text={text} onFault={setFault} />}
      {proposed && <Propose document={proposed} of={of} onClose={() => setProposed(undefined)} />}
    </>
  )
}
