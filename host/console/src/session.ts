// SPDX-License-Identifier: Apache-2.0
// Who uses the console. A session is the host's cookie, which no script can read, and its CSRF token; an access token is held
// in memory alone, and is gone with the page.
import { value } from './signal'

export interface Session {
  name: string
  /** What they log in as; who uses a token does not. */
  user?: string
  workspace: string
  /** All that the user is in. */
  workspaces?: string[]
  roles: string[]
  csrf?: string
  token?: string
  mustChangePassword?: boolean
}

/** null: nobody has logged in; undefined: it is not known yet. */
export const session = value<Session | null | undefined>(undefined)

export const has = (...roles: string[]): boolean => session.get()?.roles.some((role) => role === 'admin' || roles.includes(role)) ?? false
