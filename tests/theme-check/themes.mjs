// SPDX-License-Identifier: Apache-2.0
// Themes with something wrong, made here: one in which nothing is, what each case changes of it, and one of a real shop's size.

const schema = (text, before = '') => `${before}<div>{{ section.settings.size }}</div>\n{% schema %}\n${text}\n{% endschema %}\n`
const settings = (n) => JSON.stringify(Array.from({ length: n }, (_, i) => ({ type: 'text', id: `a${i}`, label: 'x' })))
const json = (value) => `${JSON.stringify(value, null, 2)}\n`
const nested = (n) => `${'{% if a %}\n'.repeat(n)}x\n${'{% endif %}\n'.repeat(n)}`

/** A theme in which neither finds anything: path → text. */
export const sound = {
  'layout/theme.liquid': '<!doctype html>\n<html>\n<head>\n{{ content_for_header }}\n</head>\n<body>\n{% sections \'group\' %}\n'
    + '{{ content_for_layout }}\n{% render \'price\', product: product %}\n</body>\n</html>\n',
  'snippets/price.liquid': '{%- liquid\n  assign price = product.price | money\n  if price != blank\n    echo price\n  endif\n-%}\n'
    + '{{ \'cart.title\' | t }}\n',
  'sections/main.liquid': schema(json({
    name: 't:main.name',
    settings: [{ type: 'range', id: 'size', label: 's', min: 1, max: 9, default: 2 }],
    blocks: [{ type: 'text', name: 'x', settings: [{ type: 'text', id: 'words', label: 'w' }] }],
  })),
  'sections/group.json': '/* made by the editor */\n'
    + json({ type: 'header', name: 'Header', sections: { a: { type: 'main' } }, order: ['a'] }),
  'templates/index.json': json({
    sections: { m: { type: 'main', settings: { size: 3 }, blocks: { t: { type: 'text' } }, block_order: ['t'] } }, order: ['m'],
  }),
  'locales/en.default.json': json({ cart: { title: 'Cart' } }),
  'locales/fr.json': json({ cart: { title: 'Panier' } }),
  'locales/en.default.schema.json': json({ main: { name: 'Main' } }),
  'config/settings_schema.json': json([{ name: 'Colors', settings: [{ type: 'text', id: 'font', label: 'l' }] }]),
  'config/settings_data.json': json({ current: 'Default', presets: { Default: { font: 'a' } } }),
  'blocks/words.liquid': `<p>{{ block.settings.text }}</p>\n{% schema %}\n${json({ name: 'Words', settings: [{ type: 'text', id: 'text', label: 't' }] })}`
    + '{% endschema %}\n',
  'assets/base.css': 'a { color: red }\n',
}

