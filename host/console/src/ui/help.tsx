// SPDX-License-Identifier: Apache-2.0
import { help } from '../keys'
import { Dialog } from './dialog'

export const Help = ({ onClose }: { onClose: () => void }) => (
  <Dialog title="Keyboard" onClose={onClose}>
    <dl class="pairs">
      {help.map(([key, what]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
    <p class="buttons">
      <button type="button" onClick={onClose}>
        Close
      </button>
    </p>
  </Dialog>
)
