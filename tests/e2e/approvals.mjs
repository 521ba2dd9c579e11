// SPDX-License-Identifier: Apache-2.0
// The answers to proposals: rejected with a reason, modified by a form that the action's schema makes, revised, approved at once,
// and seen by another browser.
import { accessible, answer, choose, isNow, login, ok, open, picture, refused, run, seen, visit } from './browser.mjs'

const action = 'markdown.apply'

// The host's pages are made smaller than those that the console asks for: what goes on behind the first is to be reached.
async function pages(page) {
  const smaller = (route) => route.continue({ url: route.request().url().replace('limit=100', 'limit=2') })
  const links = page.getByRole('region', { name: 'Queue' }).getByRole('link')
  const more = page.getByRole('button', { name: 'Show more proposals' })
  await page.route('**/api/v1/approvals?*', smaller)
  await visit(page, 'approvals')
  ok((await links.count()) === 2 && (await seen(page.getByText('2 proposals are shown, and there are more.'))), 'a queue that goes on says so')
  await accessible(page, 'a queue that goes on')
  await more.click()
  await links.nth(3).waitFor()
  await more.click()
  await links.nth(4).waitFor()
  ok((await links.count()) === 5 && !(await more.isVisible()), 'and is shown to its end')
  await page.unroute('**/api/v1/approvals?*')
}

async function reject(page) {
  await choose(page, action)
  await page.getByRole('button', { name: /^Reject/ }).click()
  await answer(page, 'Reject')
  ok(await seen(page.getByRole('dialog')), 'a rejection asks for a reason')
  await page.getByLabel('Reason').fill('not before the holidays')
  await answer(page, 'Reject')
  await isNow(page, 'rejected')
  ok(await seen(page.getByText('not before the holidays')), 'rejected, and the reason is shown')
}

// The dialog is closed before the host has answered.
async function leave(page) {
  let answered
  await page.route('**/modify', (route) => (answered = route), { times: 1 })
  await answer(page, 'Ask for this instead')
  await page.getByRole('button', { name: 'Working…' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await answered.continue()
  ok(await seen(page.getByRole('status').filter({ hasText: 'markdown_pct' })), 'what is refused is told also to who has closed the dialog')
  await page.getByRole('button', { name: 'Dismiss' }).click()
}

async function modify(page) {
  await choose(page, action)
  await page.keyboard.press('m')
  const field = page.getByRole('dialog').getByRole('spinbutton', { name: 'markdown %' })
  await field.waitFor()
  ok((await field.getAttribute('max')) === '0.4', "the field has the schema's bounds")
  ok(await seen(page.getByText('0.2 is 20 %')), 'and its words')
  await accessible(page, 'a form of a schema')
  refused()
  await field.fill('0.33')
  await answer(page, 'Ask for this instead')
  await page.getByRole('dialog').getByRole('alert').waitFor()
  ok((await page.getByRole('dialog').getByRole('alert').innerText()).includes('markdown_pct'), 'what the host refuses is told by name')
  refused()
  await leave(page)
  await page.keyboard.press('m')
  await field.fill('0.3')
  await answer(page, 'Ask for this instead')
  await page.getByRole('heading', { name: 'Revisions' }).waitFor()
  await page.getByText(/0\.\d+ → 0\.3/).first().waitFor()
  ok(true, 'a revision, and what it changes')
  await picture(page, 'revisions', true)
  await page.getByRole('link', { name: 'Revision 2' }).click()
  await isNow(page, 'pending')
  await page.getByRole('cell', { name: '0.3', exact: true }).first().waitFor()
  ok(true, 'the revision waits in place of the first')
  for (const name of ['Revision 1', 'Revision 2']) ok(await seen(page.getByRole('link', { name })), `${name} is named`)
}

// What is printed here depends on the machine, and is not asserted.
async function two(page, browser) {
  const other = await open(browser)
  await login(other)
  await visit(other, 'approvals')
  const count = (of) => of.getByRole('region', { name: 'Queue' }).getByRole('link').count()
  await choose(page, action)
  await other.getByRole('region', { name: 'Queue' }).getByRole('link').first().waitFor()
  const before = await count(other)
  const seen = other.evaluate(
    (n) =>
      new Promise((resolve) => {
        const look = () => document.querySelectorAll('[aria-label=Queue] a').length < n && resolve(Date.now())
        new MutationObserver(look).observe(document.body, { subtree: true, childList: true })
      }),
    before,
  )
  await page.getByRole('region', { name: 'Proposal' }).getByRole('button', { name: /^Approve/ }).click()
  const asked = await page.evaluate(() => {
    document.querySelector('dialog button[type=submit]').click()
    return Date.now()
  })
  const ms = (await seen) - asked
  ok((await count(other)) === before - 1, 'another browser sees an approval')
  console.log(`# from the click to the other browser's page: ${ms} ms`)
  await other.context().close()
}

async function bulk(page) {
  await visit(page, 'approvals')
  await page.getByRole('button', { name: 'Approve 3 alike' }).click()
  await page.getByRole('dialog', { name: 'Approve 3 of low risk?' }).waitFor()
  ok((await seen(page.getByRole('dialog').getByRole('listitem').nth(2))) && (await page.getByRole('dialog').getByRole('listitem').count()) === 3, 'those that are alike are named')
  await accessible(page, 'several are approved at once')
  // The first is refused once; who tries again tries that one alone.
  const asked = []
  page.on('request', (one) => one.url().endsWith('/approve') && asked.push(one.url()))
  refused()
  await page.route('**/approve', (route) => route.fulfill({ status: 409, json: { status: 409, detail: 'not now' } }), { times: 1 })
  await answer(page, 'Approve all')
  await page.getByText('2 approved, 1 not.').waitFor()
  await answer(page, 'Approve all')
  await page.getByText('Nothing waits for you.').waitFor()
  ok(asked.length === 4 && asked[3] === asked[0], 'what was approved is not asked for again', asked.join('\n'))
  await page.getByLabel('State').selectOption('executed')
  await page.getByText('executed').nth(3).waitFor()
  ok(true, 'all of them are approved and applied')
}

await run(async (browser) => {
  const page = await open(browser)
  await login(page)
  await pages(page)
  await reject(page)
  await modify(page)
  await two(page, browser)
  await bulk(page)
})
