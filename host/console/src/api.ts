// SPDX-License-Identifier: Apache-2.0
// The client of the HTTP API: one function, and errors that say what the host said.
import { session, type Session } from './session'
import type { Json, Status } from './types'

const base = '/api/v1'

/** A problem document (RFC 9457), or that the host could not be reached (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly pointer?: string,
    readonly requestId?: string,
  ) {
    super(message)
  }
}

/** Whether what was to be changed is not what it was when it was read. */
export const isStale = (error: unknown): boolean => error instanceof ApiError && error.status === 412

function headers(method: string, now: Session | null | undefined): Record<string, string> {
  const out: Record<string, string> = { Accept: 'application/json' }
  if (now?.token) out['Authorization'] = `Bearer ${now.token}`
  if (now?.csrf && method !== 'GET') out['X-CSRF-Token'] = now.csrf
  return out
}

async function problem(answer: Response): Promise<ApiError> {
  try {
    const body = (await answer.json()) as { detail?: string; title?: string; pointer?: string; request_id?: string }
    return new ApiError(answer.status, body.detail || body.title || `the host answered ${answer.status}`, body.pointer, body.request_id)
  } catch {
    return new ApiError(answer.status, `the host answered ${answer.status}`)
  }
}

/** What the host refused; who it does not know any more is put out, unless they have logged in anew meanwhile. */
async function refusal(answer: Response, as: Session | null | undefined): Promise<ApiError> {
  const error = await problem(answer)
  if (answer.status === 401 && as && session.get() === as) session.set(null)
  return error
}

async function send(method: string, path: string, body?: BodyInit, type?: string, match?: string, as = session.get()): Promise<Response> {
  let answer: Response
  try {
    const head = headers(method, as)
    if (type) head['Content-Type'] = type
    if (match) head['If-Match'] = match
    answer = await fetch(base + path, { method, headers: head, body, credentials: 'same-origin', cache: 'no-store' })
  } catch {
    throw new ApiError(0, 'The host cannot be reached.')
  }
  if (answer.ok) return answer
  throw await refusal(answer, as)
}

export const get = async <T>(path: string): Promise<T> => (await send('GET', path)).json() as Promise<T>
export const text = async (path: string): Promise<string> => (await send('GET', path)).text()
export const del = async <T>(path: string): Promise<T> => (await send('DELETE', path)).json() as Promise<T>

/** What is there, and what of it is to be named when it is changed: see Make. */
export interface Seen {
  now: Json
  etag: string
}

export async function look(path: string): Promise<Seen> {
  const answer = await send('GET', path)
  return { now: (await answer.json()) as Json, etag: answer.headers.get('ETag') ?? '' }
}

const write = (method: string) => async <T>(path: string, body: unknown, match?: string): Promise<T> =>
  (await send(method, path, JSON.stringify(body), 'application/json', match)).json() as Promise<T>

/** @param match the ETag that it was read with: of another state it is refused, see isStale() */
export const put = write('PUT')
export const patch = write('PATCH')

/** @param body undefined: a request that takes none */
export async function post<T>(path: string, body?: unknown): Promise<T> {
  const answer = body === undefined ? await send('POST', path) : await send('POST', path, JSON.stringify(body), 'application/json')
  return (await answer.json()) as T
}

export async function postText(path: string, body: unknown): Promise<string> {
  return (await send('POST', path, JSON.stringify(body), 'application/json')).text()
}

/** Sends a form with a file, and says how much of it is gone (0 to 1): fetch() does not tell. */
export function upload(path: string, form: FormData, progress: (part: number) => void): Promise<Json> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const as = session.get()
    request.open('POST', base + path)
    for (const [name, text] of Object.entries(headers('POST', as))) request.setRequestHeader(name, text)
    request.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0)
    request.onerror = () => reject(new ApiError(0, 'The host cannot be reached.'))
    request.onload = () => {
      const answer = new Response(request.responseText, { status: request.status })
      if (answer.ok) answer.json().then(resolve, () => reject(new ApiError(answer.status, 'The host answered with what is no JSON.')))
      else void refusal(answer, as).then(reject)
    }
    request.send(form)
  })
}

interface Me {
  user: string
  name?: string
  workspace: string
  workspaces?: string[]
  roles: string[]
  csrf: string
  must_change_password?: boolean
}

const ofMe = (me: Me): Session => ({
  name: me.name || me.user,
  user: me.user,
  workspace: me.workspace,
  workspaces: me.workspaces,
  roles: me.roles,
  csrf: me.csrf,
  mustChangePassword: me.must_change_password,
})

/** Finds out whether the browser holds a session. */
export async function resume(): Promise<void> {
  try {
    session.set(ofMe(await get<Me>('/auth/me')))
  } catch {
    session.set(null)
  }
}

/** @param workspace without it, the host chooses */
export async function login(user: string, password: string, code: string, workspace?: string): Promise<void> {
  const body = { user, password, ...(code ? { code } : {}), ...(workspace ? { workspace } : {}) }
  const answer = await send('POST', '/auth/login', JSON.stringify(body), 'application/json', undefined, null)
  session.set(ofMe((await answer.json()) as Me))
}

export async function useToken(token: string): Promise<void> {
  const trial: Session = { name: '', workspace: '', roles: [], token }
  const status = (await (await send('GET', '/status', undefined, undefined, undefined, trial)).json()) as Status
  session.set({ name: status.caller.name, workspace: status.workspace.name, roles: status.caller.roles, token })
}

export async function logout(): Promise<void> {
  try {
    if (!session.get()?.token) await post('/auth/logout')
  } finally {
    session.set(null)
  }
}

export async function changePassword(was: string, next: string): Promise<void> {
  session.set(ofMe(await post<Me>('/auth/password', { password: was, new: next })))
}
