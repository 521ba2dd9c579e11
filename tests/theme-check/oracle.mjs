// SPDX-License-Identifier: Apache-2.0
// oracle.mjs ROYALCTL DOCS — `royalctl theme check` beside Shopify's own theme-check, on themes with something wrong (themes.mjs): of
// the checks that both have, what theirs finds ours finds, at the same line of the same file. TAP.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { themeCheckRun } from '@shopify/theme-check-node'
import { beyond, cases, large, sound } from './themes.mjs'

const [royalctl, docs] = process.argv.slice(2)
// The checks that both have are in the first of its tables.
const table = readFileSync(docs, 'utf8').split('## The checks')[1].split('And what theme-check does not look for')[0]
const covered = new Set([...table.matchAll(/^\| `(\w+)` \|/gm)].map((row) => row[1]))
const dir = mkdtempSync(join(tmpdir(), 'royal-theme-'))
process.on('exit', () => rmSync(dir, { recursive: true, force: true }))

const results = []
function verdict (what, failures) {
  for (const line of failures.slice(0, 40)) console.log(`# ${line}`)
  results.push(failures.length === 0)
  console.log(`${failures.length === 0 ? 'ok' : 'not ok'} ${results.length} - ${what}`)
}

let count = 0
function written (files) {
  const root = join(dir, String(++count))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

// Where JSON or Liquid cannot be read, the two call the same thing by different names: by what their parsers stumble over.
const kinds = {
  JSONSyntaxError: 'Json', ValidJSON: 'Json', ValidSchema: 'Json', LiquidHTMLSyntaxError: 'Syntax', LiquidSyntaxError: 'Syntax',
}
const place = (check, path, line) => `${kinds[check] ?? check} ${path}:${line}`

async function theirs (root) {
  const { offenses } = await themeCheckRun(root, 'theme-check:recommended')
  return new Set(offenses.filter((o) => covered.has(o.check) || o.check in kinds)
    .map((o) => place(o.check, decodeURIComponent(o.uri).split(`${root}/`)[1], o.start.line + 1)))
}

function ours (root, all = false) {
  const run = spawnSync(royalctl, ['theme', 'check', '--json', root], { encoding: 'utf8', maxBuffer: 1 << 28 })
  if (run.status > 1 || run.stderr !== '') throw new Error(`status ${run.status}: ${run.stderr}`)
  const report = JSON.parse(run.stdout)
  if (report.left_out > 0) throw new Error(`${report.left_out} left out`)
  return new Set(report.offences.filter((o) => all || covered.has(o.check)).map((o) => place(o.check, o.path, o.line)))
}

const without = (a, b) => [...a].filter((x) => !b.has(x))

const missed = (name, found, expected) => without(expected, found).map((x) => `${name}: only theirs: ${x}`)
const beside = (name, found, expected) => without(found, expected).map((x) => `${name}: only ours: ${x}`)

console.log('1..6')
{
  const root = written(sound)
  verdict('neither finds anything in a sound theme',
    [...[...await theirs(root)].map((x) => `theirs: ${x}`), ...[...ours(root, true)].map((x) => `ours: ${x}`)])
}
{
  const missing = []
  const more = []
  const seen = new Set()
  let offences = 0
  for (const [check, files] of cases) {
    const root = written({ ...sound, ...files })
    const expected = await theirs(root)
    const name = `${check} ${JSON.stringify(Object.values(files)[0].slice(0, 80))}`
    const found = ours(root)
    if (check !== null && ![...expected].some((x) => x.startsWith(`${kinds[check] ?? check} `))) missing.push(`${name}: theirs does not find it`)
    if (check !== null) seen.add(check)
    offences += expected.size
    missing.push(...missed(name, found, expected))
    more.push(...beside(name, found, expected))
  }
  console.log(`# ${cases.length} themes, ${offences} offences of ${seen.size} checks`)
  verdict('what theirs finds ours finds, at the same line', missing)
  verdict('each check that both have is tried', without(covered, seen))
  verdict('and finds nothing else', more)
}
{
  const failures = []
  for (const [check, path, line, files] of beyond) {
    const root = written({ ...sound, ...files })
    if (!ours(root, true).has(place(check, path, line))) failures.push(`${check}: ours does not find it`)
    for (const x of await theirs(root)) failures.push(`${check}: theirs finds ${x}`)
  }
  verdict('ours finds what theirs misses', failures)
}
{
  const files = large()
  const root = written(files)
  const bytes = Object.values(files).reduce((sum, text) => sum + text.length, 0)
  const start = process.hrtime.bigint()
  const found = ours(root)
  const middle = process.hrtime.bigint()
  const expected = await theirs(root)
  const seconds = (from, to) => (Number(to - from) / 1e9).toFixed(2)
  console.log(`# ${Object.keys(files).length} files, ${(bytes / 1e6).toFixed(1)} MB, ${expected.size} offences: `
    + `ours ${seconds(start, middle)} s, theirs ${seconds(middle, process.hrtime.bigint())} s`)
  verdict('a theme of a real size', [...missed('large', found, expected), ...beside('large', found, expected)])
}
process.exitCode = results.every(Boolean) ? 0 : 1
