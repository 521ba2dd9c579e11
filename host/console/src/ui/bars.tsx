// SPDX-License-Identifier: Apache-2.0
// The parts of a score, each from 0 to 1, as bars with their figures; what is not known says so.
import { show, words } from '../format'

/** A score to two places. */
export const rounded = (score: number): string => show(Math.round(score * 100) / 100)

export function Bars({ label, parts }: { label: string; parts: Record<string, number | null> }) {
  const entries = Object.entries(parts)
  if (entries.length === 0) return null
  return (
    <dl class="bars" aria-label={label}>
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{words(name)}</dt>
          <dd>
            {value === null ? (
              <span class="muted">not known</span>
            ) : (
              <>
                <meter aria-label={`${words(name)}: ${rounded(value)} of 1`} min={0} max={1} low={0.25} optimum={1} value={value} />
                <span>{rounded(value)}</span>
              </>
            )}
          </dd>
        </div>
      ))}
    </dl>
  )
}
