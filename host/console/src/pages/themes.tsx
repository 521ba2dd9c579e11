// SPDX-License-Identifier: Apache-2.0
// The shops' themes and what their checks found; a check, a publication that is asked for, and the way back.
import { post } from '../api'
import { show, when } from '../format'
import { useResource } from '../resource'
import { go, href, route } from '../router'
import { has } from '../session'
import { useValue } from '../signal'
import type { Json, Page } from '../types'
import { Act } from '../ui/act'
import { Make } from '../ui/make'
import { Load } from '../ui/states'
import { Table } from '../ui/table'

interface Check extends Json {
  job: string
  task: string
  state: string
  green: boolean | null
  errors: number | null
  warnings: number | null
  proposal?: string | null
  current?: boolean | null
}

/** Of which commit a theme is. */
interface Origin {
  repository: string
  branch: string
  sha: string
  at: string | null
  job: string
  current: boolean | null
}

interface Theme extends Json {
  id: string
  theme: string
  shop: string
  name: string
  live: boolean
  processing: boolean
  updated_at: string
  checked: Check | null
  origin: Origin | null
}

interface Report {
  result?: { offences?: Json[]; unread?: string[]; left_out?: number } | null
}

const ask = (task: string, input: Json) => post<{ id: string }>('/jobs', { agent: 'themes_ci', task, input })

/** What a check found, as a tag; nothing before there was one. */
function Verdict({ of }: { of: Check | null }) {
  if (of === null || of.green === null) return <span class="muted">not checked</span>
  return (
    <>
      <span class={`tag ${of.green ? 'low' : 'high'}`}>{of.green ? 'green' : 'red'}</span>
      {show(of.errors)} errors, {show(of.warnings)} warnings
      {of.current === false && <span class="muted"> (its files are others since)</span>}
    </>
  )
}

function From({ of }: { of: Origin | null }) {
  if (of === null) return <span class="muted">Shopify</span>
  return (
    <>
      {of.repository}, {of.branch} at <code>{of.sha.slice(0, 10)}</code>
      {of.current === false && <span class="muted"> (its files are others since)</span>}
    </>
  )
}

/** Where it is, from the line to the check's name. */
function Offences({ job }: { job: string }) {
  const report = useResource<Report>(`/jobs/${encodeURIComponent(job)}`)
  return (
    <Load of={report} what="the offences">
      {({ result }) => (
        <>
          {(result?.unread ?? []).map((path) => (
            <p key={path} class="bad">
              {path} could not be read.
            </p>
          ))}
          <Table
            label="Offences"
            rows={result?.offences ?? []}
            columns={[
              ['Severity', (row) => <span class={`tag ${row['severity'] === 'error' ? 'high' : 'medium'}`}>{show(row['severity'])}</span>],
              ['Where', (row) => <code>{`${show(row['path'])}:${String(row['line'])}:${String(row['column'])}`}</code>],
              ['What', 'message'],
              ['Check', 'check'],
            ]}
          />
          {(result?.left_out ?? 0) > 0 && <p class="muted">{show(result?.left_out)} more are not told.</p>}
        </>
      )}
    </Load>
  )
}

function Buttons({ theme, reload }: { theme: Theme; reload: () => void }) {
  if (!has('operator', 'developer')) return null
  const { theme: id, name, shop, live, processing } = theme
  return (
    <p class="buttons">
      {!processing && <Act name="Check it" primary title={`Check ${name}?`} done="It is being checked." onDo={() => ask('check', { theme: id }).then(reload)} />}
      {!processing && !live && (
        <Act name="Ask to publish" title={`Ask to publish ${name}?`} done="It is checked, and asked for when it is green." onDo={() => ask('promote', { theme: id }).then(reload)}>
          <p>It is checked first. When nothing is wrong, a person is asked.</p>
        </Act>
      )}
      {live && (
        <Act name="Go back" danger title={`Go back to the theme before ${name}?`} done="It is looked for." onDo={() => ask('rollback', { shop }).then((job) => go('jobs', job.id))}>
          <p>To publish the theme that was live before is proposed.</p>
        </Act>
      )}
    </p>
  )
}

function One({ id }: { id: string }) {
  const of = useResource<Page<Check> & { theme: Theme }>(`/themes/${encodeURIComponent(id)}/checks`, ['job.', 'shopify.', 'effect.'])
  return (
    <section class="panel" aria-label="Theme">
      <Load of={of} what="the theme">
        {({ theme, items }) => (
          <>
            <h2>{theme.name}</h2>
            <p>
              {theme.live && <span class="tag low">live</span>}
              {theme.processing && <span class="tag medium">being made</span>}
              <Verdict of={theme.checked} />
            </p>
            {theme.origin && (
              <p>
                From <From of={theme.origin} />, <a href={href('jobs', theme.origin.job)}>{when(theme.origin.at)}</a>
              </p>
            )}
            <Buttons theme={theme} reload={of.reload} />
            {theme.checked && <Offences key={theme.checked.job} job={theme.checked.job} />}
            <h3>Checks</h3>
            <Table
              label="Checks"
              rows={items}
              columns={[
                ['Check', (row) => <a href={href('jobs', String(row['job']))}>{when(row['created_at'] as string)}</a>],
                ['By', 'by'],
                ['Task', 'task'],
                ['State', 'state'],
                ['Found', (row) => (row['error'] ? <span class="bad">{show(row['error'])}</span> : <Verdict of={row as Check} />)],
                ['Proposed', (row) => (row['proposal'] ? <a href={href('approvals', String(row['proposal']))}>its proposal</a> : show(row['reason']))],
              ]}
            />
          </>
        )}
      </Load>
    </section>
  )
}

export function Themes() {
  const { id } = useValue(route)
  const themes = useResource<Page<Theme>>('/themes', ['job.', 'shopify.', 'effect.'])
  return (
    <>
      <h1>Themes</h1>
      {has('operator', 'developer') && (
        <p class="buttons">
          <Make
            name="Stage a branch"
            schema={{ properties: { branch: { type: 'string', maxLength: 200, description: 'Of the repository in the configuration of themes_ci; without it, the one that is named there.' } } }}
            onMake={(input) => post<Json>('/workflows/theme_staging', { input }).then((run) => (go('workflows', String(run['id'])), run))}
          />
        </p>
      )}
      <Load of={themes} what="themes">
        {(page) => (
          <Table
            label="Themes"
            rows={page.items}
            columns={[
              ['Theme', (row) => <a href={href('themes', String(row['id']))}>{show(row['name'])}</a>],
              ['Shop', 'shop'],
              ['Live', (row) => (row['live'] ? <span class="tag low">live</span> : '')],
              ['Last check', (row) => <Verdict of={(row as Theme).checked} />],
              ['From', (row) => <From of={(row as Theme).origin} />],
              ['Files', 'files'],
              ['Changed', (row) => when(row['updated_at'] as string)],
            ]}
          />
        )}
      </Load>
      {id && <One id={id} key={id} />}
    </>
  )
}
