// SPDX-License-Identifier: Apache-2.0
// From the catalog to the shop: where each product stands and why, what is looked into, who supplies it, and how far the goals are.
import { post, put } from '../api'
import { percent, show, when, words } from '../format'
import { useResource } from '../resource'
import { href } from '../router'
import { has } from '../session'
import type { Json, Page } from '../types'
import { Act } from '../ui/act'
import { Bars, rounded } from '../ui/bars'
import { Make } from '../ui/make'
import { Empty, Load } from '../ui/states'

interface Card {
  product: string
  title: string
  supplier: string | null
  column: string
  reason: string | null
  at: string
  run: string | null
  state: string
  step: string | null
  question: { step: string; options: string[] } | null
  proposal: string | null
  action: string | null
  score: number | null
  margin: number | null
  price: string | null
  status: string | null
  can_cancel: boolean
  can_retry: boolean
  can_launch: boolean
}

interface Score {
  score: number
  parts: Record<string, number | null>
  why: string | null
  job: string
  at: string | null
}

interface Opportunity extends Json {
  id: string
  product: string
  supplier: string
  title: string
  price: string
  cost: string
  margin: number
  state: string
  opened_at: string
  proposal: string | null
  scout: Score | null
}

interface Supplier extends Json {
  supplier: string
  listings: number
  opportunities: number
  card: (Score & { verdict: string; risks: string[] }) | null
}

interface Goal {
  name: string
  goal: number | null
  now: number | null
  share: number | null
}

const runs = ['operator', 'developer']
const answers = ['approver', 'operator', 'developer']
const topics = ['workflow.', 'approval.', 'effect.', 'job.completed', 'jobs.completed', 'job.failed', 'jobs.failed', 'catalog.', 'shopify.']

/** What a column is, and what it says when nothing stands in it. */
const titles: Record<string, [title: string, none: string]> = {
  found: ['Found', 'Nothing is looked into that was not launched.'],
  vetting: ['Vetting', 'No supplier is being vetted.'],
  pricing: ['Pricing', 'Nothing is being priced.'],
  deciding: ['Deciding', 'Nothing is being decided.'],
  waiting: ['Waits for a person', 'Nobody is asked.'],
  publishing: ['Publishing', 'Nothing is on its way into the shop.'],
  live: ['Live', 'Nothing is live yet.'],
  stopped: ['Stopped', 'Nothing has stopped.'],
}

const verdicts: Record<string, [tag: string, text: string]> = { pass: ['low', 'passes'], ask: ['medium', 'not proven'], fail: ['high', 'fails'] }

/* --- The board --------------------------------------------------------------------------------------------------- */

function Answers({ of, run, ask }: { of: Card; run: string; ask: NonNullable<Card['question']> }) {
  if (!has(...answers)) return null
  return (
    <>
      {ask.options.map((option) => (
        <Act key={option} name={words(option)} label={`${words(option)} ${of.title}`} title={`${words(option)} ${of.title}?`} done={`Decided: ${option}.`}
          primary={option === 'publish'} reason="Note (not needed)"
          onDo={(note) => post(`/workflows/${run}/decide`, { step: ask.step, choice: option, ...(note ? { note } : {}) })}>
          <p>{of.reason}</p>
        </Act>
      ))}
    </>
  )
}

function Buttons({ of }: { of: Card }) {
  const { run, title, product } = of
  return (
    <p class="buttons">
      {run && of.question && <Answers of={of} run={run} ask={of.question} />}
      {of.column === 'waiting' && of.proposal && !of.question && (
        <a class="button" href={href('approvals', of.proposal)}>
          Answer<span class="hidden"> {title}</span>
        </a>
      )}
      {has(...runs) && run && of.can_cancel && (
        <Act name="Stop" label={`Stop ${title}`} title={`Stop the launch of ${title}?`} done="It is stopped." danger onDo={() => post(`/workflows/${run}/cancel`, { compensate: true })}>
          <p>What its steps did is taken back, the last first, by proposals of their own.</p>
        </Act>
      )}
      {has(...runs) && run && of.can_retry && (
        <Act name="Go on" label={`Go on with ${title}`} title={`Go on with ${title}?`} done="It goes on." onDo={() => post(`/workflows/${run}/retry`)}>
          <p>From the step that failed; what was completed stays so.</p>
        </Act>
      )}
      {has(...runs) && of.can_launch && !of.can_retry && (
        <Act name={run ? 'Launch again' : 'Launch'} label={`${run ? 'Launch again' : 'Launch'}: ${title}`} title={`Launch ${title}?`} done="It is launched."
          onDo={() => post('/workflows/product_launch', { input: { product } })}>
          <p>Its supplier is vetted, a price is found, and it is decided on.</p>
        </Act>
      )}
    </p>
  )
}

