// SPDX-License-Identifier: Apache-2.0
// What a browser measures of the console's first visit, for `./dev bench start`: the first contentful paint, beside that of a line of
// text from the same host, which is the least that this browser on this machine takes; what the page weighs. In turn, each visit with a
// cache of its own. Prints one line of JSON. E2E_URL and E2E_BROWSER say where and by what.
import { chromium } from 'playwright-core'

const { E2E_URL: url, E2E_BROWSER: executablePath } = process.env
const rounds = 9

// Of one visit: milliseconds from the navigation to the paint, and bytes as they came over the wire, without what the API answered.
async function visit(browser, address) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  await page.goto(address)
  await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0)
  await page.waitForLoadState('networkidle')
  const seen = await page.evaluate(() => ({
    paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
    bytes: performance.getEntries().filter((one) => one.encodedBodySize && !one.name.includes('/api/')).reduce((sum, one) => sum + one.encodedBodySize, 0),
  }))
  await context.close()
  return seen
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
const page = []
const line = []
await visit(browser, `${url}healthz`) // the browser's own first page
for (let i = 0; i < rounds; i++) {
  line.push(await visit(browser, `${url}healthz`))
  page.push(await visit(browser, url))
}
await browser.close()
const paint = median(page.map((one) => one.paint))
const least = median(line.map((one) => one.paint))
console.log(JSON.stringify({ paint_ms: paint, least_ms: least, page_bytes: page[0].bytes }))
