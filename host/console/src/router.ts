// SPDX-License-Identifier: Apache-2.0
// The URL holds the view: `#/approvals/ID?risk=high`.
import { value } from './signal'

export interface Route {
  page: string
  id?: string
  query: URLSearchParams
}

function parse(): Route {
  const [path = '', query] = location.hash.replace(/^#\/?/, '').split('?')
  const [page, id] = path.split('/')
  let decoded: string | undefined
  try {
    decoded = id ? decodeURIComponent(id) : undefined
  } catch {
    decoded = undefined
  }
  return { page: page || 'overview', id: decoded, query: new URLSearchParams(query) }
}

export const route = value<Route>(parse())
window.addEventListener('hashchange', () => route.set(parse()))

export function href(page: string, id?: string, query?: Record<string, string | undefined>): string {
  const out = new URLSearchParams()
  for (const [name, text] of Object.entries(query ?? {})) if (text) out.set(name, text)
  return `#/${page}${id ? `/${encodeURIComponent(id)}` : ''}${String(out) ? `?${out}` : ''}`
}

export const go = (page: string, id?: string, query?: Record<string, string | undefined>) => {
  location.hash = href(page, id, query)
}
