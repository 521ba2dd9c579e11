// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks'
import { recent } from '../feed'
import type { FeedEvent } from '../types'
import { Events } from '../ui/events'

const topics = ['', 'agent.', 'job.', 'proposal.', 'approval.', 'effect.', 'workflow.', 'policy.', 'control.', 'retail.']

export function Activity() {
  const [topic, setTopic] = useState('')
  const [paused, setPaused] = useState<FeedEvent[] | undefined>()
  return (
    <>
      <h1>Activity</h1>
      <p class="filters">
        <label class="inline">
          Kind{' '}
          <select value={topic} onChange={(event) => setTopic(event.currentTarget.value)}>
            {topics.map((one) => (
              <option key={one} value={one}>
                {one === '' ? 'All' : one.slice(0, -1)}
              </option>
            ))}
          </select>
        </label>
        <button type="button" aria-pressed={paused !== undefined} onClick={() => setPaused(paused ? undefined : recent.get())}>
          {paused ? 'Go on' : 'Pause'}
        </button>
      </p>
      <Events topic={topic} paused={paused} />
    </>
  )
}
