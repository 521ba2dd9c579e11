// SPDX-License-Identifier: Apache-2.0
// A theme is checked, what is wrong is seen, the mended one is asked for and published, and the one before is asked for again. E2E_ASK is
// a pipe that takes what is to happen in the shop (`mend`, `live`); E2E_ASK.done tells that it has.
import { readFileSync, writeFileSync } from 'node:fs'
import { accessible, answer, everyTheme, fits, inert, isNow, login, ok, open, picture, run, seen, visit } from './browser.mjs'

const { E2E_ASK: pipe } = process.env
const hostile = '<img src=x onerror=alert(1)>'
const happens = (what) => {
  writeFileSync(pipe, `${what}\n`)
  readFileSync(`${pipe}.done`)
}
const section = (page) => page.getByRole('region', { name: 'Theme', exact: true })
const row = (page, table, text) => page.getByRole('region', { name: table, exact: true }).getByRole('row').filter({ hasText: text })

// What is configured here is nothing to stage from: the run says so.
async function stage(page) {
  await page.getByRole('button', { name: 'Stage a branch' }).click()
  await page.getByRole('dialog').getByLabel('branch').fill('main')
  await accessible(page, 'a branch is to be staged')
  await answer(page, 'Stage a branch')
  await page.getByRole('heading', { level: 2, name: /^theme_staging/ }).waitFor()
  await page.getByText('expected `repository` and `shop`').first().waitFor()
  ok(true, 'a staging without a repository says what is missing')
  await visit(page, 'themes/2')
}

async function check(page) {
  await visit(page, 'themes')
  ok(await seen(row(page, 'Themes', 'Old').getByText('live', { exact: true })), 'the live theme is told')
  ok((await row(page, 'Themes', hostile).innerText()).includes('themes, <b>feature</b> at abababab'), 'a staged one tells where it is from, as text')
  await page.getByRole('link', { name: hostile }).click()
  await section(page).getByText('From themes, <b>feature</b> at').waitFor()
  await stage(page)
  await section(page).getByRole('button', { name: 'Check it' }).click()
  await accessible(page, 'a check is asked for')
  await answer(page, 'Check it')
  await row(page, 'Offences', 'MissingTemplate').waitFor()
  ok(await section(page).getByText('(its files are others since)').count() === 0, 'and is the commit\'s')
  const said = await row(page, 'Offences', 'MissingTemplate').innerText()
  ok(said.includes('layout/theme.liquid:1:65') && said.includes('<script>alert(1)</script>'), 'what is wrong has its place, and is text', said)
  await row(page, 'Themes', hostile).getByText('1 errors, 0 warnings').waitFor()
  ok(true, 'the list has what was found')
  await everyTheme(page, 'a theme with an error')
  await fits(page, 'themes')
  await picture(page, 'themes', true)
}

async function publish(page) {
  await section(page).getByRole('button', { name: 'Ask to publish' }).click()
  await answer(page, 'Ask to publish')
  await row(page, 'Checks', 'promote').getByText('1 errors, 0 warnings in 3 files').waitFor()
  ok(true, 'a theme with an error is not proposed, and that is told')
  happens('mend')
  await section(page).getByRole('button', { name: 'Ask to publish' }).click()
  await answer(page, 'Ask to publish')
  await section(page).getByRole('link', { name: 'its proposal' }).click()
  await page.getByRole('heading', { level: 2, name: 'shopify.theme.publish: main/2' }).waitFor()
  ok(true, 'a green one is proposed')
  await page.getByRole('region', { name: 'Proposal' }).getByRole('button', { name: /^Approve/ }).click()
  await answer(page, 'Approve')
  await isNow(page, 'executed')
  ok(true, 'approved, and published')
}

async function back(page) {
  happens('live')
  await visit(page, 'themes/2')
  await section(page).getByText('green', { exact: true }).first().waitFor()
  await everyTheme(page, 'a green theme')
  await section(page).getByRole('button', { name: 'Go back' }).click()
  await answer(page, 'Go back')
  await page.getByRole('heading', { level: 2, name: 'themes_ci rollback' }).waitFor()
  await isNow(page, 'completed')
  await visit(page, 'approvals')
  await page.getByRole('region', { name: 'Queue' }).getByRole('link').filter({ hasText: 'main/1' }).first().waitFor()
  ok(true, 'the theme before is asked for')
}

await run(async (browser) => {
  const page = await open(browser)
  await login(page)
  await check(page)
  await publish(page)
  await inert(page)
  await back(page)
})
