// SPDX-License-Identifier: Apache-2.0
// A one-time password is changed before anything else can be done.
import { changePassword, logout } from '../api'
import { session } from '../session'
import { Ask } from '../ui/ask'
import { useState } from 'preact/hooks'

export function Password() {
  const [was, setWas] = useState('')
  const [next, setNext] = useState('')
  return (
    <main class="login panel">
      <h1>Choose a password</h1>
      <Ask title="The password that you were given works once" action="Change it" onDo={() => changePassword(was, next)} onClose={() => session.get()?.mustChangePassword && void logout().catch(() => undefined)}>
        <label>
          Password that you were given
          <input class="wide" type="password" autoComplete="current-password" required value={was} onInput={(event) => setWas(event.currentTarget.value)} />
        </label>
        <label>
          New password, at least 12 characters
          <input class="wide" type="password" autoComplete="new-password" required minLength={12} value={next} onInput={(event) => setNext(event.currentTarget.value)} />
        </label>
      </Ask>
    </main>
  )
}
