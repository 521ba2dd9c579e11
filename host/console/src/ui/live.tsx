// SPDX-License-Identifier: Apache-2.0
// What happened is told where one looks, and to those who listen: one live region for the page.
import { useEffect } from 'preact/hooks'
import { useValue, value } from '../signal'

const shownMs = 6000
const said = value<{ text: string; bad?: boolean } | null>(null)

export const say = (text: string) => said.set({ text })
export const sayBad = (text: string) => said.set({ text, bad: true })

export function Live() {
  const now = useValue(said)
  useEffect(() => {
    if (!now || now.bad) return
    const timer = setTimeout(() => said.get() === now && said.set(null), shownMs)
    return () => clearTimeout(timer)
  }, [now])
  return (
    <div class="live" role="status" aria-live="polite">
      {now && (
        <p class={now.bad ? 'toast bad' : 'toast'}>
          {now.text}{' '}
          <button type="button" class="plain" aria-label="Dismiss" onClick={() => said.set(null)}>
            ×
          </button>
        </p>
      )}
    </div>
  )
}
