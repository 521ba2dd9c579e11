// SPDX-License-Identifier: Apache-2.0
// Curves over weeks, by uPlot. A canvas says nothing to who cannot see it: a table with the same figures belongs beside it.
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'

interface Series {
  name: string
  values: (number | null)[]
  /** The name of a custom property of the style sheet. */
  colour: string
}

export function Chart({ label, x, series }: { label: string; x: number[]; series: Series[] }) {
  const box = useRef<HTMLDivElement>(null)
  const data = JSON.stringify([x, series])
  useEffect(() => {
    const at = box.current
    if (!at) return
    const style = getComputedStyle(document.documentElement)
    const colour = (name: string) => style.getPropertyValue(name).trim()
    const axis = { stroke: colour('--text'), grid: { stroke: colour('--line') } }
    const plot = new uPlot(
      {
        width: at.clientWidth,
        height: 260,
        scales: { x: { time: false } },
        axes: [axis, axis],
        series: [{ label: 'Week' }, ...series.map((one) => ({ label: one.name, stroke: colour(one.colour), width: 2 }))],
      },
      [x, ...series.map((one) => one.values)] as uPlot.AlignedData,
      at,
    )
    const watch = new ResizeObserver(() => plot.setSize({ width: at.clientWidth, height: 260 }))
    watch.observe(at)
    return () => {
      watch.disconnect()
      plot.destroy()
    }
  }, [data])
  return <div ref={box} class="chart" role="img" aria-label={label} />
}
