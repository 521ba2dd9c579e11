// SPDX-License-Identifier: Apache-2.0
// What the tests in a browser share: the distribution's Chromium on a host that runs, and TAP. E2E_URL, E2E_TOKEN, E2E_BROWSER and
// E2E_SHOTS say where and what.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const { E2E_URL: url, E2E_TOKEN: token, E2E_BROWSER: executablePath, E2E_SHOTS: shots } = process.env
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const patienceMs = 30000

let number = 0
let failed = 0
export function ok(holds, name, detail = '') {
  console.log(`${holds ? 'ok' : 'not ok'} ${++number} - ${name}`)
  if (!holds) failed++
  if (!holds && detail) console.log(String(detail).replace(/^/gm, '# '))
}

const foreign = []
const faults = []
let refusals = 0
/** The host is about to refuse something, as the test means it to: a browser writes that on its console. */
export const refused = () => refusals++

const expelled = new WeakSet()
/** Whoever looks at this page is put out now: what their page still asks for is refused, however much that is. */
export const expel = (page) => expelled.add(page)

/** Whether it comes to be visible. */
export const seen = (locator) => locator.waitFor().then(() => true, () => false)

export async function open(browser, options) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(patienceMs)
  page.on('pageerror', (error) => faults.push(error.message))
  // A console message of this level is how a browser tells of a breach of the Content-Security-Policy. Before somebody has
  // logged in, /auth/me is refused, and that is as it should be.
  page.on('console', (message) => {
    if (/status of 401 /.test(message.text()) && expelled.has(page)) return
    if (/status of 4(03|09|12|22) /.test(message.text()) && refusals > 0) refusals--
    else if (message.type() === 'error' && !message.location().url.endsWith('/auth/me')) faults.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) foreign.push(request.url())
  })
  await page.goto(url)
  return page
}

export async function login(page) {
  await page.getByRole('button', { name: 'Use an access token' }).click()
  await page.getByLabel('Access token').fill(token)
  await page.keyboard.press('Enter')
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
}

export async function accessible(page, what) {
  await page.evaluate(axe)
  const found = await page.evaluate(async () => {
    const result = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
    return result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.html} ${node.failureSummary}`).join('\n  ')}`)
  })
  ok(found.length === 0, `axe finds nothing: ${what}`, found.join('\n'))
}

/** The same in both themes: the page's own choice of them. */
export async function everyTheme(page, what) {
  for (const name of ['light', 'dark']) {
    await page.locator('header').getByRole('combobox').selectOption(name)
    await accessible(page, `${what}, ${name}`)
  }
  await page.locator('header').getByRole('combobox').selectOption('auto')
}

/** Whether nothing that was written by others became a part of the page or ran. */
export async function inert(page) {
  const made = await page.evaluate(() => [...document.querySelectorAll('main img, main script, main iframe, main svg, main style')].map((one) => one.outerHTML))
  ok(made.length === 0 && (await page.title()) !== '1', 'what people, agents and files write stays text', made.join('\n'))
}

const widths = [360, 768, 1440]
/** Whether the page fits each width, with pictures. */
export async function fits(page, name) {
  const over = () => document.documentElement.scrollWidth - document.documentElement.clientWidth
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 })
    await page.waitForFunction(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth, null, { timeout: 3000 }).catch(() => undefined)
    const found = await page.evaluate(over)
    ok(found <= 0, `${name} fits ${width} px`, `${found} px too wide`)
    await picture(page, `${name}-${width}`)
  }
  await page.setViewportSize({ width: 1440, height: 900 })
}

export const visit = async (page, name) => {
  await page.evaluate((to) => (location.hash = `#/${to}`), name)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.waitForFunction(() => !document.querySelector('main .state[role=status]'))
}

/** A picture of the page, or of what the browser shows of it: full says which. */
export const picture = (page, name, full = false) => page.screenshot({ path: join(shots, `${name}.png`), fullPage: full })

/** Answers the dialog that is open by the button of that name. */
export const answer = (page, name) => page.getByRole('dialog').getByRole('button', { name, exact: true }).click()

/** Opens the first proposal of that action that waits. */
export async function choose(page, action) {
  await visit(page, 'approvals')
  await page.getByRole('region', { name: 'Queue' }).getByRole('link').filter({ hasText: action }).first().click()
  await page.getByRole('heading', { level: 2, name: `${action}: ` }).waitFor()
}

export const isNow = (page, state) => page.locator('main section .tag', { hasText: new RegExp(`^${state}$`) }).first().waitFor()

/** Runs the test with a browser, and ends the program. */
export async function run(test) {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  try {
    await test(browser)
    ok(foreign.length === 0, 'nothing is asked of anyone else', foreign.join('\n'))
    ok(refusals === 0, 'the host refused what it was to refuse')
    ok(faults.length === 0, 'no error, and no breach of the policy', faults.join('\n'))
  } catch (error) {
    ok(false, 'the browser went through', [error.stack, ...faults].join('\n'))
    let n = 0
    for (const context of browser.contexts()) for (const page of context.pages()) await picture(page, `failed-${n++}`)
  } finally {
    await browser.close()
  }
  console.log(`1..${number}`)
  process.exit(failed ? 1 : 0)
}