// What stands in a snippet, and the check that theme-check must find there.
const snippets = [
  ['AssetPreload', '<link href="{{ a }}" rel="preload" as="style">'],
  ['AssetPreload', '<link href="{{ a }}" rel="preload" as="image">'],
  ['AssetPreload', '<link href="{{ a }}" rel="preload" as="font">'],
  ['CdnPreconnect', '<link rel="preconnect" href="https://cdn.shopify.com/" crossorigin>'],
  ['ContentForHeaderModification', '{{ content_for_header | replace: "a", "b" }}'],
  ['ContentForHeaderModification', '{% assign kept = content_for_header %}\n{{ kept }}'],
  ['ContentForHeaderModification', '{% capture kept %}\n{{ content_for_header }}\n{% endcapture %}\n{{ kept }}'],
  ['DeprecatedFilter', '{{ product | img_url: "2x" }}'],
  ['DeprecatedFilter', '{{ color | hex_to_rgba }}'],
  ['DeprecatedTag', '{% include "price" %}'],
  ['DeprecatedTag', '{% liquid\n  assign a = 1\n  include "price", b: a\n%}'],
  ['DuplicateRenderSnippetArguments', '{% render "price", a: 1, b: 2, a: 3 %}'],
  ['HardcodedRoutes', '<a href="/cart">x</a>'],
  ['HardcodedRoutes', '<form action="/search">x</form>'],
  ['ImgWidthAndHeight', '<img src="{{ a | image_url }}" alt="">'],
  ['ImgWidthAndHeight', '<img\n  src="{{ a | image_url }}"\n  width="1"\n>'],
  ['ImgWidthAndHeight', '{% if a %}\n  <p>öü <img src="{{ a | image_url }}" height="1"></p>\n{% endif %}'],
  ['JavascriptOncePerFile', '{% javascript %}a{% endjavascript %}\n{% javascript %}b{% endjavascript %}'],
  ['LiquidHTMLSyntaxError', '{% if a %}\nx'],
  ['LiquidHTMLSyntaxError', 'x\n{% endif %}'],
  ['LiquidHTMLSyntaxError', '{% for a in b %}\n{% if a %}\nx\n{% endfor %}'],
  ['LiquidHTMLSyntaxError', '<div>\n<p>\n</div>'],
  ['LiquidHTMLSyntaxError', '<div>\n'],
  ['LiquidHTMLSyntaxError', '</span>\n'],
  ['LiquidHTMLSyntaxError', '{{ a '],
  ['LiquidHTMLSyntaxError', '{% assign a = 1'],
  ['LiquidHTMLSyntaxError', '{% raw %}{{ a }}'],
  ['LiquidHTMLSyntaxError', '{% comment %}\nx'],
  ['LiquidNestingDepth', nested(12)],
  ['LiquidSyntaxError', '{% if a == %}\nx\n{% endif %}'],
  ['LiquidSyntaxError', '{% for a of b %}\nx\n{% endfor %}'],
  ['LiquidSyntaxError', '{{ a | }}'],
  ['LiquidSyntaxError', '{% assign a b %}'],
  ['MissingAsset', '{{ "none.css" | asset_url | stylesheet_tag }}'],
  ['MissingAsset', '<div>\n  {{ "none.js" | asset_url }}\n</div>'],
  ['MissingTemplate', '{% render "none" %}'],
  ['MissingTemplate', '{% section "none" %}'],
  ['MissingTemplate', '{% liquid\n  if a\n    render "none"\n  endif\n%}'],
  ['PaginationSize', '{% paginate collection.products by 300 %}\nx\n{% endpaginate %}'],
  ['PaginationSize', '{% paginate collection.products by 0 %}\nx\n{% endpaginate %}'],
  ['ParserBlockingScript', '<script src="{{ a | asset_url }}"></script>'],
  ['RemoteAsset', '<script defer src="https://a.example/b.js"></script>'],
  ['RemoteAsset', '<img width="1" height="1" alt="" src="https://a.example/b.png">'],
  ['SchemaSectionOrBlockOnly', '{% schema %}{ "name": "x" }{% endschema %}'],
  ['StaticStylesheetAndJavascriptTags', '{% stylesheet %}\na { color: {{ a }} }\n{% endstylesheet %}'],
  ['StaticStylesheetAndJavascriptTags', '{% javascript %}\n{% if a %}x{% endif %}\n{% endjavascript %}'],
  ['StylesheetOncePerFile', '{% stylesheet %}a{}{% endstylesheet %}\n{% stylesheet %}b{}{% endstylesheet %}'],
  ['TranslationKeyExists', '{{ "cart.titel" | t }}'],
  ['TranslationKeyExists', '{% assign words = "general.none" | t %}\n{{ words }}'],
  ['UnknownFilter', '{{ a | upcaze }}'],
  ['UnknownFilter', '{% assign b = a | downcase | trim %}\n{{ b }}'],
  ['UnusedAssign', '{% assign b = 1 %}'],
  ['UnusedAssign', '{% liquid\n  assign b = 1\n  assign c = 2\n  echo c\n%}'],
  ['VariableName', '{% assign bigName = 1 %}\n{{ bigName }}'],
]

// What comments say to theme-check: of it, what is left is the same. All the pieces have something wrong.
const img = '<img src="{{ a | image_url }}" alt="">'
const comments = [
  `{% comment %}theme-check-disable ImgWidthAndHeight{% endcomment %}\n${img}\n{% comment %}theme-check-enable ImgWidthAndHeight{% endcomment %}\n${img}`,
  `{% comment %} theme-check-disable {% endcomment %}\n${img}\n{{ a | upcaze }}\n{%- comment -%}theme-check-enable{%- endcomment -%}\n{{ a | upcaze }}`,
  `{% # theme-check-disable ImgWidthAndHeight, UnknownFilter %}\n${img}{{ a | upcaze }}\n{% render "none" %}`,
  `{% # theme-check-disable UnknownFilter %}\n{{ a | upcaze }}\n{% # theme-check-enable %}\n{{ a | upcaze }}`,
  `{% # theme-check-disable-next-line %}\n${img}\n${img}`,
  '{% # theme-check-disable-next-line UnknownFilter %}\n{{ a | upcaze }}\n{{ a | upcaze }}',
  '{% # theme-check-disable-next-line %}\n<div>\n{{ a | upcaze }}\n</div>',
  '{% # theme-check-disable-next-line %}\n{% if a %}\n{{ a | upcaze }}\n{% endif %}',
  '{% liquid\n  # theme-check-disable-next-line\n  render "none"\n  render "other"\n%}',
  `{% comment %}theme-check-disable NoSuchCheck{% endcomment %}\n${img}`,
  `{% comment %}not theme-check-disable{% endcomment %}\n${img}`,
]

