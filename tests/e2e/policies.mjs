// SPDX-License-Identifier: Apache-2.0
// Another policy: written with its mistakes placed, tried on a sample and over what was recorded, proposed, put in force, and its limit
// as a gauge. E2E_SEASON is a season at a checkpoint.
import { accessible, answer, everyTheme, fits, isNow, login, ok, open, picture, refused, run, seen, visit } from './browser.mjs'

const { E2E_URL: url, E2E_TOKEN: token, E2E_SEASON: season } = process.env
const editor = (page) => page.getByRole('region', { name: 'Editor' })
const text = (page) => page.getByLabel('Policy', { exact: true })

/** Writes the policy with the first @was made @is. */
async function change(page, was, is) {
  const now = await text(page).inputValue()
  if (!now.includes(was)) throw new Error(`the policy has no ${was}`)
  await text(page).fill(now.replace(was, is))
}

async function mistakes(page) {
  await visit(page, 'policy')
  await page.getByRole('link', { name: 'Write another' }).click()
  await text(page).waitFor()
  const original = await text(page).inputValue()
  await text(page).fill('{\n  "rules": [\n    {,\n  ]\n}\n')
  await page.getByRole('button', { name: 'Propose it' }).click()
  const alert = editor(page).getByRole('alert')
  ok((await alert.innerText()).startsWith('Line 3, column 6: expected a name in double quotes, found ,'), 'what cannot be read is told with its line', await alert.innerText())
  await text(page).fill(original)
  await change(page, '"decision": "approve"', '"decision": "perhaps"')
  refused()
  await page.getByRole('button', { name: 'Propose it' }).click()
  await alert.waitFor()
  const said = await alert.innerText()
  const line = original.split('\n').findIndex((one) => one.includes('"decision": "approve"')) + 1
  ok(said.startsWith(`Line ${line}, `) && said.includes('perhaps'), 'what the host refuses is placed as well', said)
  await accessible(page, 'a policy that is refused')
  await editor(page).getByRole('button', { name: 'Show it' }).click()
  const selected = await text(page).evaluate((area) => area.value.slice(area.selectionStart, area.selectionEnd))
  ok(selected === '"perhaps"' && (await text(page).evaluate((area) => area === document.activeElement)), 'and can be gone to', selected)
  await page.getByRole('button', { name: 'As it is in force' }).click()
}

async function attempt(page) {
  const limit = { name: 'markdowns-a-day', match: { action: 'markdown.apply' }, per: 'workspace', window_s: 86400, max: 1, then: 'deny' }
  const now = JSON.parse(await text(page).inputValue())
  now.rules.find((one) => one.name === 'markdown-always-asks').decision = 'notify'
  await text(page).fill(JSON.stringify({ ...now, limits: [limit] }, null, 2))
  const differs = page.getByRole('region', { name: 'Differences' })
  ok((await seen(differs.getByText('Rule markdown-always-asks: changed'))) && (await seen(differs.getByText('Limit markdowns-a-day: new'))), 'what differs is named')
  const test = page.getByRole('region', { name: 'Test' })
  await test.getByLabel('A proposal that was recorded').selectOption({ index: 1 })
  await test.getByRole('button', { name: 'Test', exact: true }).click()
  await test.getByRole('status').getByText('notify', { exact: true }).first().waitFor()
  ok(true, 'a sample is decided by it')
  await test.getByLabel('Sample').fill('{ "agent": "a" }')
  refused()
  await test.getByRole('button', { name: 'Test', exact: true }).click()
  await test.getByRole('alert').getByText('Line 1, ').waitFor()
  ok(true, 'a sample that is none is placed')
  const back = page.getByRole('region', { name: 'Backtest' })
  await back.getByRole('button', { name: 'Backtest' }).click()
  await back.getByText('2 proposals, 2 decided otherwise').waitFor()
  const rows = back.getByRole('row')
  ok((await seen(rows.nth(2))) && (await rows.count()) === 3, 'what would have been decided otherwise is listed')
  ok((await rows.nth(1).innerText()).includes('notify') && (await rows.nth(2).innerText()).includes('deny'), 'the limit counts over what was recorded', await back.innerText())
  await everyTheme(page, 'a policy is tried')
  await fits(page, 'policy-edit')
}

// Somebody who has begun from what is not in force any more is told, keeps his text, and looks again before it is proposed.
async function begin(browser) {
  const page = await open(browser)
  await login(page)
  await visit(page, 'policy')
  await page.getByRole('link', { name: 'Write another' }).click()
  await text(page).waitFor()
  await change(page, '"markdown-always-asks"', '"mine"')
  return page
}

async function outdated(page) {
  const told = page.getByRole('alert', { name: 'The policy was changed' })
  await told.waitFor()
  const propose = page.getByRole('button', { name: 'Propose it' })
  ok(/"mine"/.test(await text(page).inputValue()) && (await propose.isDisabled()), 'who began from the policy before is told, and has the text still')
  ok(await seen(page.getByRole('region', { name: 'Differences' }).getByText('Limit markdowns-a-day: taken away')), 'and sees what it would take back')
  await accessible(page, 'a policy that was changed meanwhile')
  await told.getByRole('button').click()
  await told.waitFor({ state: 'detached' })
  ok(await propose.isEnabled(), 'then it can be proposed')
  await page.context().close()
}

async function propose(page) {
  await page.getByRole('button', { name: 'Propose it' }).click()
  await page.getByLabel('Why').fill('markdowns are few')
  await accessible(page, 'a policy is proposed')
  await answer(page, 'Propose it')
  await page.getByRole('heading', { level: 2, name: 'policy.change: policy' }).waitFor()
  await page.getByRole('region', { name: 'Proposal' }).getByRole('button', { name: /^Approve/ }).click()
  await answer(page, 'Approve')
  await isNow(page, 'executed')
  await visit(page, 'policy')
  await page.getByRole('region', { name: 'Rules' }).getByText('markdowns-a-day').first().waitFor()
  ok(true, 'approved, and in force')
  const gauge = page.getByRole('list', { name: 'Limits' }).getByRole('listitem').filter({ hasText: 'markdowns-a-day' })
  ok((await gauge.innerText()).includes('0 of 1'), 'a limit of which nothing is taken is shown', await gauge.innerText())
}

// A markdown that waited for a person a moment ago is done now, and takes of the limit.
async function gauge(page) {
  await page.getByRole('region', { name: 'History' }).getByRole('link', { name: 'how it came' }).first().waitFor()
  ok(true, 'what was in force before is listed')
  const asked = await page.request.post(`${url}api/v1/jobs`, { headers: { Authorization: `Bearer ${token}` }, data: { agent: 'markdown', task: 'checkpoint', input: { season } } })
  ok(asked.ok(), 'a third markdown is asked for', await asked.text())
  const limit = page.getByRole('list', { name: 'Limits' }).getByRole('listitem').filter({ hasText: 'markdowns-a-day' })
  await limit.getByText('1 of 1').waitFor()
  ok((await seen(limit.getByText('used up'))) && (await seen(limit.getByRole('meter'))), 'its gauge follows', await limit.innerText())
}

await run(async (browser) => {
  const page = await open(browser)
  await login(page)
  await mistakes(page)
  await attempt(page)
  const other = await begin(browser)
  await propose(page)
  await outdated(other)
  await gauge(page)
  await visit(page, 'policy')
  await everyTheme(page, 'a policy with limits')
  await picture(page, 'policy', true)
})
