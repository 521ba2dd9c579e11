// SPDX-License-Identifier: Apache-2.0
// A run as its steps, in the order of its definition: what was done, what is under way and what is still to come. What began inside
// of a step (a list of a parallel, an item of a map, a branch) stands below it.
import { left, when } from '../format'
import { href } from '../router'
import type { Json } from '../types'
import { Value } from './pairs'

export interface Step {
  path: string
  kind: string
  state: string
  superseded?: boolean
  job?: string
  run?: string
  waits_for?: Json
  until?: string
  started_at?: string
  ended_at?: string
  result?: unknown
  error?: Json | null
}

interface Defined extends Json {
  id: string
  description?: string
}

const kinds = ['task', 'approval', 'decide', 'parallel', 'map', 'wait', 'branch', 'call', 'end']
const marks: Record<string, string> = { completed: '✓', failed: '✕', running: '▶', waiting: '…', skipped: '↷', cancelled: '✕' }
const kindOf = (step: Defined): string => kinds.find((kind) => kind in step) ?? ''
const topOf = (path: string): string => path.split(/[/.[]/)[0] ?? path

function took(step: Step): string {
  if (!step.started_at || !step.ended_at) return step.until ? `until ${when(step.until)}` : ''
  const ms = Date.parse(step.ended_at) - Date.parse(step.started_at)
  return ms < 1000 ? `${ms} ms` : left(new Date(ms).toISOString(), 0)
}

function Node({ name, kind, about, step }: { name: string; kind: string; about?: string; step?: Step }) {
  const state = step?.state ?? 'to come'
  return (
    <div class={`step is-${state.replace(' ', '-')}`} aria-current={state === 'running' || state === 'waiting' ? 'step' : undefined}>
      <p>
        <span class="mark" aria-hidden="true">
          {marks[state] ?? '○'}
        </span>
        <strong>{name}</strong> <span class="muted">{kind}</span> <span class="tag">{state}</span>
        <span class="muted">{step ? took(step) : ''}</span> {step?.run && <a href={href('workflows', step.run)}>its run</a>}
      </p>
      {about && <p class="muted">{about}</p>}
      {step?.waits_for && state === 'waiting' && (
        <div>
          Waits for <Value of={step.waits_for} />
        </div>
      )}
      {step?.error && <p class="bad">{String(step.error['message'] ?? JSON.stringify(step.error))}</p>}
      {step?.result !== undefined && step.result !== null && (
        <details>
          <summary>Result</summary>
          <Value of={step.result} />
        </details>
      )}
    </div>
  )
}

export function Steps({ definition, steps }: { definition?: { steps?: Defined[] } | null; steps: Step[] }) {
  const live = steps.filter((one) => !one.superseded)
  const defined = definition?.steps ?? []
  const known = new Set(defined.map((one) => one.id))
  const others = live.filter((one) => !known.has(topOf(one.path)))
  return (
    <ol class="steps" aria-label="Steps">
      {defined.map((one) => (
        <li key={one.id}>
          <Node name={one.id} kind={kindOf(one)} about={one.description} step={live.find((step) => step.path === one.id)} />
          {live
            .filter((step) => step.path !== one.id && topOf(step.path) === one.id)
            .map((step) => (
              <div class="inner" key={step.path}>
                <Node name={step.path} kind={step.kind} step={step} />
              </div>
            ))}
        </li>
      ))}
      {others.map((step) => (
        <li key={step.path}>
          <Node name={step.path} kind={step.kind} step={step} />
        </li>
      ))}
    </ol>
  )
}
