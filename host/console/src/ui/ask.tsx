// SPDX-License-Identifier: Apache-2.0
// Asks before something is done, and shows that it is being done: a sentence, perhaps a reason, two buttons.
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Dialog } from './dialog'
import { sayBad } from './live'

interface Props {
  title: string
  action: string
  danger?: boolean
  /** The label of a text to be given; without it none is asked for. */
  reason?: string
  required?: boolean
  onDo: (reason: string) => Promise<void>
  onClose: () => void
  children?: ComponentChildren
}

export function Ask({ title, action, danger, reason, required, onDo, onClose, children }: Props) {
  const [said, setSaid] = useState('')
  const [pending, setPending] = useState(false)
  const [error, setError] = useState('')
  const left = useRef(false)
  useEffect(() => () => void (left.current = true), [])
  const submit = async (event: Event) => {
    event.preventDefault()
    setPending(true)
    setError('')
    try {
      await onDo(said.trim())
      if (!left.current) onClose()
    } catch (caught) {
      const why = (caught as Error).message
      // Who has closed the dialog meanwhile is to know as well.
      if (left.current) return sayBad(`${title} ${why}`)
      setError(why)
      setPending(false)
    }
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        {children}
        {reason && (
          <label>
            {reason}
            <textarea rows={3} required={required} value={said} onInput={(event) => setSaid(event.currentTarget.value)} />
          </label>
        )}
        {error && (
          <p class="bad" role="alert">
            {error}
          </p>
        )}
        <p class="buttons">
          <button type="submit" class={danger ? 'danger' : 'primary'} disabled={pending}>
            {pending ? 'Working…' : action}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </p>
      </form>
    </Dialog>
  )
}
