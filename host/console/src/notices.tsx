// SPDX-License-Identifier: Apache-2.0
// The browser's own notifications, for who asked for them: that something waits for an answer, or that everything stands, told while
// another window is in front. They follow the live feed, which tells each event once; of several tabs the last one's stands, by its tag.
import { onEvent } from './feed'
import { show } from './format'
import { go } from './router'
import { has } from './session'
import { useValue, value } from './signal'
import type { FeedEvent, Json } from './types'

const key = 'royal.notices'

type State = 'unsupported' | 'refused' | 'off' | 'on'

function stored(): boolean {
  try {
    return localStorage.getItem(key) === 'on'
  } catch {
    return false
  }
}

function found(wanted: boolean): State {
  if (typeof Notification === 'undefined' || !window.isSecureContext) return 'unsupported'
  if (Notification.permission === 'denied') return 'refused'
  return wanted && Notification.permission === 'granted' ? 'on' : 'off'
}

const state = value<State>(found(stored()))

async function choose(on: boolean) {
  if (on && Notification.permission === 'default') await Notification.requestPermission()
  state.set(found(on))
  try {
    localStorage.setItem(key, state.get())
  } catch {
    // Nothing is kept then; the choice holds as long as the page.
  }
}

interface Kind {
  title: (data: Json) => string
  body: (data: Json) => string
  isFor: () => boolean
  page: string
}

const kinds: Record<string, Kind> = {
  'approval.required': {
    title: (data) => `${show(data['action'])} waits for an answer`,
    body: (data) => `${show(data['target'])}, risk ${show(data['risk'])}, asked for by ${show(data['agent'])}`,
    isFor: () => has('approver'),
    page: 'approvals',
  },
  'control.stopped': {
    title: () => 'Everything is stopped',
    body: (data) => show(data['reason']),
    isFor: () => true,
    page: 'overview',
  },
}

function tell(event: FeedEvent) {
  const kind = kinds[event.kind]
  if (!kind || state.get() !== 'on' || document.hasFocus() || !kind.isFor()) return
  const shown = new Notification(kind.title(event.data), { body: kind.body(event.data), tag: `royal/${event.kind}/${event.subject ?? ''}` })
  shown.onclick = () => {
    window.focus()
    go(kind.page, event.subject ?? undefined)
    shown.close()
  }
}

export function startNotices() {
  onEvent(tell)
}

const why: Record<State, string> = {
  unsupported: 'This browser has none for this page: they need https, or loopback.',
  refused: 'This browser was told to refuse them; its settings for this page say so.',
  off: '',
  on: '',
}

/** Whether this browser tells of what waits. */
export function Notices() {
  const now = useValue(state)
  return (
    <section aria-label="Notifications">
      <h2>Notifications</h2>
      <label class="inline">
        <input type="checkbox" checked={now === 'on'} disabled={now === 'unsupported' || now === 'refused'} onChange={(event) => void choose(event.currentTarget.checked)} />{' '}
        Tell me on this device when something waits for my answer, or everything is stopped, while another window is in front
      </label>
      {why[now] && <p class="muted">{why[now]}</p>}
    </section>
  )
}
