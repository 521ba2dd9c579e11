// SPDX-License-Identifier: Apache-2.0
// The states that every list has besides its data.
import type { ComponentChildren } from 'preact'
import type { Pages, Resource } from '../resource'

export const Loading = ({ what }: { what: string }) => (
  <p class="state" role="status">
    Loading {what}…
  </p>
)

export const Empty = ({ children }: { children: ComponentChildren }) => <p class="state">{children}</p>

export const Failure = ({ error, retry }: { error: Error; retry?: () => void }) => (
  <div class="state bad" role="alert">
    <p>{error.message}</p>
    {retry && (
      <button type="button" onClick={retry}>
        Try again
      </button>
    )}
  </div>
)

/** Draws the data of @of, and what there is to say until it is there. Old data stays while new is read or fails. */
export function Load<T>({ of, what, children }: { of: Resource<T>; what: string; children: (data: T) => ComponentChildren }) {
  return (
    <>
      {of.error && <Failure error={of.error} retry={of.reload} />}
      {of.data !== undefined ? children(of.data) : !of.error && <Loading what={what} />}
    </>
  )
}

/** Says of a list that it goes on, and lets it. */
export function More<T>({ of, what }: { of: Pages<T>; what: string }) {
  if (!of.more) return null
  return (
    <p class="buttons">
      <span class="muted">
        {of.data?.items.length} {what} are shown, and there are more.
      </span>
      <button type="button" onClick={of.more}>
        Show more {what}
      </button>
    </p>
  )
}
