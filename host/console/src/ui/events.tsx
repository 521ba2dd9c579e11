// SPDX-License-Identifier: Apache-2.0
import { begun, recent } from '../feed'
import { clockOf } from '../format'
import { useResource } from '../resource'
import { useValue } from '../signal'
import type { FeedEvent, Page } from '../types'
import { List } from './list'
import { Empty } from './states'

const looked = 200

/** What happened, the newest first: the live feed, and before it the last that the host had told when it began. */
export function Events({ most, topic = '', paused }: { most?: number; topic?: string; paused?: FeedEvent[] }) {
  const live = useValue(recent)
  const until = useValue(begun)
  const old = useResource<Page<FeedEvent>>(until === undefined ? null : `/events?after=${Math.max(0, until - looked)}&limit=${looked}`)
  const known = paused ?? live
  const before = (old.data?.items ?? []).filter((one) => !known.some((other) => other.id === one.id)).reverse()
  const items = [...known, ...before].sort((a, b) => b.id - a.id).filter((one) => one.kind.startsWith(topic)).slice(0, most)
  if (items.length === 0) return <Empty>Nothing has happened of late.</Empty>
  return (
    <List label="Events" items={items} row={32}>
      {(event) => (
        <span>
          <span class="muted">{clockOf(event.at)}</span> {event.kind} <span class="muted">{event.actor}</span>
        </span>
      )}
    </List>
  )
}
