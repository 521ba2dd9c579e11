// SPDX-License-Identifier: Apache-2.0
// Agents, their jobs and simulations: paused and let go on, a task by a form of its schema, a job cancelled, dead letters one by one and at
// once, and a plan of which nothing is done. E2E_SEASON is a season at a checkpoint.
import { accessible, answer, everyTheme, fits, inert, isNow, login, ok, open, picture, run, seen, visit } from './browser.mjs'

const { E2E_URL: url, E2E_TOKEN: token, E2E_SEASON: season } = process.env
const hostile = '<img src=x onerror="document.title=1"><script>document.title=1</script>'

async function ask(page, agent, task, input) {
  const made = await page.request.post(`${url}api/v1/jobs`, { headers: { Authorization: `Bearer ${token}` }, data: { agent, task, input } })
  return (await made.json()).id
}

async function pause(page) {
  await visit(page, 'agents')
  await page.getByRole('link', { name: 'good', exact: true }).click()
  const one = page.getByRole('region', { name: 'good' })
  await one.getByRole('button', { name: 'Pause' }).click()
  await page.getByLabel('Reason').fill(hostile)
  await answer(page, 'Pause')
  await one.getByText(/^Paused by owner/).waitFor()
  await page.getByRole('region', { name: 'Agents' }).getByText('paused').waitFor()
  ok(await seen(one.getByText(hostile)), 'an agent is paused, and why is shown as text')
  await everyTheme(page, 'a paused agent')
  await one.getByRole('button', { name: 'Let it go on' }).click()
  await answer(page, 'Let it go on')
  await one.getByRole('button', { name: 'Pause' }).waitFor()
  ok(true, 'and goes on')
}

async function restart(page) {
  const one = page.getByRole('region', { name: 'good' })
  const process = one.getByRole('region', { name: 'Workers' }).getByRole('row').nth(1).getByRole('cell').first()
  const before = await process.innerText()
  await one.getByRole('button', { name: 'Restart' }).click()
  await accessible(page, 'a restart is asked for')
  const job = await ask(page, 'good', 'wait', { ms: 4000 })
  await one.getByText('busy').waitFor()
  await answer(page, 'Restart')
  await page.getByRole('dialog').getByRole('button', { name: 'Working…' }).waitFor()
  ok(true, 'a restart waits for what runs, and says that it does')
  await page.getByRole('status').getByText('Restarted.').waitFor()
  await one.getByText('idle').waitFor()
  const after = await process.innerText()
  ok(after !== before, 'then there is another worker', `${before} → ${after}`)
  await visit(page, `jobs/${job}`)
  await isNow(page, 'completed')
  ok(true, 'and what ran came to its end')
  await visit(page, 'agents/good')
}

async function grants(page) {
  await page.getByRole('link', { name: 'markdown', exact: true }).click()
  const row = page.getByRole('region', { name: 'Grants' }).getByRole('row').filter({ hasText: 'markdown.apply' })
  await row.waitFor()
  const said = await row.innerText()
  ok(said.includes('closes the gap') && said.includes('0.4'), 'what was asked for stands beside what is granted', said)
  await page.getByText('Configuration', { exact: true }).click()
  const coming = page.waitForEvent('download')
  await page.getByLabel(/^target/).fill('0.5')
  await page.getByRole('button', { name: 'Write the manifest' }).click()
  const file = await coming
  const parts = []
  for await (const part of await file.createReadStream()) parts.push(part)
  const written = JSON.parse(Buffer.concat(parts).toString())
  ok(file.suggestedFilename() === 'markdown.json' && written.agent === 'markdown' && written.config.target === 0.5, 'a configuration is written as the manifest that has it', JSON.stringify(written))
  await everyTheme(page, 'an agent')
  await fits(page, 'agent')
}

