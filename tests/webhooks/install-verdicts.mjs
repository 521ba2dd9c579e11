// SPDX-License-Identifier: Apache-2.0
// The query with which Shopify sends a browser back goes to the host and to Shopify's own library, asked as its own receiver asks it.
// The host's verdict is whether it looks at the state, of which it knows none: it does after the signature, and not before.
import crypto from 'node:crypto';
import http from 'node:http';

globalThis.crypto ??= crypto.webcrypto; // Node 18
await import('@shopify/shopify-api/adapters/node');
const { shopifyApi, LogSeverity } = await import('@shopify/shopify-api');

const secret = 'hush-of-the-app';
const shopify = shopifyApi({ apiKey: 'k', apiSecretKey: secret, scopes: [], hostName: 'localhost', apiVersion: '2026-07',
  isEmbeddedApp: false, logger: { level: LogSeverity.Error } });
let number = 0;
let failed = false;
const ok = (is, name, detail = '') => {
  number += 1;
  console.log(`${is ? 'ok' : 'not ok'} ${number} - ${name}`);
  if (!is && detail) console.log(String(detail).replace(/^/gm, '# '));
  failed ||= !is;
};
const ask = (query) => new Promise((resolve, reject) => {
  http.get(`${process.env.WEBHOOKS_URL}/oauth/shopify/callback?${query}`, (answer) => {
    const chunks = [];
    answer.on('data', (chunk) => chunks.push(chunk));
    answer.on('end', () => resolve({ status: answer.statusCode, detail: JSON.parse(Buffer.concat(chunks)).detail }));
  }).on('error', reject);
});
const theirs = async (query) => {
  const params = Object.fromEntries(new URL(`http://localhost/?${query}`).searchParams.entries());
  try { return (await shopify.utils.validateHmac(params)) && shopify.utils.sanitizeShop(params.shop ?? '') !== null; } catch { return false; }
};

// --- Queries ---------------------------------------------------------------------------------------------------------

const now = () => Math.trunc(Date.now() / 1000);
const escape = (text) => new URLSearchParams({ a: text }).toString().slice(2).replaceAll('+', '%20');
// Signed as Shopify does: sorted, escaped, without the HMAC.
const sign = (pairs, key = secret, digest = 'hex') => crypto.createHmac('sha256', key)
  .update(pairs.map(([n, v]) => `${escape(n)}=${escape(v)}`).sort().join('&')).digest(digest);
const write = (pairs) => pairs.map(([n, v]) => `${escape(n)}=${escape(v)}`).join('&');
const basic = () => [['code', `c0de${crypto.randomBytes(14).toString('hex')}`], ['host', 'YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvYWNtZQ=='],
  ['shop', 'acme.myshopify.com'], ['state', crypto.randomBytes(32).toString('base64url')], ['timestamp', `${now()}`]];