// What a section's schema holds.
const sections = [
  ['ExcessiveSettingsCount', `{ "name": "n", "settings": ${settings(41)} }`],
  ['JSONSyntaxError', '{ "name": }'],
  ['ValidSchema', '{ "name": "n", "settings": [\n{ "type": "rang", "id": "a", "label": "a" }\n] }'],
  ['ValidSchema', '{ "name": "n", "limit": "three" }'],
  ['ValidSchema', '{ "name": "n", "max_blocks": 51 }'],
  ['ValidSchema', '{ "name": "n", "settings": [\n{ "type": "text", "label": "a" }\n] }'],
  ['ValidSchema', '{ "name": "n", "settings": [\n{ "type": "range", "id": "a", "label": "a", "min": 1 }\n] }'],
  ['ValidSchemaName', '{ "name": "A name of more than twenty-five characters" }'],
  ['ValidSchemaTranslations', '{ "name": "t:none.name" }'],
  ['ValidSchemaTranslations', '{ "name": "n", "settings": [\n{ "type": "text", "id": "a", "label": "t:main.nome" }\n] }'],
  ['ValidSettingsKey', '{ "name": "n", "settings": [\n{ "type": "text", "id": "a", "label": "a" }\n],\n"presets": [\n'
    + '{ "name": "p", "settings": {\n"b": "x"\n} }\n] }'],
]

const index = (value) => json({ sections: { m: value }, order: ['m'] })

/** What changes the sound theme: the check that theme-check must find (null: whichever), and the files that are others. */
export const cases = [
  ...snippets.map(([check, text]) => [check, { 'snippets/price.liquid': `{{ 'cart.title' | t }}\n\n${text}\n` }]),
  ...comments.map((text) => [null, { 'snippets/price.liquid': `{{ 'cart.title' | t }}\n\n${text}\n` }]),
  ...sections.map(([check, text]) => [check, { 'sections/other.liquid': schema(text) }]),
  ['JavascriptTagInWrongFile', { 'templates/page.liquid': 'x\n{% javascript %}a{% endjavascript %}\n' }],
  ['StylesheetTagInWrongFile', { 'templates/page.liquid': 'x\n{% stylesheet %}a{}{% endstylesheet %}\n' }],
  ['SchemaOncePerFile', { 'sections/other.liquid': schema('{ "name": "n" }', '{% schema %}{ "name": "m" }{% endschema %}\n') }],
  ['JSONMissingBlock', { 'templates/index.json': index({ type: 'other', blocks: { b: { type: 'ghost' } }, block_order: ['b'] }),
    'sections/other.liquid': schema('{ "name": "n", "blocks": [{ "type": "@theme" }] }') }],
  ['JSONMissingSection', { 'templates/index.json': index({ type: 'ghost' }) }],
  ['JSONMissingSection', { 'sections/group.json': json({ type: 'header', name: 'H', sections: { a: { type: 'no' } }, order: ['a'] }) }],
  ['JSONSyntaxError', { 'templates/index.json': '{ "sections": {\n  "m": } }\n' }],
  ['JSONSyntaxError', { 'locales/fr.json': '{ "cart": \n' }],
  ['JSONSyntaxError', { 'config/settings_data.json': '{ "current" "Default" }\n' }],
  ['MatchingTranslations', { 'locales/fr.json': json({ cart: { titre: 'Panier' } }) }],
  ['MatchingTranslations', { 'locales/fr.json': json({ cart: {} }) }],
  ['MatchingTranslations', { 'locales/fr.json': json({ cart: { title: 'Panier', more: 'x' } }) }],
  ['MatchingTranslations', { 'locales/fr.schema.json': json({ main: { nom: 'x' } }) }],
  ['MaxFileSize', { 'snippets/price.liquid': `{{ 'cart.title' | t }}\n${'x'.repeat(300 * 1024)}\n` }],
  ['OrphanedSnippet', { 'snippets/orphan.liquid': 'x\n' }],
  ['RequiredLayoutThemeObject', { 'layout/theme.liquid': '{{ content_for_header }}\n{% render \'price\' %}\n' }],
  ['RequiredLayoutThemeObject', { 'layout/theme.liquid': '{{ content_for_layout }}\n{% render \'price\' %}\n' }],
  ['UniqueSettingId', { 'config/settings_schema.json': json([{ name: 'a', settings: [{ type: 'text', id: 'font', label: 'l' },
    { type: 'text', id: 'font', label: 'l' }] }]) }],
  ['ValidSchema', { 'config/settings_schema.json': json([{ name: 'a', settings: [{ type: 'txt', id: 'font', label: 'l' }] }]) }],
]

