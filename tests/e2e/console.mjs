// SPDX-License-Identifier: Apache-2.0
// Drives every page of the console. E2E_PASSWORD (the first administrator's, for one time) and E2E_WEIGHT_MAX (bytes, gzipped) say
// what beside what browser.mjs reads.
import { join } from 'node:path'
import { accessible, expel, fits, login, ok, open, run, seen, visit } from './browser.mjs'

const { E2E_URL: url, E2E_TOKEN: token, E2E_PASSWORD: oneTime, E2E_SHOTS: shots, E2E_WEIGHT_MAX: most } = process.env
const names = ['overview', 'approvals', 'activity', 'agents', 'jobs', 'workflows', 'season', 'products', 'themes', 'sync', 'policy', 'simulate', 'audit', 'settings']

// The weight is what goes over the wire, as the browser reckons it, of the first visit.
async function firstVisit(browser) {
  const page = await open(browser)
  await page.getByRole('heading', { name: 'Royal' }).waitFor()
  const weight = await page.evaluate(() =>
    performance.getEntries().filter((one) => one.encodedBodySize && !one.name.includes('/api/')).reduce((sum, one) => sum + one.encodedBodySize, 0))
  ok(weight > 0 && weight <= Number(most), `the page weighs ${weight} bytes, at most ${most}`)
  const answer = await page.request.get(url)
  const policy = answer.headers()['content-security-policy'] ?? ''
  ok(policy.includes("default-src 'none'") && !policy.includes('unsafe'), 'the policy allows nothing unsafe', policy)
  await accessible(page, 'login')
  await login(page)
  ok(true, 'a token logs in')
  return page
}

async function everyPage(browser) {
  for (const colorScheme of ['light', 'dark']) {
    const page = await open(browser, { colorScheme })
    await login(page)
    for (const name of names) {
      await visit(page, name)
      ok(!(await page.locator('main .state.bad').count()), `${name} shows no error`, await page.locator('main').innerText())
      await accessible(page, `${name}, ${colorScheme}`)
      if (colorScheme === 'light') await fits(page, name)
    }
    await page.context().close()
  }
}

