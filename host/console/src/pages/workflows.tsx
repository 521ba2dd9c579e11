// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks'
import { post } from '../api'
import { when } from '../format'
import { usePages, useResource } from '../resource'
import { go, href, route } from '../router'
import { has } from '../session'
import { useValue } from '../signal'
import type { Json } from '../types'
import { Ask } from '../ui/ask'
import { documentOf, Form, textsOf, type Schema, type Texts } from '../ui/form'
import { say } from '../ui/live'
import { Empty, Load, More } from '../ui/states'
import { Steps, type Step } from '../ui/steps'
import { Table } from '../ui/table'

interface Definition {
  name: string
  description?: string
  input?: Schema
}

interface Run {
  id: string
  workflow: string
  state: string
  created_by: string
  created_at: string
  error?: Json | null
  result?: unknown
  steps?: Step[]
  definition?: { steps?: (Json & { id: string })[] } | null
}

const runs = ['operator', 'developer']
const open = ['running', 'waiting']

function Start({ onClose }: { onClose: () => void }) {
  const all = useResource<{ items: Definition[] }>('/workflows/definitions')
  const [name, setName] = useState('')
  const [texts, setTexts] = useState<Texts>()
  const items = all.data?.items ?? []
  const chosen = items.find((one) => one.name === name) ?? items[0]
  const schema = chosen?.input ?? {}
  const now = texts ?? textsOf(schema, {})
  const start = async () => {
    if (!chosen) return
    const run = await post<Run>(`/workflows/${encodeURIComponent(chosen.name)}`, { input: documentOf(schema, now) })
    say(`${chosen.name} has begun.`)
    go('workflows', run.id)
  }
  return (
    <Ask title="Start a workflow" action="Start" onDo={start} onClose={onClose}>
      <Load of={all} what="workflows">
        {() =>
          chosen ? (
            <>
              <label>
                Workflow
                <select
                  class="wide"
                  value={chosen.name}
                  onChange={(event) => {
                    setName(event.currentTarget.value)
                    setTexts(undefined)
                  }}
                >
                  {items.map((one) => (
                    <option key={one.name}>{one.name}</option>
                  ))}
                </select>
              </label>
              {chosen.description && <p class="muted">{chosen.description}</p>}
              <Form schema={schema} texts={now} onTexts={setTexts} />
            </>
          ) : (
            <Empty>There is no workflow.</Empty>
          )
        }
      </Load>
    </Ask>
  )
}

function Cancel({ id, onClose }: { id: string; onClose: () => void }) {
  const [compensate, setCompensate] = useState(false)
  return (
    <Ask title="Cancel the run?" action="Cancel the run" danger onClose={onClose}
      onDo={() => post(`/workflows/${id}/cancel`, { compensate }).then(() => say('Cancelled.'))}>
      <p>Its jobs, its open proposals and the runs that it called end with it.</p>
      <label>
        <input type="checkbox" checked={compensate} onChange={(event) => setCompensate(event.currentTarget.checked)} /> Take back what its steps did, the last first
      </label>
    </Ask>
  )
}

/** A question of the run, for the roles that the step names: the host says who may answer. */
function Question({ id, step }: { id: string; step: Step }) {
  const [choice, setChoice] = useState<string>()
  const options = (step.waits_for?.['options'] as string[] | undefined) ?? []
  if (step.kind !== 'decide' || step.state !== 'waiting') return null
  return (
    <div class="panel">
      <h3>{String(step.waits_for?.['question'] ?? step.path)}</h3>
      <p class="buttons">
        {options.map((one) => (
          <button type="button" key={one} onClick={() => setChoice(one)}>
            {one}
          </button>
        ))}
      </p>
      {choice && (
        <Ask title={`${choice}?`} action="Choose this" reason="Note (not needed)" onClose={() => setChoice(undefined)}
          onDo={(note) => post(`/workflows/${id}/decide`, { step: step.path, choice, ...(note ? { note } : {}) }).then(() => say('Chosen.'))} />
      )}
    </div>
  )
}

function One({ id }: { id: string }) {
  const [cancelling, setCancelling] = useState(false)
  const [retrying, setRetrying] = useState(false)
  const run = useResource<Run>(`/workflows/${encodeURIComponent(id)}`, ['workflow.'])
  return (
    <section class="panel" aria-label="Run">
      <Load of={run} what="the run">
        {(now) => (
          <>
            <h2>{now.workflow}</h2>
            <p>
              <span class="tag">{now.state}</span> <span class="muted">begun by {now.created_by}, {when(now.created_at)}</span>
            </p>
            {now.error && <p class="bad">{String(now.error['message'] ?? JSON.stringify(now.error))}</p>}
            {has(...runs) && (
              <p class="buttons">
                {open.includes(now.state) && (
                  <button type="button" class="danger" onClick={() => setCancelling(true)}>
                    Cancel the run
                  </button>
                )}
                {now.state === 'failed' && (
                  <button type="button" onClick={() => setRetrying(true)}>
                    Go on from what failed
                  </button>
                )}
              </p>
            )}
            {now.steps?.map((step) => <Question key={step.path} id={id} step={step} />)}
            <Steps definition={now.definition} steps={now.steps ?? []} />
          </>
        )}
      </Load>
      {cancelling && <Cancel id={id} onClose={() => setCancelling(false)} />}
      {retrying && (
        <Ask title="Go on?" action="Go on" onDo={() => post(`/workflows/${id}/retry`).then(() => say('It goes on.'))} onClose={() => setRetrying(false)}>
          <p>What was completed stays so.</p>
        </Ask>
      )}
    </section>
  )
}

export function Workflows() {
  const { id } = useValue(route)
  const [starting, setStarting] = useState(false)
  const all = usePages<Json>('/workflows?limit=100', ['workflow.'])
  return (
    <>
      <h1>Workflows</h1>
      {has(...runs) && (
        <p class="buttons">
          <button type="button" class="primary" onClick={() => setStarting(true)}>
            Start a workflow
          </button>
        </p>
      )}
      {id && <One id={id} key={id} />}
      <Load of={all} what="runs">
        {(page) => (
          <Table
            label="Runs"
            rows={page.items}
            columns={[
              ['Workflow', (row) => <a href={href('workflows', String(row['id']))}>{String(row['workflow'])}</a>],
              ['State', 'state'],
              ['Now', (row) => ((row['now'] as Json[] | undefined) ?? []).map((at) => `${at['step']} (${at['state']})`).join(', ')],
              ['Created', (row) => when(row['created_at'] as string)],
            ]}
          />
        )}
      </Load>
      <More of={all} what="runs" />
      {starting && <Start onClose={() => setStarting(false)} />}
    </>
  )
}
