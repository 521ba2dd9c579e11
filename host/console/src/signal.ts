// SPDX-License-Identifier: Apache-2.0
// A value that the page watches: the smallest thing that lets one module tell others. Whoever reads it by useValue() is drawn
// again when it changes.
import { useLayoutEffect, useState } from 'preact/hooks'

export interface Value<T> {
  get(): T
  set(next: T): void
  watch(listener: (now: T) => void): () => void
}

export function value<T>(first: T): Value<T> {
  let now = first
  const listeners = new Set<(now: T) => void>()
  return {
    get: () => now,
    set(next) {
      if (Object.is(next, now)) return
      now = next
      for (const listener of [...listeners]) listener(now)
    },
    watch(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export function useValue<T>(source: Value<T>): T {
  const [, redraw] = useState(0)
  // Before anything else can run: what changes between the drawing and a later watch would never be drawn.
  useLayoutEffect(() => source.watch(() => redraw((n) => n + 1)), [source])
  return source.get()
}
