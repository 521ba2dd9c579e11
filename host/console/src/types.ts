// SPDX-License-Identifier: Apache-2.0
// The API's shapes as docs/openapi.json has them, as far as the console reads them. What an agent wrote is `unknown` or text
// that is only ever shown as text.
export type Json = Record<string, unknown>
export type Risk = 'low' | 'medium' | 'high'

export interface Page<T> {
  items: T[]
  next?: string | null
}

export interface Proposal {
  id: string
  state: string
  kind?: string
  undoes?: string | null
  action: string
  target: string
  agent?: string
  /** The job that made it; a person's proposal has none. */
  job?: string | null
  parameters?: Json
  words?: Json
  claims?: Json
  facts?: Json
  before?: unknown
  preview?: Json
  risk: Risk
  decision: string
  rules?: string[]
  reason?: string
  digest: string
  expires_at?: string | null
  created_at?: string
  approvals?: Json[]
  effect?: Json | null
  revision?: number
  supersedes?: string | null
  superseded_by?: string | null
  asks?: Json
  n_items?: number
  reverts_at?: string | null
}

export interface ProposalItem {
  item: number
  target: string
  parameters: Json
  before?: unknown
  facts: Json
  excluded: boolean
}

export interface Revision {
  id: string
  revision: number
  state: string
  created_by?: string
  changes: { name?: string; was?: unknown; is?: unknown }[]
}

/** A season that is on: the last look of the inventory agent's guard, and the sales since its markdown. */
export interface SeasonWatch {
  season: string
  code: string
  week: number
  guard: { job: string; at: string; week?: number; checked?: number; left_off?: number; findings?: Json[] } | null
  markdown: {
    id: string
    proposal: string | null
    markdown_pct: number
    applied_at: string
    after_week: number | null
    pace: number | null
    lift: number | null
    weeks: { week: number; start: string; forecast: number; expected: number; sold: number | null }[]
    sold: number | null
    expected: number | null
    variance: number | null
    threshold: number
    verdict: string
    watch: { job: string; at: string; reason?: string; reforecast?: boolean } | null
  } | null
}

export interface Status {
  version: string
  workspace: { name: string; currency?: string; stopped?: { at: string; by: string; reason: string } | null; pauses?: Json[]; breakers?: Json[] }
  caller: { name: string; roles: string[] }
  agents: number
  jobs: Record<string, number>
  pending_approvals: number
}

export interface FeedEvent {
  id: number
  at: string
  kind: string
  subject?: string | null
  actor?: string | null
  data: Json
}
