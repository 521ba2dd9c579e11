// SPDX-License-Identifier: Apache-2.0
// A workflow or a task without effects: everything is read, assessed and decided, nothing is proposed, and what would follow is shown.
import { useState } from 'preact/hooks'
import { post } from '../api'
import { show, when } from '../format'
import { useResource } from '../resource'
import { go, route } from '../router'
import { has } from '../session'
import { useValue } from '../signal'
import type { Json, Page, Risk } from '../types'
import { Diff } from '../ui/diff'
import { documentOf, Form, textsOf, type Schema, type Texts } from '../ui/form'
import { faultOf, JsonText, objectOf, type Fault } from '../ui/json'
import { Pairs } from '../ui/pairs'
import { Empty, Load } from '../ui/states'
import { Steps, type Step } from '../ui/steps'

interface Agent {
  id: string
  tasks: string[]
  manifest?: { tasks?: Record<string, { description?: string; input?: Schema }> }
}

interface Definition {
  name: string
  description?: string
  input?: Schema
}

interface Effect extends Json {
  action: string
  target: string
  agent: string
  risk: Risk
  decision: string
  reason: string
  before?: unknown
  preview?: Json
  parameters?: Json
  facts?: Json
  claims?: Json
}

interface Simulation {
  id: string
  workflow: string
  state: string
  created_at: string
  error?: Json | null
  steps?: Step[]
  definition?: { steps?: (Json & { id: string })[] } | null
  effects?: Effect[]
}

const then: Record<string, string> = { auto: 'would be done', notify: 'would be done, and people told', approve: 'would wait for a person', deny: 'would be denied' }

/** @param what "workflow NAME", or "task AGENT NAME" */
function useSchema(what: string, workflows: Definition[]): { description?: string; schema?: Schema } {
  const [kind, first, second] = what.split(' ')
  const agent = useResource<Agent>(kind === 'task' && first ? `/agents/${encodeURIComponent(first)}` : null)
  if (kind === 'workflow') {
    const found = workflows.find((one) => one.name === first)
    return { description: found?.description, schema: found?.input ?? {} }
  }
  const task = agent.data?.manifest?.tasks?.[second ?? '']
  return agent.data ? { description: task?.description, schema: task?.input ?? {} } : {}
}

