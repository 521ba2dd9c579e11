// SPDX-License-Identifier: Apache-2.0
// judge.cjs MODULES VERSION FOLDER [EXCHANGES] — what is wrong, by Shopify's own Admin schema of VERSION, with the operations in
// FOLDER and with the exchanges in EXCHANGES, a line each: [request, answer]. The last line is `N operations, N exchanges`.
const fs = require('fs');
const path = require('path');
const zlib = require('zlib');
const [modules, version, folder, exchanges] = process.argv.slice(2);
const g = require(path.join(modules, 'graphql'));
const data = path.join(modules, '@shopify/dev-mcp/dist/data', `admin_${version}.json.gz`);
const described = JSON.parse(zlib.gunzipSync(fs.readFileSync(data)));
const schema = g.buildClientSchema(described.data);
let bad = 0;
const tell = (where, what) => { bad += 1; console.log(`${version} ${where}: ${what}`); };

// What must have an idempotency key, and what must be told what it changes from, is said in descriptions alone.
const mutations = schema.getMutationType().getFields();
const words = (field) => (field.description ?? '').replace(/\s+/g, ' ');
const keyed = new Set(Object.values(mutations).filter((f) => /idempotency key is required/i.test(words(f))).map((f) => f.name));
if (keyed.size === 0) tell('the schema', 'expected mutations that require a key');

const check = (where, text) => {
  let document;
  try { document = g.parse(text); } catch (error) { tell(where, error.message); return null; }
  const faults = g.validate(schema, document);
  const old = g.validate(schema, document, [g.NoDeprecatedCustomRule]);
  [...faults, ...old].forEach((fault) => tell(where, fault.message));
  const types = new g.TypeInfo(schema);
  g.visit(document, g.visitWithTypeInfo(types, {
    Field (node) {
      if (types.getParentType() === schema.getMutationType() && keyed.has(node.name.value)
        && !node.directives.some((d) => d.name.value === 'idempotent')) tell(where, `${node.name.value} requires @idempotent`);
      if (types.getParentType() === schema.getMutationType()
        && !node.selectionSet.selections.some((s) => s.name?.value === 'userErrors')) tell(where, 'userErrors is not asked for');
    },
  }));
  return faults.length === 0 ? document : null;
};

// Every input object of a type that has the field has it: `changeFromQuantity` is nullable, and required when it is run.
const demand = (where, type, value) => {
  const of = g.getNullableType(type);
  if (value === null || value === undefined) return;
  if (g.isListType(of)) { [].concat(value).forEach((v) => demand(where, of.ofType, v)); return; }
  if (!g.isInputObjectType(of)) return;
  const fields = of.getFields();
  if ('changeFromQuantity' in fields && !('changeFromQuantity' in value)) tell(where, `${of.name} lacks changeFromQuantity`);
  for (const [name, member] of Object.entries(value)) {
    if (fields[name]?.deprecationReason) tell(where, `${of.name}.${name} is deprecated`);
    if (fields[name]) demand(where, fields[name].type, member);
  }
};

const names = fs.readdirSync(folder).filter((name) => name.endsWith('.graphql')).sort();
names.forEach((name) => check(name, fs.readFileSync(path.join(folder, name), 'utf8')));

// An answer is one of the schema's if executing the request over it gives it again.
const plain = (value) => JSON.parse(JSON.stringify(value));
const same = (a, b) => require('util').isDeepStrictEqual(plain(a), plain(b));
const judge = (line, number) => {
  const [request, answer] = JSON.parse(line);
  const where = `exchange ${number}`;
  const document = check(where, request.query);
  const operation = document && g.getOperationAST(document);
  if (!operation) return;
  const values = g.getVariableValues(schema, operation.variableDefinitions, request.variables ?? {});
  (values.errors ?? []).forEach((fault) => tell(where, fault.message));
  operation.variableDefinitions.forEach((v) =>
    demand(where, g.typeFromAST(schema, v.type), request.variables?.[v.variable.name.value]));
  const known = Object.keys(request.variables ?? {}).filter((name) =>
    !operation.variableDefinitions.some((v) => v.variable.name.value === name));
  known.forEach((name) => tell(where, `there is no variable ${name}`));
  if (values.errors || !answer.data) return;
  const result = g.executeSync({ schema, document, rootValue: answer.data, variableValues: request.variables,
    fieldResolver: (source, _arguments, _context, info) => source[info.path.key], typeResolver: (value) => value.__typename });
  (result.errors ?? []).forEach((fault) => tell(where, `the answer: ${fault.message}`));
  if (!result.errors && !same(result.data, answer.data)) tell(where, `the answer: ${JSON.stringify(answer.data)} is not ${JSON.stringify(result.data)}`);
};
const lines = exchanges ? fs.readFileSync(exchanges, 'utf8').split('\n').filter(Boolean) : [];
lines.forEach((line, i) => judge(line, i + 1));
console.log(`${names.length} operations, ${lines.length} exchanges`);
process.exit(bad > 0 || names.length === 0 ? 1 : 0);
