// SPDX-License-Identifier: Apache-2.0
// One job: its input, its runs and what came of it; cancelled, or tried again as it is or with another input.
import { useState } from 'preact/hooks'
import { post } from '../api'
import { pretty } from '../draft'
import { show, when } from '../format'
import { useResource } from '../resource'
import { go, href } from '../router'
import { has } from '../session'
import type { Json } from '../types'
import { Act } from '../ui/act'
import { Ask } from '../ui/ask'
import { faultOf, JsonText, objectOf, type Fault } from '../ui/json'
import { say } from '../ui/live'
import { Pairs, Value } from '../ui/pairs'
import { Load } from '../ui/states'
import { Table } from '../ui/table'

interface Job extends Json {
  id: string
  agent: string
  task: string
  state: string
  attempt?: number
  max_attempts?: number
  input?: Json
  result?: unknown
  error?: Json | null
  created_by?: string
  created_at?: string
  finished_at?: string | null
  runs: Json[]
}

const open = ['queued', 'leased']
const dead = ['dead', 'quarantined']

function Edit({ job, onClose }: { job: Job; onClose: () => void }) {
  const [text, setText] = useState(pretty(job.input ?? {}))
  const [fault, setFault] = useState<Fault>()
  const send = async () => {
    try {
      const made = await post<{ id: string }>(`/dead-letters/${job.id}/edit`, { input: objectOf(text) })
      say('A new job is queued; this one is put aside.')
      go('jobs', made.id)
    } catch (error) {
      setFault(faultOf(text, error, '/input'))
      throw error
    }
  }
  return (
    <Ask title="Try it with another input" action="Try it" onDo={send} onClose={onClose}>
      <JsonText label="Input" rows={10} text={text} fault={fault} onText={setText} />
    </Ask>
  )
}

export function One({ id }: { id: string }) {
  const [editing, setEditing] = useState(false)
  const job = useResource<Job>(`/jobs/${encodeURIComponent(id)}`, ['job.', 'agent.'])
  const again = (what: string) => post(`/dead-letters/${what}`, { jobs: [id] }).then(job.reload)
  return (
    <section class="panel" aria-label="Job">
      <Load of={job} what="the job">
        {(now) => (
          <>
            <h2>
              {now.agent} {now.task}
            </h2>
            <p>
              <span class="tag">{now.state}</span> attempt {show(now.attempt)} of {show(now.max_attempts)}{' '}
              <span class="muted">
                by {now.created_by}, {when(now.created_at)}
              </span>{' '}
              <a href={href('agents', now.agent)}>its agent</a>
            </p>
            <p class="buttons">
              {open.includes(now.state) && has('operator', 'developer') && (
                <Act name="Cancel the job" danger title="Cancel the job?" done="Cancelled, or as soon as its worker notices." onDo={() => post(`/jobs/${id}/cancel`).then(job.reload)} />
              )}
              {dead.includes(now.state) && has('operator') && (
                <>
                  <Act name="Retry" title="Try it again?" done="It is tried again." onDo={() => again('retry')} />
                  <button type="button" onClick={() => setEditing(true)}>
                    Another input
                  </button>
                  <Act name="Discard" danger title="Put it aside for good?" done="It is put aside." onDo={() => again('discard')} />
                </>
              )}
            </p>
            {now.error && <p class="bad">{show(now.error['message'] ?? now.error)}</p>}
            <div class="two">
              <div>
                <h3>Input</h3>
                <Pairs of={now.input} />
              </div>
              <div>
                <h3>Result</h3>
                <Value of={now.result} />
              </div>
            </div>
            <h3>Runs</h3>
            <Table
              label="Runs of the job"
              rows={now.runs}
              columns={[
                ['Attempt', 'attempt'],
                ['State', 'state'],
                ['Started', (row) => when(row['started_at'] as string)],
                ['Finished', (row) => when(row['finished_at'] as string)],
                ['Error', (row) => show((row['error'] as Json | null)?.['message'] ?? row['error'])],
                ['Run', 'id'],
              ]}
            />
            {editing && <Edit job={now} onClose={() => setEditing(false)} />}
          </>
        )}
      </Load>
    </section>
  )
}
