// SPDX-License-Identifier: Apache-2.0
// The policy that somebody is writing: kept while the page is, so that one can look at other things meanwhile. The host has none of it
// until it is proposed.
import { value } from './signal'
import type { Json } from './types'

/** What is written, and the version that was in force when its author last looked. */
interface Draft {
  text: string
  of: string
}

/** undefined: nothing was changed. */
export const draft = value<Draft | undefined>(undefined)

export interface Policy {
  version: string
  document: Document
  sentences: Json[]
}

export interface Limit extends Json {
  name?: string
  per?: string
  sum?: string
  max?: number
  then?: string
}

interface Rule extends Json {
  name: string
  limits?: Limit[]
}

export interface Document extends Json {
  rules: Rule[]
  limits?: Limit[]
}

export const kinds = ['rules', 'limits', 'quiet_hours', 'freezes'] as const
export const kindNames: Record<string, string> = { rules: 'Rule', limits: 'Limit', quiet_hours: 'Quiet hours', freezes: 'Freeze' }

const listOf = (document: Json, kind: string): Json[] => {
  const list = document[kind]
  return Array.isArray(list) ? (list as Json[]) : []
}

export const pretty = (what: unknown): string => JSON.stringify(what, null, 2)

/** The named parts of a policy, with their pointers. */
export function marksOf(document: Json): [string, string][] {
  return kinds.flatMap((kind) => listOf(document, kind).map((one, i): [string, string] => [`${kindNames[kind]} ${String(one['name'])}`, `/${kind}/${i}`]))
}

export interface Difference {
  kind: string
  name: string
  was?: Json
  is?: Json
}

/** What is added, changed or taken away, by name: the order of a policy says nothing. */
export function differences(was: Json, is: Json): Difference[] {
  return kinds.flatMap((kind) => {
    const before = new Map(listOf(was, kind).map((one) => [String(one['name']), one]))
    const after = new Map(listOf(is, kind).map((one) => [String(one['name']), one]))
    return [...new Set([...before.keys(), ...after.keys()])]
      .filter((name) => JSON.stringify(before.get(name)) !== JSON.stringify(after.get(name)))
      .map((name) => ({ kind, name, was: before.get(name), is: after.get(name) }))
  })
}

/** The limits that a policy sets, named as the host names them. */
export function limitsOf(document: Document): Limit[] {
  const own = (document.rules ?? []).flatMap((rule) =>
    (rule.limits ?? []).map((one, i, all) => ({ ...one, name: one.name ?? (all.length === 1 ? rule.name : `${rule.name}/${i + 1}`) })),
  )
  return [...(document.limits ?? []), ...own]
}