function Ask({ workflows, agents }: { workflows: Definition[]; agents: Agent[] }) {
  const wanted = useValue(route).query.get('agent')
  const choices = [
    ...workflows.map((one): [string, string] => [`workflow ${one.name}`, `Workflow ${one.name}`]),
    ...agents.flatMap((one) => one.tasks.map((task): [string, string] => [`task ${one.id} ${task}`, `${one.id}: ${task}`])),
  ]
  const [what, setWhat] = useState(choices.find(([value]) => wanted && value.startsWith(`task ${wanted} `))?.[0] ?? choices[0]?.[0] ?? '')
  const [texts, setTexts] = useState<Texts>()
  const [assume, setAssume] = useState('{}')
  const [fault, setFault] = useState<Fault>()
  const [error, setError] = useState('')
  const [pending, setPending] = useState(false)
  const { description, schema } = useSchema(what, workflows)
  const now = texts ?? (schema && textsOf(schema, {}))
  const simulate = async (event: Event) => {
    event.preventDefault()
    setError('')
    setFault(undefined)
    let assumed: Json
    try {
      assumed = objectOf(assume)
    } catch (caught) {
      setFault(faultOf(assume, caught))
      return
    }
    setPending(true)
    const [kind, first, second] = what.split(' ')
    try {
      const subject = kind === 'workflow' ? { workflow: first } : { agent: first, task: second }
      const given = { ...subject, input: documentOf(schema ?? {}, now ?? {}), ...(Object.keys(assumed).length ? { assume: assumed } : {}) }
      go('simulate', (await post<Simulation>('/simulations', given)).id)
    } catch (caught) {
      if ((caught as { pointer?: string }).pointer?.startsWith('/assume')) setFault(faultOf(assume, caught, '/assume'))
      else setError((caught as Error).message)
    }
    setPending(false)
  }
  if (choices.length === 0) return <Empty>There is nothing that could be simulated.</Empty>
  return (
    <form class="panel" onSubmit={simulate}>
      <label>
        What
        <select
          class="wide"
          value={what}
          onChange={(event) => {
            setWhat(event.currentTarget.value)
            setTexts(undefined)
          }}
        >
          {choices.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {description && <p class="muted">{description}</p>}
      {schema && now && <Form schema={schema} texts={now} onTexts={setTexts} />}
      <details>
        <summary>What to assume instead of looking</summary>
        <JsonText label="Assume: reads, steps, choices, events" rows={6} text={assume} fault={fault} onText={setAssume} />
      </details>
      {error && (
        <p class="bad" role="alert">
          {error}
        </p>
      )}
      <p class="buttons">
        <button type="submit" class="primary" disabled={pending || !schema}>
          {pending ? 'Working…' : 'Simulate'}
        </button>
      </p>
    </form>
  )
}

function Would({ of }: { of: Effect }) {
  const { preview } = of
  const changes = preview?.['changes'] as { label?: string; before?: unknown; after?: unknown }[] | undefined
  return (
    <li class="panel">
      <h3>
        {of.action}: {of.target}
      </h3>
      <p>
        <span class={`tag ${of.risk}`}>{of.risk} risk</span>
        <span class="tag">{of.decision}</span> It {then[of.decision] ?? of.decision}: {of.reason}
      </p>
      {typeof preview?.['summary'] === 'string' && <p>{preview['summary']}</p>}
      {changes ? (
        <Diff before={Object.fromEntries(changes.map((one) => [String(one.label), one.before]))} after={Object.fromEntries(changes.map((one) => [String(one.label), one.after]))} />
      ) : (
        <Diff before={of.before} after={of.parameters} />
      )}
      <details>
        <summary>Facts and claims</summary>
        <div class="two">
          <Pairs of={of.facts} />
          <Pairs of={of.claims} />
        </div>
      </details>
    </li>
  )
}

function Plan({ id }: { id: string }) {
  const found = useResource<Simulation>(`/simulations/${encodeURIComponent(id)}`, ['workflow.', 'simulation.', 'job.', 'agent.'])
  return (
    <section class="panel" aria-label="Plan">
      <Load of={found} what="the simulation">
        {(now) => (
          <>
            <h2>What would follow</h2>
            <p>
              <span class="tag">{now.state}</span> <span class="muted">{when(now.created_at)}; nothing was proposed or done</span>
            </p>
            {now.error && <p class="bad">{show(now.error['message'] ?? now.error)}</p>}
            {now.effects?.length ? (
              <ul class="plain" aria-label="Effects">
                {now.effects.map((one, i) => (
                  <Would key={i} of={one} />
                ))}
              </ul>
            ) : (
              <Empty>{now.state === 'completed' ? 'Nothing would be proposed.' : 'Nothing yet.'}</Empty>
            )}
            <h3>Steps</h3>
            <Steps definition={now.definition} steps={now.steps ?? []} />
          </>
        )}
      </Load>
    </section>
  )
}

export function Simulate() {
  const { id } = useValue(route)
  const workflows = useResource<{ items: Definition[] }>('/workflows/definitions')
  const agents = useResource<Page<Agent>>('/agents')
  return (
    <>
      <h1>Simulate</h1>
      {id && <Plan id={id} key={id} />}
      {has('operator', 'developer') ? (
        <Load of={workflows} what="workflows">
          {(definitions) => <Load of={agents} what="agents">{(page) => <Ask workflows={definitions.items} agents={page.items} />}</Load>}
        </Load>
      ) : (
        <Empty>Operators and developers simulate.</Empty>
      )}
    </>
  )
}
