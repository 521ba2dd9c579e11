// SPDX-License-Identifier: Apache-2.0
// From the catalog to the shop, as people see it: what is within the goals goes live by itself, what leaves too little is rejected, of
// what is risky a person decides here, and a supplier that fails stops its product and is told. What the shop was given is asked of it.
import { accessible, answer, everyTheme, fits, inert, isNow, login, ok, open, picture, run, seen, visit } from './browser.mjs'

const { E2E_URL: url, E2E_TOKEN: token, E2E_SHOP: shop } = process.env
const patienceMs = 30000

const made = async () => (await fetch(`${shop}/fake/made`)).json()
const is = (name, wanted, found) => ok(JSON.stringify(found) === JSON.stringify(wanted), name, `expected ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`)
const column = (page, name) => page.getByRole('region', { name, exact: true })
const card = (page, name, title) => column(page, name).getByRole('listitem').filter({ has: page.getByRole('heading', { name: title }) })
const stands = (page, name, title) => card(page, name, title).waitFor({ timeout: patienceMs })

async function until(holds) {
  for (const end = Date.now() + patienceMs; Date.now() < end; await new Promise((done) => setTimeout(done, 100))) if (await holds()) return true
  return false
}

/** What Shopify would tell by a webhook: the mirror is brought up to date. */
const pull = () => fetch(`${url}api/v1/shopify/shops/main/pull`, { method: 'POST', body: '{}', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' } })

/** Pulls until a product that is a draft stands where it is to. */
async function live(page, title, handle) {
  ok(await until(async () => (await made())[handle]?.status === 'DRAFT'), `${title} is a draft first`)
  await pull()
  await stands(page, 'Live', title)
}

async function goals(page) {
  await visit(page, 'products')
  ok(await seen(page.getByText('No product was found yet')), 'a board of nothing says what is to be done')
  await accessible(page, 'an empty board')
  for (const [name, value] of [['margin', '40'], ['revenue', '100000']]) {
    await page.getByRole('button', { name: `Set the goal for the ${name}` }).click()
    await page.getByRole('dialog').getByRole('spinbutton').fill(value)
    await answer(page, 'Set it')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  }
  await page.getByText('goal 40 %').waitFor()
  ok(true, 'goals are set here')
}

/** A person answers a proposal that a card leads to. */
async function approve(page, title) {
  await card(page, 'Waits for a person', title).getByRole('link', { name: 'Answer' }).click()
  await isNow(page, 'pending')
  await page.getByRole('button', { name: /^Approve/ }).first().click()
  await answer(page, 'Approve')
  await isNow(page, 'executed')
  await visit(page, 'products')
}

async function scout(page) {
  await page.getByRole('button', { name: 'Scout' }).click()
  await answer(page, 'Scout')
  await stands(page, 'Waits for a person', 'Garden chair')
  ok(true, 'of what is below the goal a person is asked')
  await stands(page, 'Waits for a person', 'Blue sofa')
  await approve(page, 'Garden chair')
  await approve(page, 'Blue sofa')
}

async function lowMargin(page) {
  await stands(page, 'Stopped', 'Garden chair')
  ok(/Its margin, 35\.0 %, is below the goal, 40\.0 %\./.test(await card(page, 'Stopped', 'Garden chair').innerText()), 'it is rejected, and says why')
}

async function supplierFails(page) {
  await stands(page, 'Stopped', 'Wall clock')
  const told = page.getByRole('region', { name: 'Alerts' })
  ok(/Hell & Co, the supplier of Wall clock .* fails the vetting/.test(await told.innerText()), 'a supplier that fails stops it, and alerts', await told.innerText())
  await inert(page)
  await visit(page, 'overview')
  ok(await seen(page.getByRole('list', { name: 'Workflows that failed within a day' }).getByText(/Hell & Co, .* fails the vetting/)), 'the overview alerts, too')
  await visit(page, 'products')
}

async function highRisk(page) {
  await stands(page, 'Waits for a person', 'Mug with a cat')
  const asked = card(page, 'Waits for a person', 'Mug with a cat')
  ok(/Its supplier is not proven/.test(await asked.innerText()), 'of what is risky a person is asked, and why', await asked.innerText())
  is('and nothing of it is in the shop', undefined, (await made())['mug-with-a-cat'])
  await asked.getByRole('button', { name: 'publish Mug with a cat' }).click()
  await accessible(page, 'it is asked once more')
  await answer(page, 'publish')
  await live(page, 'Mug with a cat', 'mug-with-a-cat')
  ok(true, 'a person approves, and it goes live')
}

/** Of what less is known each step asks. */
async function everyStep(page) {
  await card(page, 'Waits for a person', 'Blue sofa').getByRole('button', { name: 'publish Blue sofa' }).click()
  await answer(page, 'publish')
  await card(page, 'Waits for a person', 'Blue sofa').getByText('Make Blue sofa as a draft').waitFor({ timeout: patienceMs })
  is('before it is approved the shop has nothing of it', undefined, (await made())['blue-sofa'])
  await approve(page, 'Blue sofa')
  await pull()
  await card(page, 'Waits for a person', 'Blue sofa').getByText('Publish Blue sofa').waitFor({ timeout: patienceMs })
  is('then it has a draft', 'DRAFT', (await made())['blue-sofa']?.status)
  await approve(page, 'Blue sofa')
  await stands(page, 'Live', 'Blue sofa')
  ok(true, 'each step is approved here, and it goes live')
}

async function received() {
  const all = await made()
  is('the shop was given three products', ['blue-sofa', 'desk-lamp', 'mug-with-a-cat'], Object.keys(all).sort())
  is('all are live', ['ACTIVE', 'ACTIVE', 'ACTIVE'], Object.keys(all).sort().map((handle) => all[handle].status))
  const lamp = all['desk-lamp']
  is('as they were priced, with their costs', ['Desk lamp', '49.49', 'lamp', '19.00'],
    [lamp.title, lamp.variants[0].price, lamp.variants[0].inventoryItem.sku, lamp.variants[0].inventoryItem.cost])
}

async function below(page) {
  const lamp = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: /^Desk lamp open/ }) })
  ok((await lamp.getByRole('meter').count()) === 6 && /margin/i.test(await lamp.innerText()), 'a score is broken down into its parts', await lamp.innerText())
  const bad = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: /^Hell & Co fails/ }) })
  ok((await bad.getByRole('meter').count()) > 0 && /20 of 150 orders failed/.test(await bad.innerText()), 'a supplier has its scorecard', await bad.innerText())
  await everyTheme(page, 'a full board')
  await fits(page, 'products')
  await picture(page, 'products', true)
}

