// SPDX-License-Identifier: Apache-2.0
// Light, dark, or as the system has it.
import { value } from './signal'

export type Theme = 'auto' | 'light' | 'dark'
const key = 'royal.theme'

function stored(): Theme {
  try {
    const found = localStorage.getItem(key)
    return found === 'light' || found === 'dark' ? found : 'auto'
  } catch {
    return 'auto'
  }
}

export const theme = value<Theme>(stored())

export function applyTheme() {
  const now = theme.get()
  if (now === 'auto') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = now
}

export function setTheme(next: Theme) {
  theme.set(next)
  applyTheme()
  try {
    localStorage.setItem(key, next)
  } catch {
    // Nothing is kept then; the choice holds as long as the page.
  }
}
