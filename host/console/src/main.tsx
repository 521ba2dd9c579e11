// SPDX-License-Identifier: Apache-2.0
import { render } from 'preact'
import { resume } from './api'
import { App } from './app'
import { startFeed } from './feed'
import { startNotices } from './notices'
import './style.css'
import { applyTheme } from './theme'

applyTheme()
startFeed()
startNotices()
void resume()
render(<App />, document.getElementById('app')!)
