// SPDX-License-Identifier: Apache-2.0
// The keyboard: one letter each, and never while somebody types.
import { useLayoutEffect } from 'preact/hooks'

export const help: [string, string][] = [
  ['?', 'This help'],
  ['g, then o', 'Overview'],
  ['g, then a', 'Approvals'],
  ['g, then f', 'Activity'],
  ['g, then j', 'Jobs'],
  ['g, then w', 'Workflows'],
  ['g, then s', 'Season'],
  ['g, then d', 'Products'],
  ['g, then h', 'Themes'],
  ['g, then y', 'Sync'],
  ['g, then p', 'Policy'],
  ['g, then i', 'Simulate'],
  ['g, then u', 'Audit'],
  ['g, then t', 'Settings'],
  ['j / k', 'Next, previous proposal'],
  ['a', 'Approve'],
  ['r', 'Reject'],
  ['m', 'Modify'],
  ['u', 'Undo'],
  ['Esc', 'Close a dialog'],
]

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

export function useKeys(map: Record<string, () => void>) {
  useLayoutEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return
      if (document.querySelector('dialog[open]')) return
      const run = map[event.key]
      if (!run) return
      event.preventDefault()
      run()
    }
    document.addEventListener('keydown', listener)
    return () => document.removeEventListener('keydown', listener)
  })
}
