// SPDX-License-Identifier: Apache-2.0
// What a page reads of the API: loading, an error or the data; read again when an event of the feed concerns it.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { get } from './api'
import { feedState, onEvent } from './feed'

export interface Resource<T> {
  data?: T
  error?: Error
  reload: () => void
}

/**
 * @param path null: nothing is to be read
 * @param topics the beginnings of the kinds of events after which it is read again
 */
export function useResource<T>(path: string | null, topics: string[] = []): Resource<T> {
  const [state, set] = useState<{ path: string | null; data?: T; error?: Error }>({ path })
  const count = useRef(0)
  const reload = useCallback(() => {
    if (path === null) return
    const own = ++count.current
    get<T>(path).then(
      (data) => own === count.current && set({ path, data }),
      (error: Error) => own === count.current && set((old) => ({ path, data: old.path === path ? old.data : undefined, error })),
    )
  }, [path])
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
