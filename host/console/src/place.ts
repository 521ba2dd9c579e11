// SPDX-License-Identifier: Apache-2.0
// Where things stand in a JSON text: the place of what cannot be read, and the place of what a JSON pointer (RFC 6901) names. JSON.parse()
// tells neither in the same words from one browser to the next.

/** Offsets into the text, the end not included. */
export interface Span {
  from: number
  to: number
}

export class PlacedError extends Error {
  constructor(
    message: string,
    readonly at: Span,
  ) {
    super(message)
  }
}

const blank = /[ \t\n\r]*/y
const word = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const quoted = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y

/** Reads a text once, and keeps for each pointer where its value stands. */
class Scan {
  at = 0
  readonly places = new Map<string, Span>()

  constructor(readonly text: string) {}

  fail(expected: string): never {
    const found = this.at < this.text.length ? this.text.slice(this.at, this.at + 12).split('\n')[0] || 'the end of the line' : 'the end'
    throw new PlacedError(`expected ${expected}, found ${found}`, { from: this.at, to: Math.min(this.at + 1, this.text.length) })
  }

  skip() {
    blank.lastIndex = this.at
    this.at += blank.exec(this.text)?.[0].length ?? 0
  }

  take(what: string): boolean {
    this.skip()
    if (this.text[this.at] !== what) return false
    this.at++
    return true
  }

  token(form: RegExp, expected: string): string {
    this.skip()
    form.lastIndex = this.at
    const found = form.exec(this.text)?.[0]
    if (!found) this.fail(expected)
    this.at += found.length
    return found
  }

  members(pointer: string, end: string, one: (index: number) => string) {
    const seen = new Set<string>()
    if (this.take(end)) return
    for (let i = 0; ; i++) {
      this.skip()
      const start = this.at
      const name = one(i)
      if (seen.has(name)) throw new PlacedError(`expected each member once, ${name} stands twice`, { from: start, to: start + name.length + 2 })
      seen.add(name)
      this.value(`${pointer}/${name.replace(/~/g, '~0').replace(/\//g, '~1')}`)
      if (this.take(',')) continue
      if (!this.take(end)) this.fail(`, or ${end}`)
      return
    }
  }

  value(pointer: string) {
    this.skip()
    const from = this.at
    if (this.take('{'))
      this.members(pointer, '}', () => {
        const name = JSON.parse(this.token(quoted, 'a name in double quotes')) as string
        if (!this.take(':')) this.fail('a colon')
        return name
      })
    else if (this.take('[')) this.members(pointer, ']', String)
    else if (this.text[this.at] === '"') this.token(quoted, 'a text that ends in a double quote on its line')
    else this.token(word, 'a value')
    this.places.set(pointer, { from, to: this.at })
  }
}

function scan(text: string): Scan {
  const own = new Scan(text)
  own.value('')
  own.skip()
  if (own.at < text.length) own.fail('nothing more')
  return own
}

/** The value of a text; throws a PlacedError. */
export function parseJson(text: string): unknown {
  scan(text)
  return JSON.parse(text) as unknown
}

/** Where what a pointer names stands in a text that can be read; where there is none, the nearest thing around it. */
export function placeOf(text: string, pointer: string): Span {
  const { places } = scan(text)
  let at = pointer
  while (at !== '' && !places.has(at)) at = at.slice(0, at.lastIndexOf('/'))
  return places.get(at) ?? { from: 0, to: 0 }
}

export function lineOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: (before[before.length - 1]?.length ?? 0) + 1 }
}
