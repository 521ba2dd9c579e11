// SPDX-License-Identifier: Apache-2.0
// The shops: how each is connected, what its app may, and how its last pulls went.
import { useState } from 'preact/hooks'
import { post } from '../api'
import { show, when } from '../format'
import { useResource } from '../resource'
import { has } from '../session'
import type { Json, Page } from '../types'
import { Act } from './act'
import { Dialog } from './dialog'
import { Load } from './states'
import { Table } from './table'

interface Install {
  scopes: string[]
  connected: { at: string; by: string; granted: string[]; missing: string[] } | null
  token: { ends_at: string; error: string | null } | null
  last: { state: string; by: string; ends_at: string; error: string | null } | null
}

interface Pull {
  part: string
  state: string
  ended_at: string | null
  error: string | null
}

interface Shop extends Json {
  shop: string
  domain: string
  install: Install | null
  pulls: Pull[]
}

const going = ['begun', 'opened', 'back']

function Connected({ of }: { of: Install | null }) {
  if (of === null) return <span class="muted">by a token that is set</span>
  const { connected, token, last } = of
  return (
    <>
      {connected ? `${when(connected.at)}, by ${connected.by}` : <span class="tag medium">not connected</span>}
      {token?.error && <p class="bad">Its token, until {when(token.ends_at)}, could not be renewed: {show(token.error)}</p>}
      {last && going.includes(last.state) && <p class="muted">An install is under way until {when(last.ends_at)}.</p>}
      {last?.state === 'expired' && <p class="muted">The last install was not ended in time.</p>}
      {last?.state === 'failed' && <p class="bad">The last install failed: {show(last.error)}</p>}
    </>
  )
}

function Scopes({ of }: { of: Install | null }) {
  if (of === null) return <span class="muted">—</span>
  const missing = of.connected?.missing ?? of.scopes
  return (
    <>
      {of.connected?.granted.map((scope) => <div key={scope}>{scope}</div>)}
      {missing.map((scope) => (
        <div key={`missing ${scope}`}>
          {scope} <span class="tag high">missing</span>
        </div>
      ))}
    </>
  )
}

function Pulls({ of }: { of: Pull[] }) {
  return (
    <>
      {of
        .filter((pull) => pull.part !== 'notes')
        .map((pull) => (
          <div key={pull.part}>
            {pull.part}: {pull.state}
            {pull.ended_at && `, ${when(pull.ended_at)}`}
            {pull.error && <span class="bad"> {pull.error}</span>}
          </div>
        ))}
    </>
  )
}

/** The link is for this browser: it opens once, and leads to Shopify and back. */
function Link({ url, shop, onClose }: { url: string; shop: string; onClose: () => void }) {
  return (
    <Dialog title={`Connect ${shop}`} onClose={onClose}>
      <p>Shopify asks whether the app may do what it asks for, and comes back. The link opens once, within ten minutes.</p>
      <p class="buttons">
        {/^https?:\/\//.test(url) && (
          <a class="button primary" href={url} target="_blank" rel="noreferrer" onClick={onClose}>
            Go to Shopify
          </a>
        )}
        <button type="button" onClick={onClose}>
          Not now
        </button>
      </p>
    </Dialog>
  )
}

export function Shops() {
  const all = useResource<Page<Shop>>('/shopify/shops', ['shopify.'])
  const [link, setLink] = useState<{ shop: string; url: string }>()
  const of = (row: Json) => `/shopify/shops/${encodeURIComponent(String(row['shop']))}`
  const connect = (row: Json) => post<{ url: string }>(`${of(row)}/install`).then(({ url }) => (setLink({ shop: show(row['shop']), url }), all.reload()))
  if (all.data?.items.length === 0) return null
  return (
    <>
      <h2>Shops</h2>
      <Load of={all} what="shops">
        {(page) => (
          <Table
            label="Shops"
            rows={page.items}
            columns={[
              ['Shop', 'shop'],
              ['At Shopify', 'domain'],
              ['Connected', (row) => <Connected of={(row as Shop).install} />],
              ['May', (row) => <Scopes of={(row as Shop).install} />],
              ['Pulled', (row) => <Pulls of={(row as Shop).pulls} />],
              [
                'Actions',
                (row) => (
                  <span class="buttons">
                    {has() && (row as Shop).install && (
                      <Act name={(row as Shop).install?.connected ? 'Connect again' : 'Connect'} label={`Connect ${show(row['shop'])}`}
                        title={`Connect ${show(row['shop'])} by its app?`} done="The link is there." onDo={() => connect(row)}>
                        <p>Its token is kept as a secret of this host when everything that is asked for is granted.</p>
                      </Act>
                    )}
                    {has('operator') && (
                      <Act name="Pull" label={`Pull ${show(row['shop'])}`} title={`Pull ${show(row['shop'])} now?`} done="It will be pulled."
                        onDo={() => post(`${of(row)}/pull`, {}).then(all.reload)} />
                    )}
                  </span>
                ),
              ],
            ]}
          />
        )}
      </Load>
      {link && <Link {...link} onClose={() => setLink(undefined)} />}
    </>
  )
}
