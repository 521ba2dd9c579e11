// SPDX-License-Identifier: Apache-2.0
// Who may do what: users, tokens, sessions, delegations; and when: freeze windows and triggers. E2E_OTHER is a second workspace.
import { accessible, answer, everyTheme, expel, fits, inert, isNow, login, ok, open, picture, refused, run, visit } from './browser.mjs'

const { E2E_URL: url, E2E_TOKEN: token, E2E_OTHER: other } = process.env
const hostile = '<svg onload="document.title=1">'
const row = (page, table, text) => page.getByRole('region', { name: table, exact: true }).getByRole('row').filter({ hasText: text })

async function users(page) {
  await visit(page, 'settings')
  await page.getByRole('button', { name: 'Add a user' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(/^user/).fill('anna')
  await dialog.getByLabel(/^name/).fill(hostile)
  await dialog.getByRole('combobox').selectOption('viewer')
  await accessible(page, 'a user is added')
  await answer(page, 'Add a user')
  const password = await dialog.locator('code').innerText()
  await accessible(page, 'a password is told')
  ok(password.length > 12, 'a user is added, and the password told once')
  await answer(page, 'I have it')
  await row(page, 'Users', hostile).waitFor()
  await page.getByRole('button', { name: 'Role of anna' }).click()
  await page.getByRole('dialog').getByRole('combobox').selectOption('operator')
  await answer(page, 'Role')
  await row(page, 'Users', 'anna').getByText('operator').waitFor()
  ok(true, 'has another role')
  return password
}

// Two change the same. The later one is told how it is by then, and has lost nothing.
async function meanwhile(browser, page) {
  const another = await open(browser)
  await login(another)
  await visit(another, 'settings')
  const dialog = page.getByRole('dialog')
  await page.getByRole('button', { name: 'Role of anna' }).click()
  await dialog.getByRole('combobox').selectOption('developer')
  await another.getByRole('button', { name: 'Role of anna' }).click()
  await another.getByRole('dialog').getByRole('combobox').selectOption('approver')
  await answer(another, 'Role')
  await row(another, 'Users', 'anna').getByText('approver').waitFor()
  refused()
  await answer(page, 'Role')
  await dialog.getByRole('alert').getByText('Somebody else has changed this meanwhile.').waitFor()
  const now = await dialog.getByRole('region', { name: 'How it is now' }).innerText()
  ok(/approver/.test(now) && /approver/.test(await row(page, 'Users', 'anna').innerText()), 'what another has changed meanwhile is not written over, and how it is now is shown', now)
  ok((await dialog.getByRole('combobox').inputValue()) === 'developer', 'what was chosen is chosen still')
  await accessible(page, 'changed meanwhile')
  await picture(page, 'changed-meanwhile')
  await answer(page, 'Role')
  await row(page, 'Users', 'anna').getByText('developer').waitFor()
  ok(true, 'once more, and it is written')
  // Of what is not shown there nobody is bothered.
  await page.getByRole('button', { name: 'Role of anna' }).click()
  await dialog.getByRole('combobox').selectOption('operator')
  const named = await page.request.patch(`${url}api/v1/auth/users/anna`, { headers: { Authorization: `Bearer ${token}` }, data: { email: 'anna@example.org' } })
  ok(named.ok(), 'something else of the user is changed', await named.text())
  refused()
  await answer(page, 'Role')
  await row(page, 'Users', 'anna').getByText('operator').waitFor()
  ok((await dialog.count()) === 0, 'and the role is written')
  await another.context().close()
}

async function disable(page, anna) {
  expel(anna)
  await page.getByRole('button', { name: 'Disable anna' }).click()
  await answer(page, 'Disable')
  await row(page, 'Users', 'anna').getByText('disabled').waitFor()
  await anna.reload()
  await anna.getByRole('button', { name: 'Log in' }).waitFor()
  ok(true, 'is disabled, and out')
}

async function tokens(page) {
  await page.getByRole('button', { name: 'Make a token' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(/^name/).fill('reader')
  await dialog.getByRole('combobox').selectOption('viewer')
  await dialog.getByLabel(/^days/).fill('30')
  await answer(page, 'Make a token')
  ok((await dialog.locator('code').innerText()).startsWith('rt_'), 'a token is told once')
  await answer(page, 'I have it')
  await page.getByRole('button', { name: 'Revoke reader' }).click()
  await answer(page, 'Revoke')
  await row(page, 'Tokens', 'reader').getByText(/^revoked/).waitFor()
  ok(true, 'and revoked')
}

async function delegations(page) {
  await page.getByRole('button', { name: 'Hand my queue to another' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(/^to/).fill('anna')
  await dialog.getByLabel(/^note/).fill(hostile)
  await answer(page, 'Hand my queue to another')
  await row(page, 'Delegations', hostile).waitFor()
  await page.getByRole('button', { name: 'Take it back' }).click()
  await answer(page, 'Take it back')
  await row(page, 'Delegations', hostile).getByText('over').waitFor()
  ok(true, 'a queue is handed over, and taken back')
}

async function triggers(page) {
  await page.getByRole('button', { name: /^Pause markdown/ }).click()
  await answer(page, 'Pause')
  await page.getByRole('button', { name: /^Let go on markdown/ }).click()
  await answer(page, 'Let it go on')
  await page.getByRole('button', { name: /^Pause markdown/ }).waitFor()
  ok(true, 'a schedule is paused, and goes on')
}

async function freeze(page) {
  await page.getByRole('button', { name: 'Propose a freeze' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(/^name/).fill('sale-days')
  await dialog.getByLabel(/^from/).fill('2030-11-25T00:00')
  await dialog.getByLabel(/^to/).fill('2030-12-01T00:00')
  await accessible(page, 'a freeze is proposed')
  await answer(page, 'Propose a freeze')
  await page.getByRole('heading', { level: 2, name: 'policy.change: policy' }).waitFor()
  await page.getByRole('region', { name: 'Proposal' }).getByRole('button', { name: /^Approve/ }).click()
  await answer(page, 'Approve')
  await isNow(page, 'executed')
  await visit(page, 'settings')
  await row(page, 'Freeze windows', 'sale-days').waitFor()
  ok(true, 'a freeze is proposed, approved and listed')
}

// Somebody with a password of their own sees their sessions, and goes from one workspace to the other.
async function session(browser, password) {
  const page = await open(browser)
  await page.getByLabel('User').fill('anna')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('textbox', { name: 'Password that you were given' }).fill(password)
  await page.getByRole('textbox', { name: 'New password' }).fill('correct horse battery staple')
  await page.getByRole('button', { name: 'Change it' }).click()
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
  await visit(page, 'settings')
  await page.getByRole('region', { name: 'Your sessions' }).getByRole('button', { name: 'End it' }).waitFor()
  ok(!(await page.getByRole('heading', { name: 'Tokens' }).count()), "one's own sessions are seen; what is an administrator's is not")
  if (other) {
    await page.getByRole('combobox', { name: 'Workspace' }).selectOption(other)
    await page.getByLabel('Password of anna').fill('correct horse battery staple')
    await accessible(page, 'another workspace')
    await answer(page, 'Log in')
    await page.waitForFunction((name) => document.querySelector('header select')?.value === name, other)
    await visit(page, 'approvals')
    await page.getByText('Nothing waits for you.').waitFor()
    ok(true, 'another workspace is entered')
  }
  return page
}

// The receiver's address is a private one: it is not connected to, and that is said.
async function receivers(page) {
  await visit(page, 'settings')
  const ops = row(page, 'Receivers of notifications', 'ops')
  await ops.getByText('nothing yet').waitFor()
  await page.getByRole('button', { name: 'Test ops' }).click()
  await answer(page, 'Test')
  await ops.getByText('its address is a private one').waitFor()
  ok(true, 'a receiver of notifications is tested, and how that went is shown')
}

// Shopify's page grants at once, and the browser comes back.
async function shops(page) {
  await visit(page, 'settings')
  const main = row(page, 'Shops', 'acme.myshopify.com')
  await main.getByText('not connected').waitFor()
  ok((await main.innerText()).match(/missing/g)?.length === 2, 'a shop that is not connected lacks all that its app asks for', await main.innerText())
  const old = await row(page, 'Shops', 'old.myshopify.com').innerText()
  ok(/<b>old<\/b>/.test(old) && /The last install failed: <svg onload/.test(old), 'how the last install went is told, as text', old)
  ok(/Its token, until .*, could not be renewed: <i>no token<\/i>/.test(old), 'and that its token could not be renewed', old)
  ok(/write_products\s+write_themes\s+missing/.test(old) && !/read_products/.test(old), 'what is asked for since is missing', old)
  ok(await row(page, 'Shops', 'hand.myshopify.com').getByRole('button', { name: /^Connect/ }).count() === 0, 'a shop without an app is not connected from here')
  await page.getByRole('button', { name: 'Connect main' }).click()
  await accessible(page, 'a shop is to be connected')
  await answer(page, 'Connect')
  const link = page.getByRole('dialog').getByRole('link', { name: 'Go to Shopify' })
  await link.waitFor()
  await accessible(page, 'the link to Shopify')
  await main.getByText('An install is under way').waitFor()
  const [popup] = await Promise.all([page.context().waitForEvent('page'), link.click()])
  await popup.getByText('The app is installed in acme.myshopify.com.').waitFor()
  await popup.close()
  await main.getByText('not connected').waitFor({ state: 'detached' })
  const said = await main.innerText()
  ok(/, by \S+/.test(said) && !/missing|under way/.test(said) && /read_products\s+write_themes/.test(said), 'it is connected, and may what its app asks for', said)
  await page.getByRole('button', { name: 'Pull main' }).click()
  await answer(page, 'Pull')
  await main.getByText(/products: failed/).waitFor()
  ok(true, 'a pull is asked for, and how it went is shown')
}

await run(async (browser) => {
  const page = await open(browser)
  await login(page)
  const password = await users(page)
  await meanwhile(browser, page)
  const anna = await session(browser, password)
  await tokens(page)
  await delegations(page)
  await triggers(page)
  await receivers(page)
  await shops(page)
  await everyTheme(page, 'settings with entries')
  await inert(page)
  await fits(page, 'settings-full')
  await picture(page, 'settings', true)
  await disable(page, anna)
  await freeze(page)
})
