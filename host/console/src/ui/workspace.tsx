// SPDX-License-Identifier: Apache-2.0
// The workspace, and the way to another: a session belongs to one, so that the user logs in to the other.
import { useState } from 'preact/hooks'
import { ApiError, login } from '../api'
import { session } from '../session'
import { useValue } from '../signal'
import { Ask } from './ask'

export function Workspace() {
  const who = useValue(session)
  const [to, setTo] = useState<string>()
  const [password, setPassword] = useState('')
  const [code, setCode] = useState<string>()
  if (!who?.user || (who.workspaces?.length ?? 0) < 2) return <span class="muted">{who?.workspace}</span>
  const user = who.user
  const change = async () => {
    try {
      await login(user, password, code ?? '', to)
    } catch (error) {
      if (error instanceof ApiError && error.pointer === '/code') setCode('')
      throw error
    }
  }
  const close = () => {
    setTo(undefined)
    setPassword('')
    setCode(undefined)
  }
  return (
    <>
      <label class="inline">
        <span class="hidden">Workspace</span>
        <select value={who.workspace} onChange={(event) => event.currentTarget.value !== who.workspace && setTo(event.currentTarget.value)}>
          {who.workspaces?.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      {to && (
        <Ask title={`Log in to ${to}`} action="Log in" onDo={change} onClose={close}>
          <label>
            Password of {user}
            <input class="wide" type="password" autoComplete="current-password" required value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
          </label>
          {code !== undefined && (
            <label>
              Code of your second factor
              <input class="wide" inputMode="numeric" autoComplete="one-time-code" required value={code} onInput={(event) => setCode(event.currentTarget.value)} />
            </label>
          )}
        </Ask>
      )}
    </>
  )
}
