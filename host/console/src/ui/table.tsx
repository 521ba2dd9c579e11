// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren } from 'preact'
import type { Json } from '../types'
import { Value } from './pairs'
import { Empty } from './states'

export type Column = [title: string, cell: string | ((row: Json) => ComponentChildren)]

export function Table({ label, rows, columns }: { label: string; rows: Json[]; columns: Column[] }) {
  if (rows.length === 0) return <Empty>There are none.</Empty>
  return (
    <div class="scroll panel" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map(([title]) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {columns.map(([title, cell]) => (
                <td key={title}>{typeof cell === 'string' ? <Value of={row[cell]} /> : cell(row)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
