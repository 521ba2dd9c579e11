// SPDX-License-Identifier: Apache-2.0
// A list of rows of one height, of which only those that are seen are in the document, and a few around them.
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

const spare = 8

interface Props<T> {
  label: string
  items: T[]
  /** In pixels. */
  row: number
  selected?: number
  children: (item: T, index: number) => ComponentChildren
}

export function List<T extends { id: string | number }>({ label, items, row, selected, children }: Props<T>) {
  const box = useRef<HTMLDivElement>(null)
  const [seen, setSeen] = useState({ top: 0, height: 800 })
  const look = () => box.current && setSeen({ top: box.current.scrollTop, height: box.current.clientHeight })
  useEffect(() => {
    look()
    addEventListener('resize', look)
    return () => removeEventListener('resize', look)
  }, [])
  useEffect(() => {
    const now = box.current
    if (!now || selected === undefined || selected < 0) return
    const top = selected * row
    if (top < now.scrollTop) now.scrollTop = top
    else if (top + row > now.scrollTop + now.clientHeight) now.scrollTop = top + row - now.clientHeight
  }, [selected, row])
  const first = Math.max(0, Math.floor(seen.top / row) - spare)
  const last = Math.min(items.length, Math.ceil((seen.top + seen.height) / row) + spare)
  return (
    <div class="list" ref={box} onScroll={look} tabIndex={0} role="region" aria-label={label}>
      <ul style={{ height: `${items.length * row}px` }}>
        {items.slice(first, last).map((item, i) => (
          <li key={item.id} style={{ top: `${(first + i) * row}px`, height: `${row}px` }} aria-setsize={items.length} aria-posinset={first + i + 1}>
            {children(item, first + i)}
          </li>
        ))}
      </ul>
    </div>
  )
}
