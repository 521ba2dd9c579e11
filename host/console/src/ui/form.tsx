// SPDX-License-Identifier: Apache-2.0
// A form made of a JSON Schema: a field for each member of an object, with the bounds that the schema names. What has members of
// its own is written as JSON. The host checks everything again; here is only what helps to write it.
import { words } from '../format'
import type { Json } from '../types'

export interface Schema {
  type?: string | string[]
  enum?: unknown[]
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  default?: unknown
  additionalProperties?: boolean | Schema
}

/** What stands in the fields, by member. An empty one is left out. */
export type Texts = Record<string, string>

const long = 80
const types = (of: Schema): string[] => (Array.isArray(of.type) ? of.type : of.type ? [of.type] : [])
const isText = (of: Schema): boolean => types(of).includes('string')
const isNumber = (of: Schema): boolean => types(of).some((one) => one === 'number' || one === 'integer')

const write = (of: Schema, what: unknown): string =>
  what === undefined ? '' : typeof what === 'string' && (isText(of) || of.enum) ? what : JSON.stringify(what)

/** A schema for a document of which none is known: its members, as they are. */
export function schemaOf(document: Json): Schema {
  const type = (what: unknown) => (typeof what === 'string' ? 'string' : typeof what === 'number' ? 'number' : typeof what === 'boolean' ? 'boolean' : undefined)
  return { properties: Object.fromEntries(Object.entries(document).map(([name, what]) => [name, { type: type(what) }])) }
}

export function textsOf(schema: Schema, document: Json): Texts {
  const known = { ...schemaOf(document).properties, ...schema.properties }
  return Object.fromEntries(Object.entries(known).map(([name, of]) => [name, write(of, document[name] ?? of.default)]))
}

/** The document that the fields say; throws where one cannot be read. */
export function documentOf(schema: Schema, texts: Texts): Json {
  const out: Json = {}
  for (const [name, text] of Object.entries(texts)) {
    const of = schema.properties?.[name] ?? {}
    if (text.trim() === '' && !(isText(of) && schema.required?.includes(name))) continue
    if (isText(of) || (of.enum && of.enum.includes(text))) {
      out[name] = text
      continue
    }
    try {
      out[name] = JSON.parse(text) as unknown
    } catch {
      throw new Error(`${words(name)}: expected ${isNumber(of) ? 'a number' : 'JSON'}, found ${text}`)
    }
  }
  return out
}

function Field({ name, of, required, text, onText }: { name: string; of: Schema; required: boolean; text: string; onText: (text: string) => void }) {
  const title = `${words(name)}${required ? '' : ' (not needed)'}`
  const choices = of.enum?.map((one) => write(of, one)) ?? (types(of).includes('boolean') ? ['true', 'false'] : undefined)
  const hint = of.description
  const common = { class: 'wide', required, value: text }
  return (
    <label>
      {title}
      {choices ? (
        <select {...common} onChange={(event) => onText(event.currentTarget.value)}>
          {(!required || text === '') && <option value="">—</option>}
          {choices.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      ) : isNumber(of) ? (
        <input {...common} type="number" step={types(of).includes('integer') ? 1 : 'any'} min={of.minimum} max={of.maximum} onInput={(event) => onText(event.currentTarget.value)} />
      ) : isText(of) && text.length <= long ? (
        <input {...common} minLength={of.minLength} maxLength={of.maxLength} onInput={(event) => onText(event.currentTarget.value)} />
      ) : (
        <textarea {...common} rows={isText(of) ? 3 : 5} onInput={(event) => onText(event.currentTarget.value)} />
      )}
      {hint && <span class="muted hint">{hint}</span>}
    </label>
  )
}

/** @param texts as textsOf() makes them */
export function Form({ schema, texts, onTexts }: { schema: Schema; texts: Texts; onTexts: (texts: Texts) => void }) {
  const names = Object.keys(texts)
  if (names.length === 0) return <p class="muted">There is nothing to fill in.</p>
  return (
    <>
      {names.map((name) => (
        <Field
          key={name}
          name={name}
          of={schema.properties?.[name] ?? {}}
          required={schema.required?.includes(name) ?? false}
          text={texts[name] ?? ''}
          onText={(text) => onTexts({ ...texts, [name]: text })}
        />
      ))}
    </>
  )
}