async function task(page) {
  await page.getByRole('button', { name: 'Run a task' }).click()
  await page.getByRole('dialog').getByLabel(/^season/).fill(season)
  await accessible(page, 'a task is asked for')
  await answer(page, 'Run it')
  await page.getByRole('heading', { level: 2, name: 'markdown checkpoint' }).waitFor()
  await isNow(page, 'completed')
  ok(await seen(page.getByRole('region', { name: 'Runs of the job' }).getByText('completed')), 'a task is run by the form of its schema, and followed to its end')
}

async function jobs(page) {
  const waiting = await ask(page, 'good', 'wait', { note: hostile })
  await visit(page, `jobs/${waiting}`)
  await page.getByRole('button', { name: 'Cancel the job' }).click()
  await answer(page, 'Cancel the job')
  await isNow(page, 'cancelled')
  ok(await seen(page.getByText(hostile).first()), 'a job is cancelled; its input is text')
  for (let i = 0; i < 3; i++) await ask(page, 'good', 'fail', { code: 'denied' })
  await visit(page, 'jobs')
  const dead = page.getByRole('region', { name: 'Dead letters' })
  await dead.getByRole('row').nth(3).waitFor()
  await everyTheme(page, 'dead letters')
  await dead.getByRole('button', { name: 'Discard' }).first().click()
  await dead.getByRole('row').nth(3).waitFor({ state: 'detached' })
  ok(true, 'a dead letter is put aside')
  await dead.getByRole('link').first().click()
  await page.getByRole('button', { name: 'Another input' }).click()
  await page.getByRole('dialog').getByLabel('Input').fill('{ "code": ')
  await answer(page, 'Try it')
  await page.getByRole('dialog').getByText(/^Line 1, column 11/).waitFor()
  ok(true, 'an input that cannot be read is placed')
  await page.getByRole('dialog').getByLabel('Input').fill('{ "code": "invalid" }')
  await answer(page, 'Try it')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.getByText('told to fail with invalid').first().waitFor()
  ok(true, 'and one that can be is tried as a new job')
  await visit(page, 'jobs')
  await page.getByRole('combobox', { name: 'Agent' }).selectOption('good')
  await page.getByRole('button', { name: 'Discard all' }).click()
  await page.getByRole('dialog', { name: 'Discard all dead letters of good?' }).waitFor()
  await answer(page, 'Discard all')
  await page.getByText('There are none.').waitFor()
  ok(true, "all of an agent's are put aside at once")
  await fits(page, 'jobs-dead')
}

async function simulate(page) {
  const before = await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: /^Approvals/ }).innerText()
  await visit(page, 'simulate')
  await page.getByRole('combobox', { name: 'What' }).selectOption('task markdown checkpoint')
  await page.getByLabel(/^season/).fill(season)
  await everyTheme(page, 'a simulation is asked for')
  await page.getByRole('button', { name: 'Simulate' }).click()
  const plan = page.getByRole('region', { name: 'Plan' })
  await plan.getByText('It would wait for a person').waitFor()
  ok(await seen(plan.getByRole('heading', { name: /^markdown\.apply: / })), 'a task is simulated: what would follow is shown')
  await everyTheme(page, 'a plan')
  await fits(page, 'simulate-plan')
  await picture(page, 'simulate', true)
  await visit(page, 'simulate')
  await page.getByRole('combobox', { name: 'What' }).selectOption('workflow markdown_checkpoint')
  await page.getByLabel(/^season/).fill(season)
  await page.getByRole('button', { name: 'Simulate' }).click()
  await plan.getByText('It would wait for a person').waitFor()
  ok(true, 'and a workflow is')
  const after = await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: /^Approvals/ }).innerText()
  ok(before === after, 'nothing was proposed', `${before} → ${after}`)
}

await run(async (browser) => {
  const page = await open(browser)
  await login(page)
  await pause(page)
  await restart(page)
  await grants(page)
  await task(page)
  await jobs(page)
  await simulate(page)
  await inert(page)
})
