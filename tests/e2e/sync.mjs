// SPDX-License-Identifier: Apache-2.0
// A shop's products and a repository's files: conflicts side by side, answers, a rollback.
import { accessible, answer, everyTheme, fits, inert, login, ok, open, run, visit } from './browser.mjs'

const row = (page, table, text) => page.getByRole('region', { name: table, exact: true }).getByRole('row').filter({ hasText: text })

async function conflicts(page) {
  await visit(page, 'sync')
  const ours = row(page, 'Conflicts', 'product-00005')
  ok(/Product 5 v1[^]*Product 5 v2[^]*Ours/.test(await ours.innerText()), 'a conflict is shown side by side', await ours.innerText())
  await row(page, 'Conflicts', 'product-00004').getByText('<svg onload').waitFor()
  await inert(page)
  await everyTheme(page, 'two conflicts')
  await fits(page, 'sync')
  await page.getByRole('button', { name: 'Take the shop’s title of product-00004' }).click()
  await accessible(page, 'it is asked once more')
  await answer(page, 'Take the shop’s')
  await row(page, 'Conflicts', 'product-00004').getByText('answered').waitFor()
  await page.getByRole('button', { name: 'Take the repository’s title of product-00005' }).click()
  await answer(page, 'Take the repository’s')
  await ours.getByText('counts, says').waitFor()
  ok((await ours.getByRole('button').allInnerTexts()).join() === 'Take the shop’s', 'an answer can be changed to the other side')
}

async function back(page) {
  ok((await row(page, 'Revisions', 'shop/main').count()) === 1, 'there is one revision')
  await page.getByRole('button', { name: 'Roll back to revision 1' }).click()
  await answer(page, 'Roll back')
  await row(page, 'Runs', 'rollback').getByText('royal/sync-back-1-').waitFor()
  ok(true, 'a rollback is proposed, and told')
}

run(async (browser) => {
  const page = await open(browser)
  await login(page)
  await conflicts(page)
  await back(page)
})
