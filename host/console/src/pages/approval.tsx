// SPDX-License-Identifier: Apache-2.0
// One proposal: what the host saw stands apart from what the agent says. An approval carries the digest of what is shown.
import { useEffect, useState } from 'preact/hooks'
import { post } from '../api'
import { show, when } from '../format'
import { useKeys } from '../keys'
import { usePages, useResource } from '../resource'
import { href, route } from '../router'
import { useValue } from '../signal'
import type { Json, Page, Proposal, ProposalItem, Revision } from '../types'
import { Ask } from '../ui/ask'
import { Countdown } from '../ui/countdown'
import { Diff } from '../ui/diff'
import { say } from '../ui/live'
import { Modify } from '../ui/modify'
import { Pairs } from '../ui/pairs'
import { Load, More } from '../ui/states'
import { Table } from '../ui/table'
import { SeasonOf } from '../ui/watch'

type Asking = 'approve' | 'reject' | 'modify' | 'undo'
const topics = ['approval.', 'proposal.', 'effect.']

function Change({ of }: { of: Proposal }) {
  const preview = of.preview
  const after = preview && 'after' in preview ? preview['after'] : of.parameters
  const before = preview && 'before' in preview ? preview['before'] : of.before
  return <Diff before={before} after={after} />
}

function Answers({ of, onAsk }: { of: Proposal; onAsk: (what: Asking) => void }) {
  if (of.state === 'executed' && of.kind !== 'undo')
    return (
      <p class="buttons">
        <button type="button" onClick={() => onAsk('undo')}>
          Undo <kbd>u</kbd>
        </button>
      </p>
    )
  if (of.state !== 'pending') return null
  return (
    <p class="buttons">
      <button type="button" class="primary" onClick={() => onAsk('approve')}>
        Approve <kbd>a</kbd>
      </button>
      <button type="button" class="danger" onClick={() => onAsk('reject')}>
        Reject <kbd>r</kbd>
      </button>
      <button type="button" onClick={() => onAsk('modify')}>
        Modify <kbd>m</kbd>
      </button>
    </p>
  )
}

function Question({ of, what, link, onClose }: { of: Proposal; what: Asking; link?: string; onClose: () => void }) {
  const by = link ? { link } : {}
  const path = `/approvals/${of.id}`
  const then = (text: string) => () => say(text)
  if (what === 'modify') return <Modify of={of} onClose={onClose} />
  if (what === 'approve')
    return (
      <Ask title="Approve?" action="Approve" reason="Note (not needed)" onClose={onClose}
        onDo={(note) => post(`${path}/approve`, { digest: of.digest, ...by, ...(note ? { note } : {}) }).then(then('Approved.'))}>
        <p>
          {of.action}: {of.target}
        </p>
      </Ask>
    )
  if (what === 'reject')
    return <Ask title="Reject?" action="Reject" danger reason="Reason" required onClose={onClose}
      onDo={(reason) => post(`${path}/reject`, { reason, ...by }).then(then('Rejected.'))} />
  return <Ask title="Undo?" action="Propose the inverse" reason="Reason" required onClose={onClose}
    onDo={(reason) => post(`${path}/undo`, { reason }).then(then('The inverse is proposed; it goes through the gate.'))} />
}

interface Link {
  text: string
  receiver?: string
  problem?: string
}

/** The link of a notification, when the address holds one: what it is for is asked, which uses nothing up. */
function useLink(id: string): Link | undefined {
  const text = useValue(route).query.get('link')
  const [link, setLink] = useState<Link>()
  useEffect(() => {
    setLink(undefined)
    if (!text) return
    let gone = false
    post<{ receiver: string }>(`/approvals/${encodeURIComponent(id)}/link`, { link: text }).then(
      (told) => !gone && setLink({ text, receiver: told.receiver }),
      (problem: Error) => !gone && setLink({ text, problem: problem.message }),
    )
    return () => {
      gone = true
    }
  }, [id, text])
  return link
}

function Linked({ by }: { by: Link | undefined }) {
  if (!by) return null
  if (by.problem)
    return <p role="alert">This link answers nothing: {by.problem}. What you may do without it is here as ever.</p>
  return <p role="note">By the link that was sent to {by.receiver}: it is for one answer.</p>
}

function Why({ id, of }: { id: string; of: Proposal }) {
  const why = useResource<Json>(`/policy/explain/${encodeURIComponent(id)}`)
  return (
    <>
      <h3>Which rule asked</h3>
      <p>
        {of.rules?.length ? of.rules.join(', ') : 'No rule matched.'} {of.reason}
      </p>
      {why.data && (
        <details>
          <summary>Explanation, and the smallest change that would have decided otherwise</summary>
          <Pairs of={why.data} />
        </details>
      )}
    </>
  )
}

