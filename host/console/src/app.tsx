// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'preact/hooks'
import { useKeys } from './keys'
import { Activity } from './pages/activity'
import { Agents } from './pages/agents'
import { Approvals } from './pages/approvals'
import { Audit } from './pages/audit'
import { Jobs } from './pages/jobs'
import { Login } from './pages/login'
import { Overview } from './pages/overview'
import { Password } from './pages/password'
import { Policy } from './pages/policy'
import { Products } from './pages/products'
import { Season } from './pages/season'
import { Settings } from './pages/settings'
import { Simulate } from './pages/simulate'
import { Sync } from './pages/sync'
import { Themes } from './pages/themes'
import { Workflows } from './pages/workflows'
import { go, route } from './router'
import { session } from './session'
import { useValue } from './signal'
import { Header } from './ui/header'
import { Help } from './ui/help'
import { Live } from './ui/live'
import { Loading } from './ui/states'

/** The pages, in the order of the navigation. */
export const pages = [
  { name: 'overview', title: 'Overview', show: Overview, key: 'o' },
  { name: 'approvals', title: 'Approvals', show: Approvals, key: 'a' },
  { name: 'activity', title: 'Activity', show: Activity, key: 'f' },
  { name: 'agents', title: 'Agents', show: Agents, key: 'g' },
  { name: 'jobs', title: 'Jobs', show: Jobs, key: 'j' },
  { name: 'workflows', title: 'Workflows', show: Workflows, key: 'w' },
  { name: 'season', title: 'Season', show: Season, key: 's' },
  { name: 'products', title: 'Products', show: Products, key: 'd' },
  { name: 'themes', title: 'Themes', show: Themes, key: 'h' },
  { name: 'sync', title: 'Sync', show: Sync, key: 'y' },
  { name: 'policy', title: 'Policy', show: Policy, key: 'p' },
  { name: 'simulate', title: 'Simulate', show: Simulate, key: 'i' },
  { name: 'audit', title: 'Audit', show: Audit, key: 'u' },
  { name: 'settings', title: 'Settings', show: Settings, key: 't' },
]

export function App() {
  const who = useValue(session)
  const at = useValue(route)
  const [help, setHelp] = useState(false)
  const going = useRef(false)
  const page = pages.find((one) => one.name === at.page)
  const jumps = Object.fromEntries(
    pages.map((one) => [
      one.key,
      () => {
        if (going.current) go(one.name)
        going.current = false
      },
    ]),
  )
  const leader = () => {
    going.current = true
    setTimeout(() => (going.current = false), 1000)
  }
  useKeys({ '?': () => setHelp(true), g: () => (going.current ? jumps['g']?.() : leader()) })
  // After a `g` the next letter is a jump, before the page's own keys see it.
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (!going.current || event.key === 'g' || !(event.key in jumps)) return
      if (event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return
      event.preventDefault()
      event.stopImmediatePropagation()
      jumps[event.key]?.()
    }
    document.addEventListener('keydown', listener, true)
    return () => document.removeEventListener('keydown', listener, true)
  })
  useEffect(() => {
    document.title = who ? `${page?.title ?? 'Not found'} · Royal` : 'Royal'
  }, [page, who])

  if (who === undefined) return <Loading what="Royal" />
  if (who === null) return <Login />
  if (who.mustChangePassword) return <Password />
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the content
      </button>
      <Header key={who.workspace} onHelp={() => setHelp(true)} />
      <main id="main" tabIndex={-1} key={`${who.workspace} ${page?.name}`}>
        {page ? <page.show /> : <h1>There is no such page</h1>}
      </main>
      <Live />
      {help && <Help onClose={() => setHelp(false)} />}
    </>
  )
}
