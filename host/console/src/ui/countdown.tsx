// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks'
import { left, when } from '../format'

/** How long until the deadline; every second while it is shown. */
export function Countdown({ until }: { until?: string | null }) {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  if (!until) return <span class="muted">no deadline</span>
  return (
    <time dateTime={until} title={when(until)}>
      {left(until, now)}
    </time>
  )
}
