// SPDX-License-Identifier: Apache-2.0
// Each delivery goes to the host and to the service's own library, which is asked as its receivers ask it.
import crypto from 'node:crypto';
import http from 'node:http';
import { createRequire } from 'node:module';

globalThis.crypto ??= crypto.webcrypto; // Node 18
await import('@shopify/shopify-api/adapters/node');
const { shopifyApi, LogSeverity } = await import('@shopify/shopify-api');
const { Webhooks, createNodeMiddleware } = await import('@octokit/webhooks');
const examples = createRequire(import.meta.url)('@octokit/webhooks-examples');

const url = new URL(process.env.WEBHOOKS_URL);
const secrets = { github: 's3cret', shopify: 'hush' };
let number = 0;
let failed = false;
const ok = (is, name, detail = '') => {
  number += 1;
  console.log(`${is ? 'ok' : 'not ok'} ${number} - ${name}`);
  if (!is && detail) console.log(String(detail).replace(/^/gm, '# '));
  failed ||= !is;
};

// --- Asking ----------------------------------------------------------------------------------------------------------

const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
const send = (port, path, headers, body, method = 'POST') => new Promise((resolve, reject) => {
  const request = http.request({ host: '127.0.0.1', port, path, method, agent, headers }, (answer) => {
    const chunks = [];
    answer.on('data', (chunk) => chunks.push(chunk));
    answer.on('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(chunks).toString() }));
  });
  request.on('error', reject);
  if (method === 'POST') request.setHeader('Content-Length', body.length);
  request.end(body);
});
const post = (service, headers, body) => send(url.port, `/webhooks/${service}`, headers, body);
const get = async (path) => JSON.parse((await send(url.port, path, { Authorization: `Bearer ${process.env.WEBHOOKS_TOKEN}` },
  undefined, 'GET')).text);
const all = async (items, work, most = 32) => {
  let next = 0;
  const results = new Array(items.length);
  await Promise.all(Array.from({ length: most }, async () => {
    while (next < items.length) { const i = next; next += 1; results[i] = await work(items[i], i); }
  }));
  return results;
};

const quiet = { debug () {}, info () {}, warn () {}, error () {} };
const octokit = createNodeMiddleware(new Webhooks({ secret: secrets.github, log: quiet }), { path: '/webhooks/github', log: quiet });
const shopify = shopifyApi({ apiKey: 'k', apiSecretKey: secrets.shopify, scopes: [], hostName: 'localhost', apiVersion: '2026-07',
  isEmbeddedApp: false, logger: { level: LogSeverity.Error } });
const judge = http.createServer((request, answer) => {
  if (request.url === '/webhooks/github') { octokit(request, answer); return; }
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    const verdict = await shopify.webhooks.validate({ rawBody: Buffer.concat(chunks).toString(), rawRequest: request, rawResponse: answer });
    answer.statusCode = verdict.valid ? 200 : 401;
    answer.end(verdict.reason ?? '');
  });
});
await new Promise((resolve) => { judge.listen(0, '127.0.0.1', resolve); });

// --- Deliveries ------------------------------------------------------------------------------------------------------

const mac = (service, body, encoding, secret = secrets[service]) => crypto.createHmac('sha256', secret).update(body).digest(encoding);
const makers = {
  github: (body) => ({
    'Content-Type': 'application/json',
    'X-GitHub-Event': 'push',
    'X-GitHub-Delivery': crypto.randomUUID(),
    'X-Hub-Signature-256': `sha256=${mac('github', body, 'hex')}`,
  }),
  shopify: (body) => ({
    'Content-Type': 'application/json',
    'X-Shopify-Topic': 'products/update',
    'X-Shopify-Shop-Domain': 'acme.myshopify.com',
    'X-Shopify-API-Version': '2026-07',
    'X-Shopify-Webhook-Id': crypto.randomUUID(),
    'X-Shopify-Event-Id': crypto.randomUUID(),
    'X-Shopify-Triggered-At': new Date().toISOString(),
    'X-Shopify-Hmac-Sha256': mac('shopify', body, 'base64'),
  }),
};
const newer = (headers) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.replace('X-Shopify', 'Shopify'), value]));
const signature = { github: 'X-Hub-Signature-256', shopify: 'X-Shopify-Hmac-Sha256' };

