// SPDX-License-Identifier: Apache-2.0
// Asks for something else: other parameters of the action, or other inputs of the agent, which then proposes anew. The fields are
// those of the action's schema, or of the task's.
import { useState } from 'preact/hooks'
import { post } from '../api'
import { useResource } from '../resource'
import type { Json, Proposal } from '../types'
import { Ask } from './ask'
import { documentOf, Form, schemaOf, textsOf, type Schema, type Texts } from './form'
import { say } from './live'
import { Loading } from './states'

interface Job {
  agent: string
  task: string
  input?: Json
}

interface Manifest {
  tasks?: Record<string, { input?: Schema }>
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** The inputs of the job that proposed it, and what they may be. */
function useInputs(job?: string | null): { schema: Schema; document: Json } | undefined {
  const made = useResource<Job>(job ? `/jobs/${encodeURIComponent(job)}` : null).data
  const agent = useResource<{ manifest?: Manifest }>(made ? `/agents/${encodeURIComponent(made.agent)}` : null)
  if (!made || (!agent.data && !agent.error)) return undefined
  const document = made.input ?? {}
  return { schema: agent.data?.manifest?.tasks?.[made.task]?.input ?? schemaOf(document), document }
}

export function Modify({ of, onClose }: { of: Proposal; onClose: () => void }) {
  const [byInputs, setByInputs] = useState(false)
  const [texts, setTexts] = useState<Texts>()
  const action = useResource<{ schema?: Schema | null }>(`/actions/${encodeURIComponent(of.action)}`)
  const inputs = useInputs(of.job)
  const parameters = of.parameters ?? {}
  const known = action.data || action.error ? { schema: action.data?.schema ?? schemaOf(parameters), document: parameters } : undefined
  const form = byInputs ? inputs : known
  const now = texts ?? (form && textsOf(form.schema, form.document))
  const send = async (note: string) => {
    if (!form || !now) return
    const said = documentOf(form.schema, now)
    const body: Json = { digest: of.digest, ...(note ? { note } : {}) }
    if (byInputs) {
      const changed = Object.entries(said).filter(([name, what]) => !same(what, form.document[name]))
      if (changed.length === 0) throw new Error('No input is another than it was.')
      body['inputs'] = Object.fromEntries(changed)
    } else body['parameters'] = said
    await post(`/approvals/${of.id}/modify`, body)
    say(byInputs ? 'The agent is asked to propose anew.' : 'Changed; the proposal is assessed anew.')
  }
  return (
    <Ask title="Modify" action="Ask for this instead" reason="Note (not needed)" onDo={send} onClose={onClose}>
      {of.job && (
        <label>
          <input
            type="checkbox"
            checked={byInputs}
            onChange={(event) => {
              setByInputs(event.currentTarget.checked)
              setTexts(undefined)
            }}
          />{' '}
          Change the agent's inputs instead
        </label>
      )}
      {form && now ? <Form schema={form.schema} texts={now} onTexts={setTexts} /> : <Loading what="the form" />}
    </Ask>
  )
}