const shapes = {
  basic,
  'without a host': () => basic().filter(([n]) => n !== 'host'),
  'with an array of one': () => [...basic(), ['ids[]', '1']],
  'with members': () => [...basic(), ['locale[a]', 'fr'], ['locale[b]', 'de']],
  'with blanks': () => [...basic(), ['name', 'a b  c']],
  'with signs': () => [...basic(), ['name', `~*-._!'()&=+%/?#;:@$,"<>[]{}|\\^\``]],
  'with more than ASCII': () => [...basic(), ['name', 'Caffè ☕ 𝄞']],
  'with nothing in it': () => [...basic(), ['name', '']],
  'with a state of signs': () => [...basic().filter(([n]) => n !== 'state'), ['state', 'a~b.c_d-e']],
};
const set = (pairs, name, value) => pairs.map((pair) => (pair[0] === name ? [name, value] : pair));
const good = (pairs) => `${write(pairs)}&hmac=${sign(pairs)}`;
const changes = {
  good,
  'in another order': (p) => good([...p].reverse()),
  'hmac first': (p) => `hmac=${sign(p)}&${write(p)}`,
  'blanks as +': (p) => good(p).replaceAll('%20', '+'),
  'escaped in lower case': (p) => good(p).replace(/%[0-9A-F]{2}/g, (e) => e.toLowerCase()),
  'everything escaped': (p) => `${p.map(([n, v]) => `${n}=${[...Buffer.from(v)].map((b) => `%${b.toString(16).padStart(2, '0')}`).join('')}`).join('&')}&hmac=${sign(p)}`,
  'another secret': (p) => `${write(p)}&hmac=${sign(p, 'other')}`,
  'no secret': (p) => `${write(p)}&hmac=${sign(p, '')}`,
  'hmac in base64': (p) => `${write(p)}&hmac=${encodeURIComponent(sign(p, secret, 'base64'))}`,
  'hmac in upper case': (p) => `${write(p)}&hmac=${sign(p).toUpperCase()}`,
  'hmac cut short': (p) => `${write(p)}&hmac=${sign(p).slice(0, -1)}`,
  'hmac too long': (p) => `${write(p)}&hmac=${sign(p)}0`,
  'hmac empty': (p) => `${write(p)}&hmac=`,
  'no hmac': write,
  'hmac of nothing': (p) => `${write(p)}&hmac=${sign([])}`,
  'hmac by a signature': (p) => `${write(p)}&signature=${sign(p)}`,
  'signed and escaped twice': (p) => good(p.map(([n, v]) => [n, v])).replaceAll('%', '%25'),
  'another parameter': (p) => `${good(p)}&more=1`,
  'another one, empty': (p) => `${good(p)}&more=`,
  'one less': (p) => `${write(p.slice(1))}&hmac=${sign(p)}`,
  'one that was signed in an array': (p) => `${good(p)}&ids[]=2`,
  'a joined value': (p) => `code=${escape(`${p[0][1]}&x=y`)}&${write(p.slice(1))}&hmac=${sign(p)}`,
  'late': (p) => good(set(p, 'timestamp', `${now() - 600}`)),
  'early': (p) => good(set(p, 'timestamp', `${now() + 600}`)),
  'a minute late': (p) => good(set(p, 'timestamp', `${now() - 60}`)),
  'a time that is none': (p) => good(set(p, 'timestamp', 'soon')),
  'another shop': (p) => `${write(set(p, 'shop', 'evil.myshopify.com'))}&hmac=${sign(p)}`,
  'a foreign domain, signed': (p) => good(set(p, 'shop', 'acme.myshopify.com.evil.example')),
  'a shop with a path, signed': (p) => good(set(p, 'shop', 'acme.myshopify.com/x')),
};
for (const [name, value] of Object.entries({ code: 'another', state: 'another', timestamp: `${now() - 1}`, host: 'YQ==' })) {
  changes[`${name} altered`] = (p) => (p.some(([n]) => n === name) ? `${write(set(p, name, value))}&hmac=${sign(p)}` : write(p));
}

const told = [];
for (const [shape, make] of Object.entries(shapes)) {
  for (const [name, change] of Object.entries(changes)) {
    const query = change(make());
    const wanted = await theirs(query);
    const found = await ask(query);
    told.push({ wanted, found: found.status === 403 && /^state: no install/.test(found.detail), text: `${shape}: ${name}: ${query}: theirs ${wanted}, ours ${found.status} ${found.detail}` });
  }
}
const differ = told.filter((one) => one.wanted !== one.found);
const n = told.filter((one) => one.wanted).length;
ok(differ.length === 0 && n > 40 && told.length - n > 200, `the host and Shopify's library agree on ${told.length} queries of installs, of which ${n} are good`,
  differ.map((one) => one.text).join('\n'));

// Where the host is stricter: Shopify sends nothing twice, and the library takes the last.
const twice = [];
for (const name of ['code', 'hmac', 'shop', 'state', 'timestamp', 'ids[]']) {
  const pairs = [...basic(), ['ids[]', '1']];
  const found = await ask(`${name === 'hmac' ? `hmac=${sign(pairs)}` : write(pairs.filter(([n2]) => n2 === name))}&${good(pairs)}`);
  twice.push(/expected nothing in it twice/.test(found.detail));
}
ok(twice.every(Boolean), 'what stands there twice is refused, whichever of them is signed', twice.join());
console.log(`1..${number}`);
process.exit(failed ? 1 : 0);
