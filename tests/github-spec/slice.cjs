// SPDX-License-Identifier: Apache-2.0
// slice.cjs IN OUT — the part of GitHub's OpenAPI description that the connector can reach, with all that it refers to.
const fs = require('fs');
const [from, to] = process.argv.slice(2);
const spec = JSON.parse(fs.readFileSync(from));
const wanted = /^\/repos\/\{owner\}\/\{repo\}\/(pulls|issues|statuses|commits|releases)(\/|$)|^\/app\/installations\/\{installation_id\}\/access_tokens$/;
const paths = Object.fromEntries(Object.entries(spec.paths).filter(([path]) => wanted.test(path)));
const components = {};
const reach = (node) => {
  if (Array.isArray(node)) { node.forEach(reach); return; }
  if (node === null || typeof node !== 'object') return;
  for (const [member, value] of Object.entries(node)) {
    if (member !== '$ref' || typeof value !== 'string') { reach(value); continue; }
    const [, , kind, name] = value.split('/');
    components[kind] ??= {};
    if (name in components[kind]) continue;
    components[kind][name] = spec.components[kind][name];
    reach(components[kind][name]);
  }
};
reach(paths);
fs.writeFileSync(to, JSON.stringify({ openapi: spec.openapi, info: spec.info, servers: spec.servers, paths, components }));
