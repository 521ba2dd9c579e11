// SPDX-License-Identifier: Apache-2.0
// A button that asks once more before it does something, and says what came of it.
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Ask } from './ask'
import { say } from './live'

interface Props {
  name: string
  /** What is told to who does not see the rest of the row. */
  label?: string
  title: string
  done: string
  danger?: boolean
  primary?: boolean
  reason?: string
  required?: boolean
  onDo: (reason: string) => Promise<unknown>
  children?: ComponentChildren
}

export function Act({ name, label, title, done, danger, primary, reason, required, onDo, children }: Props) {
  const [asking, setAsking] = useState(false)
  return (
    <>
      <button type="button" class={danger ? 'danger' : primary ? 'primary' : undefined} aria-label={label} onClick={() => setAsking(true)}>
        {name}
      </button>
      {asking && (
        <Ask title={title} action={name} danger={danger} reason={reason} required={required} onClose={() => setAsking(false)}
          onDo={(said) => onDo(said).then(() => say(done))}>
          {children}
        </Ask>
      )}
    </>
  )
}
