// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks'
import { ApiError, login, useToken } from '../api'

export function Login() {
  const [byToken, setByToken] = useState(false)
  const [error, setError] = useState('')
  const [code, setCode] = useState(false)
  const [pending, setPending] = useState(false)
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const of = (name: string) => String(form.get(name) ?? '').trim()
    setPending(true)
    setError('')
    try {
      await (byToken ? useToken(of('token')) : login(of('user'), String(form.get('password') ?? ''), of('code')))
    } catch (caught) {
      if (caught instanceof ApiError && caught.pointer === '/code') setCode(true)
      setError((caught as Error).message)
      setPending(false)
    }
  }
  return (
    <main class="login panel">
      <h1>Royal</h1>
      <form onSubmit={submit}>
        {byToken ? (
          <label>
            Access token
            <input class="wide" name="token" type="password" autoComplete="off" required />
          </label>
        ) : (
          <>
            <label>
              User
              <input class="wide" name="user" autoComplete="username" required />
            </label>
            <label>
              Password
              <input class="wide" name="password" type="password" autoComplete="current-password" required />
            </label>
            {code && (
              <label>
                Code of your second factor
                <input class="wide" name="code" inputMode="numeric" autoComplete="one-time-code" required />
              </label>
            )}
          </>
        )}
        {error && (
          <p class="bad" role="alert">
            {error}
          </p>
        )}
        <p class="buttons">
          <button type="submit" class="primary" disabled={pending}>
            {pending ? 'Working…' : 'Log in'}
          </button>
          <button type="button" onClick={() => setByToken(!byToken)}>
            {byToken ? 'Use a password' : 'Use an access token'}
          </button>
        </p>
      </form>
      {byToken && <p class="muted">The token is held in memory only, and is gone when the page is loaded again.</p>}
    </main>
  )
}
