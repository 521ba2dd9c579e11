// SPDX-License-Identifier: Apache-2.0
import { useResource } from '../resource'
import { href } from '../router'
import type { Page, Status } from '../types'
import { Events } from '../ui/events'
import { Load } from '../ui/states'

interface Run {
  id: string
  workflow: string
  error?: { message?: string } | null
  finished_at?: string | null
}

const dayMs = 86400000

/** Workflows that failed within a day. */
function Failed() {
  const runs = useResource<Page<Run>>('/workflows?state=failed&limit=20', ['workflow.'])
  const late = (runs.data?.items ?? []).filter((run) => Date.now() - Date.parse(run.finished_at ?? '') < dayMs)
  if (late.length === 0) return null
  return (
    <ul aria-label="Workflows that failed within a day">
      {late.map((run) => (
        <li key={run.id} class="bad">
          <a href={href('workflows', run.id)}>{run.workflow}</a> failed: {run.error?.message ?? 'no reason is told'}
        </li>
      ))}
    </ul>
  )
}

export function Overview() {
  const status = useResource<Status>('/status', ['job.', 'approval.', 'control.', 'proposal.'])
  const alerts = useResource<Page<{ name: string; severity: string; summary: string }>>('/alerts', ['control.'])
  return (
    <>
      <h1>Overview</h1>
      <Load of={status} what="the host">
        {(now) => (
          <div class="cards">
            <p class="panel">
              <a class="figure" href={href('approvals')}>
                {now.pending_approvals}
              </a>
              <br />
              pending approvals
            </p>
            <p class="panel">
              <a class="figure" href={href('agents')}>
                {now.agents}
              </a>
              <br />
              agents
            </p>
            {Object.entries(now.jobs).map(([state, n]) => (
              <p class="panel" key={state}>
                <a class="figure" href={href('jobs', undefined, { state })}>
                  {n}
                </a>
                <br />
                jobs {state}
              </p>
            ))}
          </div>
        )}
      </Load>
      <h2>Alerts</h2>
      <Load of={alerts} what="alerts">
        {(page) => (page.items.length === 0 ? <p class="muted">No alert fires.</p> : <ul>{page.items.map((one) => <li key={one.name} class="bad">{one.summary}</li>)}</ul>)}
      </Load>
      <Failed />
      <h2>Recent</h2>
      <Events most={12} />
    </>
  )
}
