// SPDX-License-Identifier: Apache-2.0
// One agent: what holds it back, its workers, what it asked for, was granted and has used, and a run of one of its tasks.
import { useState } from 'preact/hooks'
import { post } from '../api'
import { show, when } from '../format'
import { useResource, type Resource } from '../resource'
import { go, href } from '../router'
import { has } from '../session'
import type { Json, Page, Proposal, Status } from '../types'
import { Act } from '../ui/act'
import { Ask } from '../ui/ask'
import { Config } from '../ui/config'
import { documentOf, Form, textsOf, type Schema, type Texts } from '../ui/form'
import { say } from '../ui/live'
import { Pairs, Value } from '../ui/pairs'
import { Load } from '../ui/states'
import { Table } from '../ui/table'

interface Task {
  description?: string
  input?: Schema
}

interface Write extends Json {
  action: string
  reason?: string
}

export interface Agent extends Json {
  id: string
  name?: string
  description?: string
  version: string
  tasks: string[]
  grants?: { reads?: string[]; writes?: Write[] } | null
  workers: { state?: string; error?: unknown; waiting?: number; restarts?: number; restarting?: boolean; workers?: Json[] }
  manifest?: { tasks?: Record<string, Task>; reads?: string[]; writes?: Write[]; config?: Schema }
  operator?: { config?: Json; manual?: boolean } & Json
  limits?: Json
  signature?: Json
}