function One({ of }: { of: Card }) {
  return (
    <li class="panel card">
      <h3>{of.title}</h3>
      <p>
        {of.score !== null && <span class="tag">score {rounded(of.score)}</span>}
        {of.margin !== null && <span class="tag">margin {percent(of.margin)}</span>}
        {of.status && <span class="tag">{of.status.toLowerCase()} in the shop</span>}
        <span class="muted">
          {[of.supplier, of.price && `at ${of.price}`].filter(Boolean).join(', ')}
        </span>
      </p>
      {of.reason && <p class={of.column === 'stopped' ? 'bad' : undefined}>{of.reason}</p>}
      <p class="muted">
        {when(of.at)}
        {of.run && (
          <>
            {' · '}
            <a href={href('workflows', of.run)}>
              its run<span class="hidden"> of {of.title}</span>
            </a>
          </>
        )}
        {of.proposal && (
          <>
            {' · '}
            <a href={href('approvals', of.proposal)}>
              its proposal<span class="hidden"> of {of.title}</span>
            </a>
          </>
        )}
      </p>
      <Buttons of={of} />
    </li>
  )
}

const shown = 20

function Column({ name, cards }: { name: string; cards: Card[] }) {
  const [title, none] = titles[name] ?? [name, '—']
  return (
    <section aria-label={title} class={cards.length === 0 ? 'none' : undefined}>
      <h2>
        {title} <span class="muted">{cards.length}</span>
      </h2>
      {cards.length === 0 ? (
        <p class="muted">{none}</p>
      ) : (
        <ul class="plain">
          {cards.slice(0, shown).map((card) => (
            <One key={card.product} of={card} />
          ))}
        </ul>
      )}
      {cards.length > shown && <p class="muted">{show(cards.length - shown)} older ones are not shown.</p>}
    </section>
  )
}

/** Launches that stopped by themselves: their supplier fails, or a step did. */
function Alerts({ of }: { of: Card[] }) {
  if (of.length === 0) return null
  return (
    <section aria-label="Alerts" class="panel">
      <h2>Alerts</h2>
      <ul>
        {of.slice(0, shown).map((card) => (
          <li key={card.product} class="bad">
            The launch of {card.title} failed: {card.reason}
          </li>
        ))}
      </ul>
    </section>
  )
}

function Board() {
  const board = useResource<Page<Card> & { columns: string[] }>('/products', topics)
  return (
    <Load of={board} what="the board">
      {({ columns, items }) =>
        items.length === 0 ? (
          <Empty>No product was found yet. Upload a catalog, set a goal, and scout.</Empty>
        ) : (
          <>
            <Alerts of={items.filter((card) => card.state === 'failed' && card.run !== null)} />
            <div class="scroll" tabIndex={0} role="region" aria-label="Board">
              <div class="board">
                {columns.map((name) => (
                  <Column key={name} name={name} cards={items.filter((card) => card.column === name)} />
                ))}
              </div>
            </div>
          </>
        )
      }
    </Load>
  )
}

/* --- Below it ---------------------------------------------------------------------------------------------------- */

const verdict = (name: string) => <span class={`tag ${verdicts[name]?.[0] ?? ''}`}>{verdicts[name]?.[1] ?? name}</span>

function Opportunities() {
  const all = useResource<Page<Opportunity>>('/catalog/opportunities', ['catalog.', 'effect.', 'job.completed', 'jobs.completed'])
  return (
    <Load of={all} what="opportunities">
      {({ items }) =>
        items.length === 0 ? (
          <Empty>Nothing is looked into.</Empty>
        ) : (
          <ul class="plain two">
            {items.slice(0, 50).map((one) => (
              <li key={one.id} class="panel">
                <h3>
                  {one.title} <span class="tag">{one.state}</span>{' '}
                  {one.scout && <span class="tag">score {rounded(one.scout.score)}</span>}
                </h3>
                <p>
                  By {one.supplier}, at {one.price}, for {one.cost}: margin {percent(one.margin)}.
                </p>
                {one.scout ? (
                  <>
                    <Bars label={`Score of ${one.title}`} parts={one.scout.parts} />
                    <p>{one.scout.why}</p>
                  </>
                ) : (
                  <p class="muted">The scout has not told of it of late.</p>
                )}
                <p class="muted">
                  {when(one.opened_at)}
                  {one.proposal && (
                    <>
                      {' · '}
                      <a href={href('approvals', one.proposal)}>
                        its proposal<span class="hidden"> of {one.title}</span>
                      </a>
                    </>
                  )}
                  {one.scout && (
                    <>
                      {' · '}
                      <a href={href('jobs', one.scout.job)}>
                        the scout’s report<span class="hidden"> on {one.title}</span>
                      </a>
                    </>
                  )}
                </p>
              </li>
            ))}
          </ul>
        )
      }
    </Load>
  )
}

const of = (part: unknown, whole: unknown): string => (part === null || part === undefined ? '—' : `${show(part)} of ${show(whole)}`)

