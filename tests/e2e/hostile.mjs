// SPDX-License-Identifier: Apache-2.0
// Every text in every answer of the host carries markup, as if an agent or a file had put it there: on each page, in what each of
// them links to and in each of their dialogs nothing of it may become a part of the page.
import { login, ok, open, run, visit } from './browser.mjs'

const markup = `'"><img class="hostile" src="x" onerror="document.title=1"><svg class="hostile" onload="document.title=1">{{7*7}}`
// What the console decides by, or asks with: it is the host's own, in a shape that it promises.
const structural = /^(id|uid|state|kind|decision|risk|role|roles|type|next|cursor|digest|version|policy_version|hash|unit|format|severity|.*_at|at|start|until|workspace|currency|permissions|.*_id)$/

function poison(value, name) {
  if (typeof value === 'string') return structural.test(name) || /^-?\d+(\.\d+)?$/.test(value) ? value : value + markup
  if (Array.isArray(value)) return value.map((one) => poison(one, name))
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, poison(one, key)]))
  return value
}

// The host knows things by their names as they are.
const asked = (request) => ({
  url: request.url().replaceAll(encodeURIComponent(markup), ''),
  postData: request.postData()?.replaceAll(JSON.stringify(markup).slice(1, -1), ''),
})

let poisoned = 0
async function answerHostilely(route) {
  const response = await route.fetch(asked(route.request()))
  const type = response.headers()['content-type'] ?? ''
  if (!/[/+]json(;|$)/.test(type) || /\/auth\/(me|login)$/.test(route.request().url())) return route.fulfill({ response })
  poisoned++
  return route.fulfill({ response, json: poison(await response.json()) })
}

async function inert(page, what) {
  const made = await page.evaluate(() =>
    [...document.querySelectorAll('.hostile, [onerror], [onload], a[href^="javascript" i], iframe, main img')].map((one) => one.outerHTML))
  ok(made.length === 0 && (await page.title()) !== '1', `${what}: markup stays text`, made.join('\n'))
}

const isShown = (page) => page.evaluate(() => document.querySelector('main').innerText.includes('class="hostile"'))

async function everyDialog(page, what) {
  const buttons = page.locator('main button:visible:enabled')
  const n = await buttons.count()
  for (let i = 0; i < n; i++) {
    const name = await buttons.nth(i).innerText()
    await buttons.nth(i).click({ timeout: 2000 }).catch(() => undefined)
    const dialog = page.getByRole('dialog')
    if (!(await dialog.isVisible())) continue
    await inert(page, `${what}, ${name.replace(/\s.*/s, '')}…`)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
  }
}

async function everyLink(page, name) {
  const links = await page.evaluate((of) => [...document.querySelectorAll(`main a[href^="#/${of}/"]`)].map((one) => one.getAttribute('href').slice(2)), name)
  for (const to of [...new Set(links)].slice(0, 3)) {
    await visit(page, to)
    await inert(page, `what ${name} links to`)
    await everyDialog(page, `what ${name} links to`)
  }
}

await run(async (browser) => {
  const page = await open(browser)
  await login(page)
  await page.context().route('**/api/v1/**', answerHostilely)
  let shown = 0
  for (const name of ['overview', 'approvals', 'activity', 'agents', 'jobs', 'workflows', 'season', 'products', 'themes', 'sync', 'policy', 'simulate', 'audit', 'settings']) {
    await visit(page, name)
    await inert(page, name)
    shown += await isShown(page)
    await everyLink(page, name)
    await visit(page, name)
    if (name !== 'simulate') await everyDialog(page, name) // it has none, and its button would name an agent that is not there
  }
  ok(poisoned > 20 && shown >= 8, `${poisoned} answers carried markup, ${shown} pages show it`)
})
