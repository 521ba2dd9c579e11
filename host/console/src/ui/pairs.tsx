// SPDX-License-Identifier: Apache-2.0
// An object as names and values, two deep; what lies deeper is shown as JSON.
import { show, words } from '../format'
import type { Json } from '../types'

const isObject = (what: unknown): what is Json => typeof what === 'object' && what !== null && !Array.isArray(what)

export function Value({ of }: { of: unknown }) {
  if (Array.isArray(of) && of.every((one) => typeof one !== 'object'))
    return <>{of.length ? of.map(show).join(', ') : '—'}</>
  if (isObject(of) && Object.values(of).every((one) => typeof one !== 'object' || one === null)) return <Pairs of={of} />
  if (typeof of === 'object' && of !== null)
    return (
      <pre tabIndex={0} role="region" aria-label="JSON">
        {JSON.stringify(of, null, 1)}
      </pre>
    )
  return <>{show(of)}</>
}

export function Pairs({ of }: { of?: Json | null }) {
  const entries = Object.entries(of ?? {})
  if (entries.length === 0) return <p class="muted">None.</p>
  return (
    <dl class="pairs">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{words(name)}</dt>
          <dd>
            <Value of={value} />
          </dd>
        </div>
      ))}
    </dl>
  )
}
