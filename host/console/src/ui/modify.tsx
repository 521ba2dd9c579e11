// SPDX-License-Identifier: Apache-2.0
// Asks for something else: other parameters, a field each, or other inputs of the agent, which then proposes anew.
import { useState } from 'preact/hooks'
import { post } from '../api'
import { words } from '../format'
import type { Json, Proposal } from '../types'
import { Ask } from './ask'
import { say } from './live'

const parse = (text: string, was: unknown): unknown => {
  if (typeof was === 'string') return text
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new Error(`${text}: a ${typeof was === 'number' ? 'number' : 'value'} is expected`)
  }
}
const write = (what: unknown): string => (typeof what === 'string' ? what : JSON.stringify(what))

export function Modify({ of, onClose }: { of: Proposal; onClose: () => void }) {
  const [byInputs, setByInputs] = useState(false)
  const [inputs, setInputs] = useState('{}')
  const [fields, setFields] = useState<Record<string, string>>(
    Object.fromEntries(Object.entries(of.parameters ?? {}).map(([name, what]) => [name, write(what)])),
  )
  const send = async (note: string) => {
    const body: Json = { digest: of.digest, ...(note ? { note } : {}) }
    if (byInputs) body['inputs'] = parse(inputs, {})
    else body['parameters'] = Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, parse(text, of.parameters?.[name])]))
    await post(`/approvals/${of.id}/modify`, body)
    say(byInputs ? 'The agent is asked to propose anew.' : 'Changed; the proposal is assessed anew.')
  }
  return (
    <Ask title="Modify" action="Ask for this instead" reason="Note (not needed)" onDo={send} onClose={onClose}>
      <label>
        <input type="checkbox" checked={byInputs} onChange={(event) => setByInputs(event.currentTarget.checked)} /> Change the agent's inputs instead
      </label>
      {byInputs ? (
        <label>
          Inputs, as JSON
          <textarea rows={3} value={inputs} onInput={(event) => setInputs(event.currentTarget.value)} />
        </label>
      ) : (
        Object.entries(fields).map(([name, text]) => (
          <label key={name}>
            {words(name)}
            {text.length > 60 ? (
              <textarea rows={3} value={text} onInput={(event) => setFields({ ...fields, [name]: event.currentTarget.value })} />
            ) : (
              <input class="wide" value={text} onInput={(event) => setFields({ ...fields, [name]: event.currentTarget.value })} />
            )}
          </label>
        ))
      )}
    </Ask>
  )
}