/** What theme-check does not look for: our check, its path and line, the files. */
export const beyond = [
  ['MissingSectionGroup', 'snippets/price.liquid', 2, { 'snippets/price.liquid': '{{ \'cart.title\' | t }}\n{% sections \'none\' %}\n' }],
  ['SectionOrder', 'templates/index.json', 2,
    { 'templates/index.json': '{ "sections": { "m": { "type": "main" } },\n "order": ["m", "none"] }\n' }],
  ['JSONMissingBlock', 'templates/index.json', 7, { 'templates/index.json': index({ type: 'main', blocks: { b: { type: 'no' } } }) }],
  ['UniqueSettingId', 'sections/other.liquid', 5, { 'sections/other.liquid': schema('{ "name": "n", "settings": [\n'
    + '{ "type": "text", "id": "a", "label": "a" },\n{ "type": "text", "id": "a", "label": "a" }\n] }') }],
  ['JSONTrailingComma', 'locales/fr.json', 2, { 'locales/fr.json': '{\n  "cart": { "title": "Panier" },\n}\n' }],
]

// A linear congruential generator: the same theme each time.
function random (seed) {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 4294967296 * n)
  }
}

const closed = ([, text]) => !/^(\{% if a %\}\nx|x\n\{% endif|\{% for a in b %\}\n\{% if|<div>\n|<\/span>|\{\{ a $|\{% assign a = 1$|\{% raw|\{% comment)/
  .test(text)
const sane = [
  '<p class="a {% if b %}c{% endif %}">{{ a | escape }}</p>',
  '{%- for item in cart.items -%}\n  <li>{{ item.title | strip_html }}</li>\n{%- else -%}\n  <li>x</li>\n{%- endfor -%}',
  '{% case a %}\n  {% when 1, 2 %}\n    x\n  {% else %}\n    y\n{% endcase %}',
  '<svg viewBox="0 0 1 1"><path d="M0 0"/></svg>',
  '{% comment %} {% if %} <div> {% endcomment %}',
  '<style>\n  a { color: {{ a }} }\n</style>',
  '<script>\n  if (a < b) { c("</p>") }\n</script>',
  '<img src="{{ a | image_url: width: 100 }}" width="{{ a.width }}" height="{{ a.height }}" alt="{{ a.alt | escape }}">',
]

/** A theme as large as a shop's: about 600 files and 3 MB, every fortieth piece with something wrong. */
export function large () {
  const pick = random(7)
  const files = { ...sound }
  const once = /(javascript|stylesheet|schema) %\}/
  const wrong = snippets.filter(closed).filter(([, text]) => !once.test(text))
  const piece = (i) => (pick(40) === 0 ? wrong[pick(wrong.length)][1] : sane[pick(sane.length)]).replaceAll('bigName', `bigName${i}`)
  const names = Array.from({ length: 250 }, (_, i) => `part-${i}`)
  for (const name of names)
    files[`snippets/${name}.liquid`] = `${Array.from({ length: 60 }, (_, i) => piece(i)).join('\n')}\n`
  for (let i = 0; i < 120; i++) {
    const rendered = names.filter((_, j) => j % 120 === i).map((name) => `{% render '${name}', product: product %}`).join('\n')
    files[`sections/section-${i}.liquid`] = `${rendered}\n${Array.from({ length: 60 }, (_, j) => piece(j)).join('\n')}\n`
      + `{% schema %}\n${sections[pick(sections.length)][1]}\n{% endschema %}\n`
    files[`templates/page.t${i}.json`] = json({ sections: { a: { type: `section-${pick(130)}` } }, order: ['a'] })
  }
  const words = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`word_${i}`, `Word ${i}`]))
  files['locales/en.default.json'] = json({ cart: { title: 'Cart' }, words })
  for (let i = 0; i < 30; i++) {
    const theirs = Object.fromEntries(Object.entries(words).filter(() => pick(500) !== 0))
    files[`locales/x${i}.json`] = json({ cart: { title: 'y' }, words: theirs })
  }
  for (let i = 0; i < 100; i++)
    files[`assets/a${i}.js`] = `${'const a = 1\n'.repeat(500)}`
  return files
}
