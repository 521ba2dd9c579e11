// SPDX-License-Identifier: Apache-2.0
// A link of a notification: it asks for a login, leads to its proposal, is for one answer, and gives nothing once it is used or when
// it was altered. E2E_LINK is what stands after the page's address.
import { accessible, answer, isNow, login, ok, open, refused, run } from './browser.mjs'

const { E2E_LINK: link, E2E_URL: url } = process.env

/** Another browser, which was sent there. */
async function follow(browser, where) {
  const page = await open(browser)
  await page.goto(url + where)
  await page.reload()
  await page.getByRole('button', { name: 'Use an access token' }).waitFor()
  return page
}
const proposal = (page) => page.getByRole('region', { name: 'Proposal' })

async function altered(browser) {
  const page = await follow(browser, link.slice(0, -1) + (link.endsWith('A') ? 'B' : 'A'))
  refused()
  await login(page)
  await proposal(page).getByRole('alert').waitFor()
  const said = await proposal(page).getByRole('alert').innerText()
  ok(said.includes('was not signed here for this proposal'), 'an altered link is told to be one', said)
  await page.context().close()
}

async function once(browser) {
  const page = await follow(browser, link)
  ok((await page.getByText('markdown.apply').count()) === 0, 'a link asks for a login, and shows nothing before')
  await login(page)
  await proposal(page).getByText('By the link that was sent to hook').waitFor()
  ok(true, 'after it, the proposal is shown')
  await isNow(page, 'pending')
  ok(true, 'and nothing was answered by following it')
  await accessible(page, 'a proposal by a link')
  await page.getByRole('button', { name: /^Approve/ }).first().click()
  await answer(page, 'Approve')
  await isNow(page, 'executed')
  ok(true, 'an answer is given by it')
  await page.context().close()
}

async function used(browser) {
  const page = await follow(browser, link)
  refused()
  await login(page)
  await proposal(page).getByRole('alert').waitFor()
  const said = await proposal(page).getByRole('alert').innerText()
  ok(said.includes('the link was used'), 'who follows it again is told that it was used', said)
  await page.context().close()
}

await run(async (browser) => {
  await altered(browser)
  await once(browser)
  await used(browser)
})