let serial = 0;
const bodies = {
  plain: () => `{"n":${serial += 1},"action":"opened","title":"a / b"}`,
  utf8: () => `{"n":${serial += 1},"title":"Caffè ☕ 𝄞"}`,
  spaced: () => `{ "n" : ${serial += 1} ,\n "price" : 1.10 }\n`,
  escaped: () => `{"n":${serial += 1},"title":"Caff\\u00e8 <b>\\/"}`,
  nested: () => `{"n":${serial += 1},"list":[1,2.50,1e3,null,true,{"":""}]}`,
};
// What is done to a good delivery, { headers, body } as a Buffer; `of` limits it to a service.
const changes = {
  good () {},
  'another secret': (d, s) => { d.headers[signature[s]] = makers[s](d.body)[signature[s]].startsWith('sha256=')
    ? `sha256=${mac(s, d.body, 'hex', 'other')}` : mac(s, d.body, 'base64', 'other'); },
  'no secret': (d, s) => { d.headers[signature[s]] = s === 'github' ? `sha256=${mac(s, d.body, 'hex', '')}` : mac(s, d.body, 'base64', ''); },
  'a space at the end': (d) => { d.body = Buffer.concat([d.body, Buffer.from(' ')]); },
  'a newline before': (d) => { d.body = Buffer.concat([Buffer.from('\n'), d.body]); },
  'a byte changed': (d) => { d.body = Buffer.from(d.body); d.body[5] ^= 1; },
  'a byte less': (d) => { d.body = d.body.subarray(0, -1); },
  'twice': (d) => { d.body = Buffer.concat([d.body, d.body]); },
  'no body': (d) => { d.body = Buffer.alloc(0); },
  'no body, signed': (d, s) => { d.body = Buffer.alloc(0); Object.assign(d.headers, makers[s](d.body)); },
  'parsed and written': (d) => { d.body = Buffer.from(JSON.stringify(JSON.parse(d.body))); },
  'written with spaces': (d) => { d.body = Buffer.from(JSON.stringify(JSON.parse(d.body), null, 2)); },
  'in ASCII': (d) => { d.body = Buffer.from(JSON.stringify(JSON.parse(d.body)).replace(/[^\x00-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)); },
  'in Latin-1': (d) => { d.body = Buffer.from(d.body.toString(), 'latin1'); },
  'in UTF-16': (d) => { d.body = Buffer.from(d.body.toString(), 'utf16le'); },
  'in base64': (d) => { d.body = Buffer.from(d.body.toString('base64')); },
  'as a form': (d) => { d.body = Buffer.from(`payload=${encodeURIComponent(d.body)}`); d.headers['Content-Type'] = 'application/x-www-form-urlencoded'; },
  'as a form, signed': (d, s) => { d.body = Buffer.from(`payload=${encodeURIComponent(d.body)}`); Object.assign(d.headers, makers[s](d.body));
    if (s === 'github') d.headers['Content-Type'] = 'application/x-www-form-urlencoded'; else d.json = false; },
  'bytes that are no text, signed': (d, s) => { d.body = Buffer.from([0x22, 0xff, 0xfe, 0x22]); Object.assign(d.headers, makers[s](d.body)); },
  'signature in hex': (d, s) => { d.headers[signature[s]] = mac(s, d.body, 'hex'); },
  'signature in base64': (d, s) => { d.headers[signature[s]] = `sha256=${mac(s, d.body, 'base64')}`; },
  'signature in base64url': (d, s) => { d.headers[signature[s]] = mac(s, d.body, 'base64url'); },
  'signature in upper case': (d, s) => { d.headers[signature[s]] = d.headers[signature[s]].toUpperCase(); },
  'signature in upper-case digits': (d, s) => { d.headers[signature[s]] = `sha256=${mac(s, d.body, 'hex').toUpperCase()}`; },
  'signature cut short': (d, s) => { d.headers[signature[s]] = d.headers[signature[s]].slice(0, -1); },
  'signature too long': (d, s) => { d.headers[signature[s]] += '0'; },
  'signature and another': (d, s) => { d.headers[signature[s]] += ` ${d.headers[signature[s]]}`; },
  'signature in quotes': (d, s) => { d.headers[signature[s]] = `"${d.headers[signature[s]]}"`; },
  'signature without a body': (d, s) => { d.headers[signature[s]] = makers[s](Buffer.from('x'))[signature[s]]; },
  'signature empty': (d, s) => { d.headers[signature[s]] = ''; },
  'signature by SHA-1': (d, s) => { d.headers[signature[s]] = `sha1=${crypto.createHmac('sha1', secrets[s]).update(d.body).digest('hex')}`; },
  'headers in lower case': (d) => { d.headers = Object.fromEntries(Object.entries(d.headers).map(([n, v]) => [n.toLowerCase(), v])); },
  'a charset': (d) => { d.headers['Content-Type'] = 'application/json; charset=utf-8'; },
};
for (const [service, make] of Object.entries(makers)) {
  for (const name of Object.keys(make(''))) {
    if (service === 'shopify' && name === 'Content-Type') continue;
    changes[`no ${name}`] = Object.assign((d) => { delete d.headers[name]; }, { of: service });
  }
}
const onlyNewer = ['good', 'another secret', 'a byte changed', 'no X-Shopify-Topic', 'no X-Shopify-Shop-Domain', 'no X-Shopify-API-Version',
  'no X-Shopify-Webhook-Id', 'no X-Shopify-Event-Id', 'no X-Shopify-Triggered-At', 'no X-Shopify-Hmac-Sha256', 'no body, signed'];

const deliveries = [];
for (const service of ['github', 'shopify']) {
  for (const [shape, makeBody] of Object.entries(bodies)) {
    for (const [name, change] of Object.entries(changes)) {
      if (change.of !== undefined && change.of !== service) continue;
      const body = Buffer.from(makeBody());
      const delivery = { name: `${service}, ${shape}: ${name}`, service, headers: makers[service](body), body };
      change(delivery, service);
      deliveries.push(delivery);
      if (service !== 'shopify' || !onlyNewer.includes(name)) continue;
      const again = Buffer.from(makeBody());
      const other = { name: `${service} without X-, ${shape}: ${name}`, service, headers: makers[service](again), body: again };
      change(other, service);
      other.headers = newer(other.headers);
      deliveries.push(other);
    }
  }
}
const verdicts = await all(deliveries, async (d) => {
  const [theirs, ours] = await Promise.all([send(judge.address().port, `/webhooks/${d.service}`, d.headers, d.body),
    post(d.service, d.headers, d.body)]);
  // Shopify's library does not look at the body; a form is none of its deliveries.
  const wanted = d.json !== false && theirs.status === 200;
  return { wanted, found: ours.status === 202, text: `${d.name}: theirs ${theirs.status} ${theirs.text}, ours ${ours.status} ${ours.text}` };
});
const differ = verdicts.filter((v) => v.wanted !== v.found);
const good = verdicts.filter((v) => v.wanted).length;
ok(differ.length === 0 && good > 60 && verdicts.length - good > 200, `the host and the libraries agree on ${verdicts.length} deliveries, of which ${good} are good`,
  differ.map((v) => v.text).join('\n'));
judge.close();

// --- All that GitHub publishes ---------------------------------------------------------------------------------------

const published = examples.flatMap(({ name, examples: payloads }) => payloads.map((payload) => ({ name, payload })));
const answers = await all(published, async ({ name, payload }) => {
  const body = Buffer.from(JSON.stringify(payload));
  const headers = { ...makers.github(body), 'X-GitHub-Event': name };
  const answer = await post('github', headers, body);
  if (answer.status !== 202) return { name, id: headers['X-GitHub-Delivery'], fault: `${name}: ${answer.status} ${answer.text}` };
  const { started, known } = JSON.parse(answer.text);
  if (started.length !== 1) return { name, fault: `${name}: ${answer.text}` };
  const { input } = await get(`/api/v1/jobs/${started[0]}`);
  const wanted = { event: name, action: payload.action, repository: payload.repository?.full_name, sender: payload.sender?.login };
  const fault = known ? null : Object.keys(wanted).find((member) => (input[member] ?? null) !== (wanted[member] ?? null));
  return { name, known, job: started[0], fault: fault && `${name}: ${fault}: ${JSON.stringify(input)}, expected ${JSON.stringify(wanted)}` };
});
const distinct = new Set(published.map(({ payload }) => JSON.stringify(payload))).size;
const faults = answers.filter((a) => a.fault).map((a) => a.fault);
ok(published.length === 329 && faults.length === 0 && new Set(answers.map((a) => a.job)).size === distinct,
  `all ${published.length} published payloads of GitHub, of which ${distinct} are distinct, started what they should`, faults.join('\n'));

// --- A thousand a second ---------------------------------------------------------------------------------------------

const N = 5000;
const load = Array.from({ length: N }, (_, i) => {
  const body = Buffer.from(`{"n":${1000000 + i},"title":"Caffè ☕","variants":[{"price":"19.90","sku":"A-${i}"}]}`);
  return { headers: makers.shopify(body), body };
});
const times = [];
const round = async () => {
  const began = process.hrtime.bigint();
  const results = await all(load, async ({ headers, body }) => {
    const since = process.hrtime.bigint();
    const answer = await post('shopify', headers, body);
    times.push(Number(process.hrtime.bigint() - since) / 1e6);
    return answer;
  });
  return { results, seconds: Number(process.hrtime.bigint() - began) / 1e9 };
};
const first = await round();
times.sort((a, b) => a - b);
const per_s = N / first.seconds;
console.log(`# ${N} deliveries in ${first.seconds.toFixed(2)} s: ${per_s.toFixed(0)} a second, median ${times[N / 2].toFixed(1)} ms, p99 ${times[Math.floor(N * 0.99)].toFixed(1)} ms`);
const ids = (results) => results.map((a) => (a.status === 202 ? JSON.parse(a.text).started[0] : null));
const started = ids(first.results);
ok(new Set(started).size === N && !started.includes(null), `${N} deliveries started ${N} jobs`, first.results.find((a) => a.status !== 202)?.text);
const second = await round();
ok(ids(second.results).every((id, i) => id === started[i]) && second.results.every((a) => JSON.parse(a.text).known),
  'delivered again they are known, with what they started');
let done = 0;
for (let tries = 0; tries < 600 && done < N; tries += 1) {
  const states = await all(started.slice(done), (id) => get(`/api/v1/jobs/${id}`).then((job) => job.state));
  const at = states.findIndex((state) => state !== 'completed');
  done = at === -1 ? N : done + at;
  if (done < N) await new Promise((resolve) => { setTimeout(resolve, 200); });
}
ok(done === N, 'each job was done', `${done} of ${N}`);
const trigger = await get('/api/v1/triggers/good.shopify');
const shopifyGood = verdicts.filter((v) => v.found && v.text.startsWith('shopify')).length;
ok(trigger.fired === N + shopifyGood, 'the trigger fired once for each', `${trigger.fired}, expected ${N + shopifyGood}`);

console.log(`1..${number}`);
agent.destroy();
process.exit(failed ? 1 : 0);
