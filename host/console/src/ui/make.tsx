// SPDX-License-Identifier: Apache-2.0
// A button that asks by a form, and shows once what the host tells once: a password, a token. What is changed is read when the form
// opens; if somebody else changes it before the form is sent, how it is then is shown beside what was filled in.
import { useState } from 'preact/hooks'
import { isStale, look, type Seen } from '../api'
import type { Json } from '../types'
import { Ask } from './ask'
import { Dialog } from './dialog'
import { documentOf, Form, textsOf, type Schema, type Texts } from './form'
import { say, sayBad } from './live'
import { Pairs } from './pairs'

/** What is changed: where it is read, what of it is shown to whoever changes it, and what stands in the form at first. */
interface Changes {
  path: string
  shown: (now: Json) => Json
  fill: (now: Json) => Json
}

interface Props {
  name: string
  label?: string
  schema: Schema
  /** The member of the answer that is shown once, and what is said of it. */
  secret?: string
  says?: string
  changes?: Changes
  /** @param match the ETag of what is changed */
  onMake: (document: Json, match?: string) => Promise<Json>
}

interface Filled {
  texts: Texts
  seen?: Seen
  /** How it is since somebody else has changed it. */
  moved?: Json
}

const moved = 'Somebody else has changed this meanwhile. How it is now stands above, and nothing of yours is lost: once more, and it is written over that.'

export function Make({ name, label, schema, secret, says, changes, onMake }: Props) {
  const [filled, setFilled] = useState<Filled>()
  const [told, setTold] = useState('')
  const open = async () => {
    try {
      const seen = changes && (await look(changes.path))
      setFilled({ texts: textsOf(schema, changes && seen ? changes.fill(seen.now) : {}), seen })
    } catch (error) {
      sayBad((error as Error).message)
    }
  }
  const send = async (document: Json, seen?: Seen): Promise<Json> => {
    try {
      return await onMake(document, seen?.etag)
    } catch (error) {
      if (!changes || !seen || !isStale(error)) throw error
      const fresh = await look(changes.path)
      const now = changes.shown(fresh.now)
      // What changed is nothing that is shown here.
      if (JSON.stringify(now) === JSON.stringify(changes.shown(seen.now))) return send(document, fresh)
      setFilled((old) => old && { ...old, seen: fresh, moved: now })
      throw new Error(moved)
    }
  }
  const make = async () => {
    const answer = await send(documentOf(schema, filled?.texts ?? {}), filled?.seen)
    const found = secret ? answer[secret] : undefined
    if (typeof found === 'string') setTold(found)
    else say('Done.')
  }
  return (
    <>
      <button type="button" aria-label={label} onClick={() => void open()}>
        {name}
      </button>
      {filled && (
        <Ask title={label ?? name} action={name} onDo={make} onClose={() => setFilled(undefined)}>
          <Form schema={schema} texts={filled.texts} onTexts={(texts) => setFilled({ ...filled, texts })} />
          {filled.moved && (
            <section class="panel" aria-label="How it is now">
              <h3>How it is now</h3>
              <Pairs of={filled.moved} />
            </section>
          )}
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