/** The way to what stands behind a card. */
async function links(page) {
  await card(page, 'Live', 'Desk lamp').getByRole('link', { name: 'its proposal' }).click()
  await page.getByRole('heading', { level: 2, name: 'shopify.product.publish: ' }).waitFor()
  ok(/margin above target/i.test(await page.locator('main').innerText()), 'the proposal tells what the host knew of its margin')
  await visit(page, 'products')
  await card(page, 'Stopped', 'Wall clock').getByRole('link', { name: 'its run' }).click()
  await page.getByRole('heading', { level: 2, name: 'product_launch' }).waitFor()
  await visit(page, 'products')
  await card(page, 'Stopped', 'Wall clock').getByRole('button', { name: /^Launch again/ }).click()
  await answer(page, 'Launch again')
  await stands(page, 'Stopped', 'Wall clock')
  ok(true, 'what has stopped is launched again')
}

run(async (browser) => {
  const page = await open(browser)
  await login(page)
  await goals(page)
  await scout(page)
  await lowMargin(page)
  await supplierFails(page)
  await live(page, 'Desk lamp', 'desk-lamp')
  ok(true, 'what is within the goals goes live, and nobody is asked')
  await highRisk(page)
  await everyStep(page)
  await received()
  await below(page)
  await links(page)
})