// The whole answer by keyboard, while another browser looks on.
async function approve(page, browser) {
  const other = await open(browser)
  await login(other)
  await visit(other, 'approvals')
  await visit(page, 'approvals')
  await other.getByText('markdown.apply').first().waitFor()
  await page.getByText('markdown.apply').first().waitFor()
  await page.keyboard.press('j')
  await page.getByRole('heading', { name: /^markdown\.apply: / }).waitFor()
  ok(await seen(page.getByText('Facts, as the host observed them')), 'facts stand apart from claims')
  await accessible(page, 'a proposal')
  await page.screenshot({ path: join(shots, 'approval.png'), fullPage: true })
  await page.keyboard.press('r')
  await page.getByRole('dialog', { name: 'Reject?' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.keyboard.press('a')
  await page.getByRole('dialog', { name: 'Approve?' }).waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.locator('main .tag', { hasText: 'executed' }).waitFor()
  ok(true, 'approved and applied, by keyboard alone')
  await other.getByText('Nothing waits for you.').waitFor()
  ok(true, 'another browser sees it without being asked')
  await other.context().close()
  await page.keyboard.press('u')
  await page.getByLabel('Reason').fill('<img src=x onerror=alert(1)>')
  await page.getByRole('button', { name: 'Propose the inverse' }).click()
  await visit(page, 'approvals')
  await page.getByRole('region', { name: 'Queue' }).getByRole('link').first().click()
  await page.getByRole('button', { name: /^Approve/ }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
  await page.locator('main .tag', { hasText: 'executed' }).waitFor()
  ok(!(await page.locator('main img').count()), 'undone; what people and agents write stays text')
}

async function stop(page) {
  await page.getByRole('button', { name: 'Stop everything' }).click()
  await page.getByRole('dialog').getByLabel('Reason').fill('a test')
  await page.getByRole('dialog').getByRole('button', { name: 'Stop everything' }).click()
  await page.getByText('Everything is stopped: a test').waitFor()
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click()
  await page.getByRole('button', { name: 'Stop everything' }).waitFor()
  ok(true, 'stopped, and resumed')
}

// More has happened than is shown: what is shown is the end of it.
async function lately(page) {
  const post = (path, data) => page.request.post(new URL(`api/v1/control/${path}`, url).href, { data, headers: { Authorization: `Bearer ${token}` } })
  for (let i = 0; i < 110; i++) {
    await post('pause', { kind: 'action', name: 'markdown.apply', reason: 'a test' })
    await post('unpause', { kind: 'action', name: 'markdown.apply' })
  }
  await post('stop', { reason: 'the last thing that happened' })
  await post('resume')
  await page.reload()
  await login(page)
  await visit(page, 'overview')
  const first = page.getByRole('region', { name: 'Events' }).getByRole('listitem').first()
  await first.waitFor()
  ok((await first.innerText()).includes('control.resumed'), 'the last that happened is the first that is shown', await first.innerText())
}

async function audit(page) {
  await visit(page, 'audit')
  await page.getByRole('button', { name: 'Verify' }).click()
  await page.getByText('The chain holds').waitFor()
  ok(true, 'the audit is verified')
}

// A page in the background gets no frames and late timers; what it asks for comes before them.
async function behind(browser) {
  const page = await open(browser)
  await page.addInitScript(() => {
    const { setTimeout } = window
    window.requestAnimationFrame = () => 0
    window.setTimeout = (then, ms) => setTimeout(then, ms + 5000)
  })
  await page.reload()
  ok(await seen(page.getByRole('button', { name: 'Log in' })), 'a page that is not looked at finds out who it is for')
  await page.context().close()
}

// What the feed makes of a connection on which nothing comes: the browser's clock goes on at once.
async function quiet(browser) {
  const page = await open(browser)
  const sockets = []
  page.on('websocket', (one) => sockets.push(one))
  await page.clock.install()
  await page.reload()
  await login(page)
  await page.getByText('Live', { exact: true }).waitFor()
  for (let i = 0; i < 2; i++) {
    const asked = page.waitForResponse(/\/events\?after=\d+&limit=1$/)
    await page.clock.fastForward(60_000)
    await asked
  }
  ok(sockets.length === 1 && !sockets[0].isClosed(), 'where nothing happens the feed stays as it is')
  await page.context().close()
}

// The page has seen an event that the host does not have, as when its database is restored.
async function restored(browser) {
  const page = await open(browser)
  let n = 0
  await page.routeWebSocket(/\/api\/v1\/events/, (own) => {
    const host = own.connectToServer()
    if (n++ > 0) return
    host.onMessage((hello) => {
      own.send(hello)
      own.send(JSON.stringify({ type: 'events', events: [{ id: Number.MAX_SAFE_INTEGER, at: '', kind: 'nothing', data: {} }] }))
      void own.close({ code: 1001 })
    })
  })
  await page.reload()
  await login(page)
  for (let i = 0; i < 300 && n < 3; i++) await page.waitForTimeout(100)
  ok(n >= 3 && (await seen(page.getByText('Live', { exact: true }))), 'the feed begins anew where it cannot go on')
  await page.context().close()
}

// An answer to who was here before comes when somebody else is.
async function late(browser) {
  const page = await open(browser)
  await login(page)
  let held
  await page.route('**/api/v1/agents', (route) => (held = route), { times: 1 })
  await page.evaluate(() => (location.hash = '#/agents'))
  for (let i = 0; i < 300 && !held; i++) await page.waitForTimeout(10)
  await page.getByRole('button', { name: /^Log out/ }).click()
  await login(page)
  const answered = page.waitForResponse('**/api/v1/agents')
  expel(page)
  await held.fulfill({ status: 401, json: { status: 401, detail: 'the token is unknown, expired or revoked' } })
  await answered
  await page.waitForTimeout(200)
  ok(await page.getByRole('navigation', { name: 'Pages' }).isVisible(), 'a late refusal puts out nobody who is in')
  await page.context().close()
}

// The first administrator, with the password that the host told once.
async function firstLogin(browser) {
  const page = await open(browser)
  const enter = async (password) => {
    await page.getByLabel('User').fill('admin')
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Log in' }).click()
  }
  await enter(oneTime)
  await page.getByRole('textbox', { name: 'Password that you were given' }).fill(oneTime)
  await page.getByRole('textbox', { name: 'New password' }).fill('correct horse battery staple')
  await accessible(page, 'a password is chosen')
  await page.getByRole('button', { name: 'Change it' }).click()
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
  ok(true, 'a one-time password is changed before all else')
  await page.reload()
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
  ok(true, 'the session outlives the page')
  expel(page)
  await page.getByRole('button', { name: /^Log out/ }).click()
  await enter('correct horse battery staple')
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
  ok(true, 'the new password logs in')
  await visit(page, 'audit')
  await page.getByText('Live', { exact: true }).waitFor()
  await page.request.delete(new URL('api/v1/auth/users/admin/sessions', url).href, { headers: { Authorization: `Bearer ${token}` } })
  ok(await seen(page.getByRole('button', { name: 'Log in' })), 'whoever is put out sees nothing of it any more')
  await page.goto(new URL('docs', url).href)
  await page.getByRole('heading', { name: 'POST /api/v1/approvals/{id}/approve' }).waitFor()
  ok((await page.locator('section').count()) > 100, 'the API is described for people')
  await accessible(page, 'the description of the API')
  await page.context().close()
}

await run(async (browser) => {
  const page = await firstVisit(browser)
  await firstLogin(browser)
  await behind(browser)
  await quiet(browser)
  await restored(browser)
  await late(browser)
  await everyPage(browser)
  await approve(page, browser)
  await stop(page)
  await audit(page)
  await lately(page)
})
