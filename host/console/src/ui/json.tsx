// SPDX-License-Identifier: Apache-2.0
// A JSON document as text. What is wrong in it is told with its line, and can be gone to.
import { useRef } from 'preact/hooks'
import { ApiError } from '../api'
import { lineOf, parseJson, PlacedError, placeOf, type Span } from '../place'

export interface Fault {
  message: string
  at: Span
}

/** What @error says of @text: its own place, or the one that the host's pointer names below @prefix. */
export function faultOf(text: string, error: unknown, prefix = ''): Fault {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof PlacedError) return { message, at: error.at }
  const pointer = error instanceof ApiError && error.pointer?.startsWith(prefix) ? error.pointer.slice(prefix.length) : ''
  try {
    return { message, at: placeOf(text, pointer) }
  } catch {
    return { message, at: { from: 0, to: 0 } }
  }
}

/** The object that a text is; throws a PlacedError. */
export function objectOf(text: string): Record<string, unknown> {
  const found = parseJson(text)
  if (typeof found !== 'object' || found === null || Array.isArray(found)) throw new PlacedError('expected an object, in braces', { from: 0, to: text.length })
  return found as Record<string, unknown>
}

interface Props {
  label: string
  rows: number
  text: string
  fault?: Fault
  /** Names to go to, each with its pointer. */
  marks?: [name: string, pointer: string][]
  onText: (text: string) => void
}

export function JsonText({ label, rows, text, fault, marks, onText }: Props) {
  const box = useRef<HTMLTextAreaElement>(null)
  const goTo = (at: Span) => {
    const area = box.current
    if (!area) return
    area.focus()
    area.setSelectionRange(at.from, at.to)
    // A browser shows the selection of its own accord only when it is typed into.
    area.scrollTop = Math.max(0, (lineOf(text, at.from).line - rows / 2) * (area.scrollHeight / Math.max(1, text.split('\n').length)))
  }
  const goMark = (pointer: string) => {
    try {
      goTo(placeOf(text, pointer))
    } catch (error) {
      goTo(faultOf(text, error).at)
    }
  }
  const place = fault && lineOf(text, fault.at.from)
  return (
    <>
      {marks && (
        <label class="inline">
          Go to{' '}
          <select value="" onChange={(event) => goMark(event.currentTarget.value)}>
            <option value="">—</option>
            {marks.map(([name, pointer]) => (
              <option key={pointer} value={pointer}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        {label}
        <textarea ref={box} class="wide code" rows={rows} spellcheck={false} wrap="off" value={text} aria-invalid={fault !== undefined} onInput={(event) => onText(event.currentTarget.value)} />
      </label>
      {fault && place && (
        <p class="bad" role="alert">
          Line {place.line}, column {place.column}: {fault.message}{' '}
          <button type="button" onClick={() => goTo(fault.at)}>
            Show it
          </button>
        </p>
      )}
    </>
  )
}
