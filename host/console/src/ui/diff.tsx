// SPDX-License-Identifier: Apache-2.0
// What changes: each member that is set, before and after. What is the same on both sides is left out.
import { words } from '../format'
import type { Json } from '../types'
import { Value } from './pairs'

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
const object = (what: unknown): Json => (typeof what === 'object' && what !== null ? (what as Json) : { value: what })

export function Diff({ before, after }: { before: unknown; after: unknown }) {
  const was = object(before)
  const is = object(after)
  const names = Object.keys(is).filter((name) => !same(was[name], is[name]))
  if (names.length === 0) return <p class="muted">Nothing differs.</p>
  return (
    <table class="diff">
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {names.map((name) => (
          <tr key={name}>
            <th scope="row">{words(name)}</th>
            <td class="was">{name in was ? <Value of={was[name]} /> : '—'}</td>
            <td class="is">
              <Value of={is[name]} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
