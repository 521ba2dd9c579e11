// SPDX-License-Identifier: Apache-2.0
// build.mjs DIR OUT.c OUT.h DEPFILE: bundles the console into DIR, each file also gzipped, and makes a GResource of it. Files
// below assets/ carry a hash of their content in their names, so that a browser may keep them for good.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync, mkdirSync, rmSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const here = dirname(fileURLToPath(import.meta.url))
const [folder, outC, outH, depfile] = process.argv.slice(2)
if (depfile === undefined) {
  console.error('usage: build.mjs DIR OUT.c OUT.h DEPFILE')
  process.exit(2)
}
const dir = resolve(folder)
const esbuild = createRequire(join(here, 'package.json'))('esbuild')

rmSync(dir, { recursive: true, force: true })
mkdirSync(join(dir, 'assets'), { recursive: true })
const result = await esbuild.build({
  absWorkingDir: here,
  entryPoints: { app: 'src/main.tsx' },
  bundle: true,
  format: 'esm',
  target: 'es2021',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  minify: true,
  legalComments: 'none',
  charset: 'utf8',
  entryNames: '[name]-[hash]',
  outdir: join(dir, 'assets'),
  metafile: true,
  logLevel: 'warning',
  loader: { '.svg': 'dataurl' },
})

const assets = readdirSync(join(dir, 'assets')).sort()
const named = (end) => {
  const found = assets.find((name) => name.endsWith(end))
  if (found === undefined) throw new Error(`the bundle holds no ${end}`)
  return found
}
const icon = 'icon.svg'
writeFileSync(join(dir, 'assets', icon), readFileSync(join(here, 'src', icon)))
const page = readFileSync(join(here, 'src', 'index.html'), 'utf8')
  .replace('%SCRIPT%', `assets/${named('.js')}`)
  .replace('%STYLE%', `assets/${named('.css')}`)
  .replace('%ICON%', `assets/${icon}`)
writeFileSync(join(dir, 'index.html'), page)

const files = ['index.html', ...[...assets, icon].map((name) => `assets/${name}`)]
for (const name of files) writeFileSync(join(dir, `${name}.gz`), gzipSync(readFileSync(join(dir, name)), { level: 9 }))

const xml = join(dir, 'console.gresource.xml')
writeFileSync(xml, `<?xml version="1.0" encoding="UTF-8"?>
<gresources>
  <gresource prefix="/royal/console">
${files.flatMap((name) => [name, `${name}.gz`]).map((name) => `    <file>${name}</file>`).join('\n')}
  </gresource>
</gresources>
`)
for (const [what, out] of [['--generate-source', outC], ['--generate-header', outH]])
  execFileSync('glib-compile-resources', [what, '--internal', '--c-name=rh_console', `--sourcedir=${dir}`, `--target=${out}`, xml])

// What it was made from: ninja makes it again when one of them changes.
const inputs = Object.keys(result.metafile.inputs).map((name) => join(here, name))
for (const name of ['src/index.html', `src/${icon}`, 'package.json', 'package-lock.json', 'build.mjs']) inputs.push(join(here, name))
const escaped = inputs.map((name) => relative(process.cwd(), name).replace(/[ #$\\]/g, '\\$&'))
writeFileSync(depfile, `${relative(process.cwd(), outC)}: ${escaped.join(' ')}\n`)
