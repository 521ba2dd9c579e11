// SPDX-License-Identifier: Apache-2.0
// Makes a season and starts its plan: a forecast, an order that waits for a person, the markdown later on.
import { useState } from 'preact/hooks'
import { post } from '../api'
import { go } from '../router'
import { Ask } from './ask'
import { documentOf, Form, textsOf, type Schema } from './form'
import { say } from './live'

const code = { type: 'string', minLength: 1, maxLength: 63 }
const amount = { type: 'string', maxLength: 15, description: 'In the currency of the workspace, such as 89.90.' }
const schema: Schema = {
  required: ['code', 'category', 'name', 'start', 'weeks'],
  properties: {
    code: { ...code, description: 'How the season is called for short, such as SS25.' },
    category: { ...code, description: 'The category whose history the forecast rests on.' },
    name: { type: 'string', minLength: 1, maxLength: 200 },
    start: { type: 'string', minLength: 10, maxLength: 10, description: 'The first day, such as 2025-03-01.' },
    weeks: { type: 'integer', minimum: 1, maximum: 104, default: 12 },
    list_price: amount,
    unit_cost: amount,
  },
}

export function Plan({ onClose }: { onClose: () => void }) {
  const [texts, setTexts] = useState(textsOf(schema, {}))
  const plan = async () => {
    const season = await post<{ id: string }>('/retail/seasons', documentOf(schema, texts))
    const run = await post<{ id: string }>('/workflows/season_plan', { input: { season: season.id } })
    say('The plan has begun.')
    go('workflows', run.id)
  }
  return (
    <Ask title="Plan a season" action="Plan it" onDo={plan} onClose={onClose}>
      <Form schema={schema} texts={texts} onTexts={setTexts} />
    </Ask>
  )
}
