// SPDX-License-Identifier: Apache-2.0
// What a page reads of the API: loading, an error or the data; read again when an event of the feed concerns it.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { get } from './api'
import { feedState, onEvent } from './feed'
import type { Page } from './types'

export interface Resource<T> {
  data?: T
  error?: Error
  reload: () => void
}

/**
 * @param path null: nothing is to be read
 * @param topics the beginnings of the kinds of events after which it is read again
 * @param read how it is read; what was read otherwise before stays until then
 */
export function useResource<T>(path: string | null, topics: string[] = [], read: (path: string) => Promise<T> = get): Resource<T> {
  const [state, set] = useState<{ path: string | null; data?: T; error?: Error }>({ path })
  const count = useRef(0)
  const reload = useCallback(() => {
    if (path === null) return
    const own = ++count.current
    read(path).then(
      (data) => own === count.current && set({ path, data }),
      (error: Error) => own === count.current && set((old) => ({ path, data: old.path === path ? old.data : undefined, error })),
    )
  }, [path, read])
  useEffect(reload, [reload])
  const wanted = topics.join(',')
  useEffect(() => {
    if (wanted === '') return
    let timer: number | undefined
    const soon = () => {
      // What comes together is read once.
      timer ??= window.setTimeout(() => {
        timer = undefined
        reload()
      }, 30)
    }
    const stop = onEvent((event) => wanted.split(',').some((topic) => event.kind.startsWith(topic)) && soon())
    const again = feedState.watch((now) => now === 'live' && soon())
    return () => {
      clearTimeout(timer)
      stop()
      again()
    }
  }, [reload, wanted])
  return state.path === path ? { data: state.data, error: state.error, reload } : { reload }
}

export interface Pages<T> extends Resource<Page<T>> {
  /** Reads one page more; undefined when there is none. */
  more?: () => void
}

async function getPages<T>(path: string, n: number): Promise<Page<T>> {
  const items: T[] = []
  for (let cursor = ''; ; ) {
    const page = await get<Page<T>>(path + cursor)
    items.push(...page.items)
    if (!page.next || --n <= 0) return { items, next: page.next }
    cursor = `&cursor=${encodeURIComponent(page.next)}`
  }
}

/**
 * A list of which the host gives out a part at a time: the first of them, and more when they are asked for.
 * @param path with its `limit`, a page's
 */
export function usePages<T>(path: string | null, topics: string[] = []): Pages<T> {
  const [asked, ask] = useState({ path, n: 1 })
  const n = asked.path === path ? asked.n : 1
  const all = useResource<Page<T>>(path, topics, useCallback((of: string) => getPages<T>(of, n), [n]))
  return { ...all, more: all.data?.next ? () => ask({ path, n: n + 1 }) : undefined }
}