function Items({ of }: { of: Proposal }) {
  const items = usePages<ProposalItem>(of.n_items ? `/approvals/${of.id}/items?limit=100` : null)
  if (!of.n_items) return null
  return (
    <>
      <h3>{of.n_items} items</h3>
      <Load of={items} what="items">
        {(page) => <Table label="Items" rows={page.items as unknown as Json[]} columns={[['No.', 'item'], ['Target', 'target'], ['Parameters', 'parameters'], ['Facts', 'facts']]} />}
      </Load>
      <More of={items} what="items" />
    </>
  )
}

const said: Record<string, string> = { approve: 'approved', reject: 'rejected', modify: 'asked for something else', keep: 'let it stay' }

function Given({ of }: { of: Proposal }) {
  if (!of.approvals?.length) return null
  return (
    <>
      <h3>Answers</h3>
      <ul>
        {of.approvals.map((one, i) => (
          <li key={i}>
            {show(one['actor'])} {said[String(one['answer'])] ?? show(one['answer'])}
            {one['on_behalf'] ? ` for ${show(one['on_behalf'])}` : ''}, {when(one['at'] as string)}
            {one['note'] ? `: “${show(one['note'])}”` : ''}
          </li>
        ))}
      </ul>
    </>
  )
}

/** What the same agent asks of the same target besides, and waits as well: a second answer may find the world moved by the first. */
function Beside({ of }: { of: Proposal }) {
  const waiting = useResource<Page<Proposal>>(of.state === 'pending' ? '/approvals?limit=100&state=pending' : null, topics)
  const others = waiting.data?.items.filter((one) => one.id !== of.id && one.agent === of.agent && one.action === of.action && one.target === of.target)
  if (!others?.length) return null
  return (
    <p role="note">
      Of the same agent, for the same target, {others.length === 1 ? 'this waits' : 'these wait'} too:{' '}
      {others.map((one, i) => (
        <span key={one.id}>
          {i > 0 && ', '}
          <a href={href('approvals', one.id)}>
            {show(one.words?.['title'] ?? one.action)}, {when(one.created_at)}
          </a>
        </span>
      ))}
      . The first that is executed may leave the others stale.
    </p>
  )
}

function Revisions({ of }: { of: Proposal }) {
  const chain = useResource<{ items: Revision[] }>((of.revision ?? 1) > 1 || of.superseded_by ? `/approvals/${of.id}/revisions` : null, topics)
  if (!chain.data) return null
  return (
    <>
      <h3>Revisions</h3>
      <ol>
        {chain.data.items.map((one) => (
          <li key={one.id}>
            <a href={href('approvals', one.id)}>Revision {one.revision}</a>, {one.state}
            {one.changes.length > 0 && `: ${one.changes.map((change) => `${change.name}: ${show(change.was)} → ${show(change.is)}`).join('; ')}`}
          </li>
        ))}
      </ol>
    </>
  )
}

export function Detail({ id }: { id: string }) {
  const proposal = useResource<Proposal>(`/approvals/${encodeURIComponent(id)}`, topics)
  const [asking, setAsking] = useState<Asking>()
  const now = proposal.data
  const link = useLink(id)
  const ask = (what: Asking, state: string) => () => now?.state === state && setAsking(what)
  useKeys({ a: ask('approve', 'pending'), r: ask('reject', 'pending'), m: ask('modify', 'pending'), u: ask('undo', 'executed') })
  return (
    <section class="panel" aria-label="Proposal">
      <Load of={proposal} what="the proposal">
        {(of) => {
          const { title, alternatives, ...words } = of.words ?? {}
          return (
            <>
              <h2>
                {of.action}: {of.target}
              </h2>
              <p>
                <span class={`tag ${of.risk}`}>{of.risk} risk</span>
                <span class="tag">{of.state}</span>
                {of.state === 'pending' && <Countdown until={of.expires_at} />} <span class="muted">{of.agent}</span>
              </p>
              <Linked by={link} />
              <Answers of={of} onAsk={setAsking} />
              <Beside of={of} />
              <h3>What changes</h3>
              <Change of={of} />
              <Items of={of} />
              {of.action === 'markdown.apply' && <SeasonOf season={of.target} markdown={of.undoes ?? of.id} />}
              <div class="two">
                <div>
                  <h3>Facts, as the host observed them</h3>
                  <Pairs of={of.facts} />
                </div>
                <div>
                  <h3>Claims of the agent</h3>
                  <Pairs of={of.claims} />
                  <h3>In the agent's words</h3>
                  {title !== undefined && <p>“{show(title)}”</p>}
                  <Pairs of={words} />
                </div>
              </div>
              {Array.isArray(alternatives) && alternatives.length > 0 && (
                <>
                  <h3>Alternatives, as the agent sees them</h3>
                  <ul>
                    {alternatives.map((one, i) => (
                      <li key={i}>{typeof one === 'object' ? <Pairs of={one as Json} /> : show(one)}</li>
                    ))}
                  </ul>
                </>
              )}
              <Why id={id} of={of} />
              <Given of={of} />
              <Revisions of={of} />
            </>
          )
        }}
      </Load>
      {asking && now && <Question of={now} what={asking} link={link?.problem ? undefined : link?.text} onClose={() => setAsking(undefined)} />}
    </section>
  )
}