/** A task of the agent, with inputs by the schema that it declares. */
function Run({ agent, onClose }: { agent: Agent; onClose: () => void }) {
  const [task, setTask] = useState(agent.tasks[0] ?? '')
  const [texts, setTexts] = useState<Texts>()
  const of = agent.manifest?.tasks?.[task]
  const schema = of?.input ?? {}
  const now = texts ?? textsOf(schema, {})
  const start = async () => {
    const job = await post<{ id: string }>('/jobs', { agent: agent.id, task, input: documentOf(schema, now) })
    say('The job is queued.')
    go('jobs', job.id)
  }
  return (
    <Ask title={`Run a task of ${agent.id}`} action="Run it" onDo={start} onClose={onClose}>
      <label>
        Task
        <select
          class="wide"
          value={task}
          onChange={(event) => {
            setTask(event.currentTarget.value)
            setTexts(undefined)
          }}
        >
          {agent.tasks.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      {of?.description && <p class="muted">{of.description}</p>}
      <Form schema={schema} texts={now} onTexts={setTexts} />
      <p class="muted">What it proposes goes through the gate.</p>
    </Ask>
  )
}

/** The host gives out at most so many proposals at once. */
const looked = 100

/** What the developer asked for beside what the operator granted, and what was proposed of late. */
function Grants({ agent }: { agent: Agent }) {
  const made = useResource<Page<Proposal>>(`/approvals?limit=${looked}&state=all`, ['proposal.'])
  const own = made.data?.items.filter((one) => one.agent === agent.id) ?? []
  const asked = agent.manifest ?? {}
  const granted = agent.grants ?? {}
  const reads = [...new Set([...(asked.reads ?? []), ...(granted.reads ?? [])])]
  const writes = [...new Set([...(asked.writes ?? []), ...(granted.writes ?? [])].map((one) => one.action))]
  const rows: Json[] = [
    ...writes.map((action) => {
      const grant = granted.writes?.find((one) => one.action === action)
      const uses = own.filter((one) => one.action === action)
      const { action: _, ...bounds } = grant ?? { action }
      return { what: action, kind: 'propose', asked: asked.writes?.find((one) => one.action === action)?.reason ?? '', granted: grant ? bounds : 'no', used: uses.length, last: uses[0] }
    }),
    ...reads.map((name) => ({ what: name, kind: 'read', asked: asked.reads?.includes(name) ? 'yes' : 'no', granted: granted.reads?.includes(name) ? 'yes' : 'no', used: null })),
  ]
  return (
    <>
      <h3>Asked for, granted, used</h3>
      <Table
        label="Grants"
        rows={rows}
        columns={[
          ['What', 'what'],
          ['To', 'kind'],
          ['Asked', 'asked'],
          ['Granted', 'granted'],
          [
            `Used, of the last ${looked} proposals`,
            (row) => {
              const last = row['last'] as Proposal | undefined
              return last ? <a href={href('approvals', last.id)}>{`${show(row['used'])}, last ${when(last.created_at)}`}</a> : show(row['used'])
            },
          ],
        ]}
      />
    </>
  )
}

/** The emergency stop of one agent, and its autonomy. */
function Hold({ id, status }: { id: string; status: Resource<Status> }) {
  const pause = status.data?.workspace.pauses?.find((one) => one['kind'] === 'agent' && one['name'] === id)
  const breaker = status.data?.workspace.breakers?.find((one) => one['agent'] === id)
  return (
    <>
      {pause && (
        <p class="bad" role="status">
          Paused by {show(pause['by'])}, {when(pause['at'] as string)}: {show(pause['reason'])}
        </p>
      )}
      {breaker && (
        <p class="bad" role="status">
          It asks for everything: {show(breaker['reason'])}
        </p>
      )}
      <span class="buttons">
        {pause
          ? has('operator') && <Act name="Let it go on" primary title={`Let ${id} go on?`} done="It goes on." onDo={() => post('/control/unpause', { kind: 'agent', name: id }).then(status.reload)} />
          : has('approver', 'operator') && (
              <Act name="Pause" danger title={`Pause ${id}?`} done="Paused: none of its jobs and effects starts." reason="Reason" required
                onDo={(reason) => post('/control/pause', { kind: 'agent', name: id, reason }).then(status.reload)} />
            )}
        {breaker && has('operator') && (
          <Act name="Give its autonomy back" title={`Give ${id} its autonomy back?`} done="Proposed; an administrator decides." reason="Why" required
            onDo={(reasoning) => post('/control/changes', { action: 'breaker.restore', target: id, parameters: {}, reasoning })} />
        )}
      </span>
    </>
  )
}

/** New workers for old ones. */
function Restart({ id, onDone }: { id: string; onDone: () => void }) {
  const [asking, setAsking] = useState(false)
  const [now, setNow] = useState(false)
  const restart = async (reason: string) => {
    const workers = await post<Agent['workers']>(`/agents/${encodeURIComponent(id)}/restart`, { now, ...(reason ? { reason } : {}) })
    say(workers.restarting ? 'It is still being restarted: a worker has something in hand.' : 'Restarted.')
    onDone()
  }
  return (
    <>
      <button type="button" onClick={() => setAsking(true)}>
        Restart
      </button>
      {asking && (
        <Ask title={`Restart ${id}?`} action="Restart" danger={now} reason="Reason (not needed)" onDo={restart} onClose={() => setAsking(false)}>
          <p>Each of its workers on this host ends after what it has in hand, and another is started.</p>
          <label>
            <input type="checkbox" checked={now} onChange={(event) => setNow(event.currentTarget.checked)} /> At once: what runs begins again
          </label>
        </Ask>
      )}
    </>
  )
}

export function One({ id, status }: { id: string; status: Resource<Status> }) {
  const [running, setRunning] = useState(false)
  const one = useResource<Agent>(`/agents/${encodeURIComponent(id)}`, ['agent.', 'job.', 'control.'])
  return (
    <section class="panel" aria-label={id}>
      <Load of={one} what={id}>
        {(agent) => (
          <>
            <h2>{agent.name || id}</h2>
            <p>{agent.description}</p>
            <p>
              <span class="tag">{show(agent.workers.state)}</span>
              <span class="tag">{agent.version}</span>
              <span class="tag">{show(agent.signature?.['state'])}</span>
              {agent.workers.error ? <span class="bad">{show(agent.workers.error)}</span> : ''}
            </p>
            <p class="buttons">
              {has('operator', 'developer') && agent.operator?.manual !== false && (
                <button type="button" class="primary" onClick={() => setRunning(true)}>
                  Run a task
                </button>
              )}
              {has('operator', 'developer') && <a class="button" href={href('simulate', undefined, { agent: id })}>Simulate one</a>}
              {has('operator') && <Restart id={id} onDone={one.reload} />}
            </p>
            <Hold id={id} status={status} />
            <Grants agent={agent} />
            <h3>Workers</h3>
            <p class="muted">
              {show(agent.workers.waiting)} runs wait, {show(agent.workers.restarts)} restarts.
            </p>
            <Table label="Workers" rows={agent.workers.workers ?? []} columns={[['Process', 'pid'], ['State', 'state'], ['Runs', 'runs'], ['Memory, kB', 'rss_kb']]} />
            <h3>A run may use</h3>
            <Pairs of={agent.limits} />
            <Config agent={agent} />
            <details>
              <summary>Manifest</summary>
              <Value of={agent.manifest} />
            </details>
            <details>
              <summary>The operator's manifest</summary>
              <Value of={agent.operator} />
            </details>
            {running && <Run agent={agent} onClose={() => setRunning(false)} />}
          </>
        )}
      </Load>
    </section>
  )
}
