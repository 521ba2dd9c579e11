// SPDX-License-Identifier: Apache-2.0
// The live feed: one WebSocket for the page. It takes up after the last event that was seen, so nothing is lost or told twice
// when the connection breaks.
import { get } from './api'
import { session } from './session'
import { value } from './signal'
import type { FeedEvent, Page } from './types'

const kept = 500
const backoffLeastMs = 250
const backoffMostMs = 10_000
const silentMs = 45_000
/** What the host closes with when it does not know the event to go on after: its database was restored, say. */
const notThere = 4400

export type FeedState = 'off' | 'connecting' | 'live' | 'lost'
export const feedState = value<FeedState>('off')
/** The last event that was there already when it began; what comes after that is told. */
export const begun = value<number | undefined>(undefined)
/** The newest first. */
export const recent = value<FeedEvent[]>([])

type Listener = (event: FeedEvent) => void
const listeners = new Set<Listener>()
let socket: WebSocket | undefined
let last: number | undefined
let attempt = 0
let timer: number | undefined
let watchdog: number | undefined

export function onEvent(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function take(event: FeedEvent) {
  if (last !== undefined && event.id <= last) return
  last = event.id
  recent.set([event, ...recent.get()].slice(0, kept))
  for (const listener of [...listeners]) listener(event)
}

/** The host's heartbeats end in the browser, unseen. Where nothing is heard, either nothing happens or the connection is dead: which of
 * them it is, another way tells. */
async function doubt(own: WebSocket) {
  const since = await get<Page<FeedEvent>>(`/events?after=${last}&limit=1`).catch(() => undefined)
  if (socket !== own) return
  if (since?.items.every((event) => event.id <= (last ?? 0))) heard(own)
  else own.close()
}

function heard(own: WebSocket) {
  clearTimeout(watchdog)
  watchdog = window.setTimeout(() => void doubt(own), silentMs)
}

function onMessage(own: WebSocket, text: string) {
  heard(own)
  const message = JSON.parse(text) as { type: string; last?: number; events?: FeedEvent[] } & Partial<FeedEvent>
  if (message.type === 'hello') {
    attempt = 0
    if (last === undefined) begun.set((last = message.last))
    feedState.set('live')
  } else if (message.type === 'events') message.events?.forEach(take)
}

function connect() {
  const now = session.get()
  if (!now || now.mustChangePassword) return
  const where = new URL('/api/v1/events', location.href)
  where.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  if (last !== undefined) where.searchParams.set('after', String(last))
  const own = new WebSocket(where, now.token ? ['royal.v1', `royal.token.${now.token}`] : ['royal.v1'])
  socket = own
  feedState.set(attempt === 0 ? 'connecting' : 'lost')
  own.onmessage = (event) => onMessage(own, String(event.data))
  own.onclose = ({ code }) => {
    if (socket !== own) return
    clearTimeout(watchdog)
    if (code === notThere) last = undefined
    again()
  }
}

/** A browser does not say why a connection was refused. The host does when it is asked first who this is: whoever is not logged in any
 * more is told so, and sees nothing of what was. */
function again() {
  const who = session.get()
  feedState.set('lost')
  const wait = Math.min(backoffMostMs, backoffLeastMs * 2 ** attempt++)
  const ask = () =>
    get('/auth/me').then(
      () => session.get() === who && connect(),
      () => session.get() === who && again(),
    )
  timer = window.setTimeout(() => void ask(), wait * (0.5 + Math.random() / 2))
}

function close() {
  clearTimeout(timer)
  clearTimeout(watchdog)
  const old = socket
  socket = undefined
  old?.close()
  last = undefined
  attempt = 0
  begun.set(undefined)
  recent.set([])
  feedState.set('off')
}

/** Follows the session: on while somebody is logged in, and has a password of their own. */
export function startFeed() {
  session.watch(() => {
    close()
    connect()
  })
}
