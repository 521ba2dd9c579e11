// SPDX-License-Identifier: Apache-2.0
// An agent's configuration, as its developer's schema has it. It stands in the operator's manifest, a file under version control: the form
// writes that file, whoever keeps it puts it in its place, and a reload takes it.
import { useState } from 'preact/hooks'
import { post } from '../api'
import { pretty } from '../draft'
import { has } from '../session'
import type { Agent } from '../pages/agent'
import { save } from '../save'
import { Act } from './act'
import { documentOf, Form, textsOf, type Texts } from './form'

export function Config({ agent }: { agent: Agent }) {
  const schema = agent.manifest?.config
  const [texts, setTexts] = useState<Texts>()
  const [error, setError] = useState('')
  if (!schema?.properties || Object.keys(schema.properties).length === 0) return null
  const now = texts ?? textsOf(schema, agent.operator?.config ?? {})
  const write = (change: () => object) => {
    setError('')
    try {
      save(`${agent.id}.json`, `${pretty({ ...agent.operator, ...change() })}\n`, 'application/json')
    } catch (caught) {
      setError((caught as Error).message)
    }
  }
  return (
    <details>
      <summary>Configuration</summary>
      <Form schema={schema} texts={now} onTexts={setTexts} />
      {error && (
        <p class="bad" role="alert">
          {error}
        </p>
      )}
      <p class="muted">The configuration is part of the operator's manifest. Put the file into the folder of manifests and reload.</p>
      <p class="buttons">
        <button type="button" onClick={() => write(() => ({ config: documentOf(schema, now) }))}>
          Write the manifest
        </button>
        <button type="button" onClick={() => write(() => ({ enabled: false }))}>
          Write one that disables it
        </button>
        {has('operator') && <Act name="Reload" title="Read manifests and policy again?" done="They are read again." onDo={() => post('/control/reload')} />}
      </p>
    </details>
  )
}
