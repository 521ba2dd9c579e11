// SPDX-License-Identifier: Apache-2.0
// The emergency stop. After the host has answered nothing more starts; ending it is asked for as well.
import { useState } from 'preact/hooks'
import { post } from '../api'
import { has } from '../session'
import type { Status } from '../types'
import { Ask } from './ask'
import { say } from './live'

export function Stop({ stopped, onChange }: { stopped?: Status['workspace']['stopped']; onChange: () => void }) {
  const [asking, setAsking] = useState(false)
  const may = stopped ? has('operator') : has('approver', 'operator')
  if (!may) return null
  const change = async (reason: string) => {
    if (stopped) await post('/control/resume')
    else await post('/control/stop', { reason })
    onChange()
    say(stopped ? 'Effects start again.' : 'Everything is stopped. No effect starts from now on.')
  }
  return (
    <>
      <button type="button" class={stopped ? 'primary' : 'danger'} onClick={() => setAsking(true)}>
        {stopped ? 'Resume' : 'Stop everything'}
      </button>
      {asking && (
        <Ask
          title={stopped ? 'Resume?' : 'Stop everything?'}
          action={stopped ? 'Resume' : 'Stop everything'}
          danger={!stopped}
          reason={stopped ? undefined : 'Reason'}
          required
          onDo={change}
          onClose={() => setAsking(false)}
        >
          <p>{stopped ? 'Approved proposals that wait are executed then.' : 'No effect starts until somebody resumes. What has begun is ended.'}</p>
        </Ask>
      )}
    </>
  )
}
