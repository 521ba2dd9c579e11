// SPDX-License-Identifier: Apache-2.0
import { logout } from '../api'
import { pages } from '../app'
import { feedState, type FeedState } from '../feed'
import { useResource } from '../resource'
import { href, route } from '../router'
import { session } from '../session'
import { useValue } from '../signal'
import { setTheme, theme, type Theme } from '../theme'
import type { Status } from '../types'
import { Stop } from './stop'
import { Workspace } from './workspace'

const feeds: Record<FeedState, string> = { off: 'Not connected', connecting: 'Connecting', live: 'Live', lost: 'Reconnecting' }

export function Header({ onHelp }: { onHelp: () => void }) {
  const at = useValue(route)
  const feed = useValue(feedState)
  const who = useValue(session)
  const look = useValue(theme)
  const status = useResource<Status>('/status', ['control.', 'proposal.', 'approval.'])
  const pending = status.data?.pending_approvals ?? 0
  const stopped = status.data?.workspace.stopped
  return (
    <header>
      <div class="bar">
        <a class="brand" href={href('overview')}>
          Royal
        </a>
        <Workspace />
        <span class={`feed is-${feed}`}>{feeds[feed]}</span>
        <span class="grow" />
        <Stop stopped={stopped} onChange={status.reload} />
        <label class="inline">
          <span class="hidden">Theme</span>
          <select value={look} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
            <option value="auto">System theme</option>
            <option value="light">Light</option>
            <option value="dark">Dark</option>
          </select>
        </label>
        <button type="button" aria-label="Keyboard help" onClick={onHelp}>
          ?
        </button>
        <button type="button" onClick={() => void logout().catch(() => undefined)}>
          Log out {who?.name}
        </button>
      </div>
      <nav aria-label="Pages">
        {pages.map((one) => (
          <a key={one.name} href={href(one.name)} aria-current={at.page === one.name ? 'page' : undefined}>
            {one.title}
            {one.name === 'approvals' && pending > 0 && <span class="count">{pending}</span>}
          </a>
        ))}
      </nav>
      {stopped && (
        <p class="stopped" role="alert">
          Everything is stopped: {stopped.reason} ({stopped.by})
        </p>
      )}
    </header>
  )
}
