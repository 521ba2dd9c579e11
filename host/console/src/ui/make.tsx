// SPDX-License-Identifier: Apache-2.0
// A button that asks by a form, and shows once what the host tells once: a password, a token.
import { useState } from 'preact/hooks'
import type { Json } from '../types'
import { Ask } from './ask'
import { Dialog } from './dialog'
import { documentOf, Form, textsOf, type Schema } from './form'
import { say } from './live'

interface Props {
  name: string
  label?: string
  schema: Schema
  /** The member of the answer that is shown once, and what is said of it. */
  secret?: string
  says?: string
  onMake: (document: Json) => Promise<Json>
}

export function Make({ name, label, schema, secret, says, onMake }: Props) {
  const [texts, setTexts] = useState<Record<string, string>>()
  const [told, setTold] = useState('')
  const make = async () => {
    const answer = await onMake(documentOf(schema, texts ?? {}))
    const found = secret ? answer[secret] : undefined
    if (typeof found === 'string') setTold(found)
    else say('Done.')
  }
  return (
    <>
      <button type="button" aria-label={label} onClick={() => setTexts(textsOf(schema, {}))}>
        {name}
      </button>
      {texts && (
        <Ask title={label ?? name} action={name} onDo={make} onClose={() => setTexts(undefined)}>
          <Form schema={schema} texts={texts} onTexts={setTexts} />
        </Ask>
      )}
      {told && (
        <Dialog title={label ?? name} onClose={() => setTold('')}>
          <p>{says}</p>
          <p>
            <code>{told}</code>
          </p>
          <p class="buttons">
            <button type="button" onClick={() => setTold('')}>
              I have it
            </button>
          </p>
        </Dialog>
      )}
    </>
  )
}