function Suppliers() {
  const all = useResource<Page<Supplier>>('/catalog/suppliers', ['data.', 'effect.', 'catalog.', 'job.completed', 'jobs.completed'])
  return (
    <Load of={all} what="suppliers">
      {({ items }) =>
        items.length === 0 ? (
          <Empty>No supplier is known.</Empty>
        ) : (
          <ul class="plain two">
            {items.slice(0, 50).map((one) => (
              <li key={one.supplier} class="panel">
                <h3>
                  {one.supplier} {one.card ? verdict(one.card.verdict) : <span class="tag">not vetted</span>}{' '}
                  {one.card && <span class="tag">score {rounded(one.card.score)}</span>}
                </h3>
                <p class="muted">
                  {show(one['orders'] ?? 0)} orders; late {of(one['late'], one['orders'])}, failed {of(one['failed'], one['orders'])}, answered{' '}
                  {of(one['answered'], one['messages'])}. {show(one.listings)} listings, {show(one.opportunities)} of them looked into.
                </p>
                {one.card && (
                  <>
                    <Bars label={`Score of ${one.supplier}`} parts={one.card.parts} />
                    {one.card.risks.map((risk) => (
                      <p key={risk} class="bad">
                        {risk}
                      </p>
                    ))}
                    <p>{one.card.why}</p>
                    <p class="muted">
                      <a href={href('jobs', one.card.job)}>
                        vetted<span class="hidden">: {one.supplier}</span>
                      </a>{' '}
                      {when(one.card.at)}
                    </p>
                  </>
                )}
              </li>
            ))}
          </ul>
        )
      }
    </Load>
  )
}

const figure = (name: string, value: number | null) => (value === null ? '—' : name === 'revenue' ? show(value) : percent(value))

// A revenue is an amount, the others are parts of one, which people write as percent.
const toForm = (name: string, value: unknown): unknown => (typeof value !== 'number' || name === 'revenue' ? value : Math.round(value * 1e6) / 1e4)
const toGoal = (name: string, value: number): number => (name === 'revenue' ? value : value / 100)

function SetGoal({ of: { name }, onDone }: { of: Goal; onDone: () => void }) {
  if (!has('operator')) return null
  const field = name === 'revenue' ? 'amount' : 'percent'
  const shown = (now: Json) => ({ [field]: toForm(name, (now['goals'] as Json)[name]) })
  return (
    <Make name="Set it" label={`Set the goal for the ${name}`}
      schema={{ required: [field], properties: { [field]: { type: 'number', minimum: 0, description: name === 'revenue' ? 'Of 52 weeks.' : 'Between 0 and 100.' } } }}
      changes={{ path: '/goals', shown, fill: shown }}
      onMake={(said, match) => put<Json>('/goals', { [name]: toGoal(name, Number(said[field])) }, match).then((now) => (onDone(), now))}
    />
  )
}

function Goals() {
  const all = useResource<Page<Goal>>('/goals/progress', ['goals.', 'shopify.', 'data.'])
  return (
    <Load of={all} what="goals">
      {({ items }) => (
        <ul class="plain cards">
          {items.map((one) => (
            <li key={one.name} class="panel gauge">
              <p>
                <strong>{words(one.name)}</strong> <span class="muted">goal {figure(one.name, one.goal)}</span>
              </p>
              {one.goal !== null && (
                <meter aria-label={`${one.name}: ${figure(one.name, one.now)} of ${figure(one.name, one.goal)}`} min={0} max={1} value={Math.max(0, Math.min(one.share ?? 0, 1))} />
              )}
              <p>
                {one.now === null ? <span class="muted">How far it is is not known.</span> : <>now {figure(one.name, one.now)}</>}
                {one.share !== null && <span class="muted"> ({percent(one.share)} of the goal)</span>}
                {one.goal === null && <span class="muted"> Nobody has set one.</span>}
              </p>
              <p class="buttons">
                <SetGoal of={one} onDone={all.reload} />
              </p>
            </li>
          ))}
        </ul>
      )}
    </Load>
  )
}

export function Products() {
  return (
    <>
      <h1>Products</h1>
      {has(...runs) && (
        <p class="buttons">
          <Act name="Scout" primary title="Scout the catalog?" done="The scout looks." onDo={() => post('/workflows/product_pipeline', { input: {} })}>
            <p>The scout proposes to look into the best products; each that is looked into is launched.</p>
          </Act>
          <Act name="Review the suppliers" title="Review the suppliers?" done="They are being reviewed." onDo={() => post('/jobs', { agent: 'supplier_vetting', task: 'review', input: {} })}>
            <p>Each is scored anew by its records.</p>
          </Act>
        </p>
      )}
      <Board />
      <h2>Goals</h2>
      <Goals />
      <h2>What is looked into</h2>
      <Opportunities />
      <h2>Suppliers</h2>
      <Suppliers />
    </>
  )
}
