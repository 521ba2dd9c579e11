// SPDX-License-Identifier: Apache-2.0
// How values look. Everything that comes from elsewhere ends as text.
const time = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })
const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 4 })

/** What is no time is shown as it is: a page is not lost for it. */
const formatted = (format: Intl.DateTimeFormat, at: string): string => (Number.isNaN(Date.parse(at)) ? at : format.format(new Date(at)))

export const when = (at?: string | null): string => (at ? formatted(time, at) : '—')
export const clockOf = (at: string): string => formatted(clock, at)
export const words = (name: string): string => name.replace(/_pct$/, ' %').replace(/[_.]/g, ' ')

/** "2 h 5 min", "40 s"; of a time that is past: "over". */
export function left(until: string, now: number): string {
  const s = Math.floor((Date.parse(until) - now) / 1000)
  if (!(s > 0)) return 'over'
  if (s < 60) return `${s} s`
  const min = Math.floor(s / 60)
  if (min < 60) return `${min} min ${s % 60} s`
  const h = Math.floor(min / 60)
  return h < 48 ? `${h} h ${min % 60} min` : `${Math.floor(h / 24)} d ${h % 24} h`
}

/** "12.5 %" of a share. */
export const percent = (share: unknown): string => (typeof share === 'number' ? `${show(Math.round(share * 1000) / 10)} %` : '—')

export function show(what: unknown): string {
  if (what === null || what === undefined) return '—'
  if (typeof what === 'number') return number.format(what)
  if (typeof what === 'boolean') return what ? 'yes' : 'no'
  if (typeof what === 'string') return what
  return JSON.stringify(what)
}
