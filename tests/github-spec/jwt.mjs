// SPDX-License-Identifier: Apache-2.0
// jwt.mjs PROGRAM DIR [wrong] — the tokens that PROGRAM makes, judged by jose as GitHub judges them: RS256, an issuer, issued
// before now, ended not later than ten minutes after that.
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

globalThis.crypto ??= crypto.webcrypto; // Node 18
const { jwtVerify } = await import('jose');
const [program, dir, wrong] = process.argv.slice(2);
const now = Math.floor(Date.now() / 1000);
const make = (key, issuer, seconds) => execFileSync(program, [key, issuer, String(seconds)], { encoding: 'utf8' }).trim();
const judge = async (token, key) => {
  const { payload, protectedHeader } = await jwtVerify(token, key, { algorithms: ['RS256'], clockTolerance: 0, requiredClaims: ['iat', 'exp', 'iss'] });
  if (payload.exp - payload.iat > 600 || payload.iat > Date.now() / 1000) throw new Error(`claims ${JSON.stringify(payload)}`);
  if (protectedHeader.alg !== 'RS256') throw new Error(`header ${JSON.stringify(protectedHeader)}`);
  return payload;
};
const refused = async (what, token, key) => {
  const taken = await judge(token, key).then(() => true, (error) => { console.log(`${what}: ${error.code ?? error.message}`); return false; });
  if (taken) throw new Error(`${what}: taken`);
};

const pair = (bits) => crypto.generateKeyPairSync('rsa', { modulusLength: bits });
const { privateKey, publicKey } = pair(2048);
const file = path.join(dir, 'key.pem');
if (wrong) {
  fs.writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const token = make(file, '7', now);
  const [header, claims, signature] = token.split('.');
  const later = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(claims, 'base64url')), exp: now + 9000 })).toString('base64url');
  await refused('altered claims', [header, later, signature].join('.'), publicKey);
  await refused('no signature', [Buffer.from('{"alg":"none"}').toString('base64url'), claims, ''].join('.'), publicKey);
  await refused('another key', token, pair(2048).publicKey);
  await refused('ended', make(file, '7', now - 700), publicKey);
  await refused('not yet issued', make(file, '7', now + 700), publicKey);
} else {
  for (const [type, bits, issuer] of [['pkcs1', 2048, '7'], ['pkcs8', 2048, 'Iv23liABC'], ['pkcs1', 4096, '123456'], ['pkcs8', 3072, 'a"b\\']]) {
    const keys = pair(bits);
    fs.writeFileSync(file, keys.privateKey.export({ type, format: 'pem' }));
    for (const seconds of [now, now + 30, now - 30]) { // either clock may differ
      const { iss } = await judge(make(file, issuer, seconds), keys.publicKey);
      if (iss !== issuer) throw new Error(`issuer ${iss}`);
    }
    console.log(`${type}, ${bits} bits, issuer ${issuer}: taken`);
  }
}
