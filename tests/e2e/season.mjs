// SPDX-License-Identifier: Apache-2.0
// A season in the console: planned, watched, ordered with less safety stock, sold otherwise than expected, forecast anew, a markdown
// proposed; everything stopped and resumed; the audit verified. E2E_FILES has the weeks' sales.
import { join } from 'node:path'
import { accessible, answer, choose, isNow, login, ok, open, picture, refused, run, visit } from './browser.mjs'

const { E2E_FILES: files } = process.env

const step = (page, name) => page.getByRole('list', { name: 'Steps' }).getByRole('listitem').filter({ has: page.getByText(name, { exact: true }) }).first()
const reaches = (page, name, state) => step(page, name).locator('.tag', { hasText: new RegExp(`^${state}$`) }).first().waitFor()

async function plan(page) {
  await visit(page, 'season')
  await page.getByRole('button', { name: 'Plan a season' }).click()
  const dialog = page.getByRole('dialog', { name: 'Plan a season' })
  const season = { code: 'SS25', category: 'dresses', name: "Women's Dresses", start: '2025-03-01', 'list price': '89.90', 'unit cost': '31.00' }
  for (const [name, text] of Object.entries(season)) await dialog.getByLabel(new RegExp(`^${name}`)).fill(text)
  await accessible(page, 'a season is planned')
  await answer(page, 'Plan it')
  await page.getByRole('heading', { name: 'season_plan' }).waitFor()
  await reaches(page, 'forecast', 'completed')
  await reaches(page, 'order', 'waiting')
  ok(true, 'the plan runs, and is watched as it does')
  await accessible(page, 'a run')
  await picture(page, 'workflow')
}

async function lessStock(page) {
  await choose(page, 'manufacturing.order')
  await picture(page, 'order')
  await page.getByRole('button', { name: /^Modify/ }).click()
  await page.getByLabel("Change the agent's inputs instead").check()
  await page.getByRole('dialog').getByLabel(/^safety stock/).fill('0.15')
  await page.getByLabel('Note (not needed)').fill('less stock')
  await picture(page, 'modify')
  await answer(page, 'Ask for this instead')
  await page.getByRole('link', { name: 'Revision 2' }).click()
  await isNow(page, 'pending')
  await page.getByRole('cell', { name: '0.15', exact: true }).first().waitFor()
  ok(true, 'the agent ran again, with 15 % of safety stock')
  await page.getByRole('region', { name: 'Proposal' }).getByRole('button', { name: /^Approve/ }).click()
  await answer(page, 'Approve')
  await isNow(page, 'executed')
  ok(true, 'ordered')
}

const send = async (page, file) => {
  await page.getByLabel('CSV file').setInputFiles(join(files, file))
  await page.getByRole('button', { name: 'Upload' }).click()
}

async function weekFour(page) {
  await visit(page, 'season')
  refused()
  await send(page, 'broken.csv')
  const alert = page.locator('form').getByRole('alert')
  await alert.waitFor()
  const said = await alert.innerText()
  ok(/line 3\b/.test(said) && said.includes('many'), 'a broken line is named', said)
  console.log(`# ${said}`)
  await picture(page, 'upload-refused')
  await send(page, 'week-4.csv')
  await page.getByRole('link', { name: 'What follows from it' }).waitFor()
  await page.getByRole('region', { name: 'Variance' }).getByText('more than the 20 %').waitFor()
  ok(true, 'four weeks are more than 20 % off')
  await accessible(page, 'a variance')
  await picture(page, 'season-off', true)
  await page.getByRole('link', { name: 'What follows from it' }).click()
  await reaches(page, 'recorded', 'completed')
  ok(true, 'a new forecast was made')
  await visit(page, 'season')
  await page.getByRole('region', { name: 'Variance' }).getByText('within the 20 %').waitFor()
  ok(true, 'and the sales are near it')
  await picture(page, 'season')
}

async function markdown(page) {
  await send(page, 'week-6.csv')
  await page.getByRole('link', { name: 'What follows from it' }).waitFor()
  const card = page.getByRole('region', { name: 'Markdown' })
  await card.getByText('pending').waitFor()
  ok(true, 'after week 6 a markdown is proposed')
  await card.getByRole('link').first().click()
  await page.getByRole('heading', { level: 2, name: 'markdown.apply: ' }).waitFor()
  await picture(page, 'markdown')
}

async function end(page) {
  await page.getByRole('button', { name: 'Stop everything' }).click()
  await page.getByRole('dialog').getByLabel('Reason').fill('prices look wrong')
  await answer(page, 'Stop everything')
  await page.getByText('Everything is stopped: prices look wrong').waitFor()
  await page.getByRole('button', { name: 'Resume' }).click()
  await answer(page, 'Resume')
  await page.getByRole('button', { name: 'Stop everything' }).waitFor()
  ok(true, 'stopped, and resumed')
  await visit(page, 'audit')
  await page.getByRole('button', { name: 'Verify' }).click()
  await page.getByText('The chain holds').waitFor()
  ok(true, 'the audit is verified')
}

await run(async (browser) => {
  const page = await open(browser)
  await login(page)
  await plan(page)
  await lessStock(page)
  await weekFour(page)
  await markdown(page)
  await end(page)
})
