// SPDX-License-Identifier: Apache-2.0
// Who may do what here, and when: one's own sessions and second factor are not a workspace's matter, users and tokens are an
// administrator's.
import { del, patch, post } from '../api'
import { show, when } from '../format'
import { Notices } from '../notices'
import { useResource } from '../resource'
import { has, session } from '../session'
import type { Json, Page } from '../types'
import { Act } from '../ui/act'
import { Freezes } from '../ui/freezes'
import { Make } from '../ui/make'
import { Shops } from '../ui/shops'
import { Load } from '../ui/states'
import { Table } from '../ui/table'

const roles = ['viewer', 'approver', 'operator', 'developer', 'admin']
const name = { type: 'string', minLength: 1, maxLength: 200 }
const daySeconds = 86_400

function Users() {
  const all = useResource<Page<Json>>('/auth/users', ['user.', 'auth.'])
  const of = (row: Json) => `/auth/users/${encodeURIComponent(String(row['id']))}`
  const change = (row: Json, what: object, match?: string) => patch<Json>(of(row), what, match).then((now) => (all.reload(), now))
  return (
    <>
      <h2>Users</h2>
      <p class="buttons">
        <Make
          name="Add a user"
          schema={{
            required: ['user', 'role'],
            properties: { user: { ...name, maxLength: 63, description: 'Lower-case, such as anna.' }, name: { type: 'string', maxLength: 200 }, email: { type: 'string', maxLength: 254 }, role: { enum: roles } },
          }}
          secret="password"
          says="The password works once and is not shown again:"
          onMake={({ role, ...rest }) => post<Json>('/auth/users', { ...rest, roles: [role] }).then((made) => (all.reload(), made))}
        />
      </p>
      <Load of={all} what="users">
        {(page) => (
          <Table
            label="Users"
            rows={page.items}
            columns={[
              ['User', 'user'],
              ['Name', 'name'],
              ['Roles', 'roles'],
              ['Second factor', 'totp'],
              ['Sessions', 'sessions'],
              ['State', (row) => (row['disabled'] ? 'disabled' : row['locked_until'] ? `locked until ${when(row['locked_until'] as string)}` : 'active')],
              [
                'Actions',
                (row) => (
                  <span class="buttons">
                    <Make
                      name="Role"
                      label={`Role of ${show(row['user'])}`}
                      schema={{ required: ['role'], properties: { role: { enum: roles } } }}
                      changes={{ path: of(row), shown: (now) => ({ roles: now['roles'], disabled: now['disabled'] }), fill: (now) => ({ role: (now['roles'] as string[])[0] }) }}
                      onMake={({ role }, match) => change(row, { roles: [role] }, match)}
                    />
                    {row['locked_until'] ? <Act name="Unlock" title={`Unlock ${show(row['user'])}?`} done="Unlocked." onDo={() => change(row, { unlock: true })} /> : ''}
                    <Make name="New password" label={`New password of ${show(row['user'])}`} schema={{}} secret="password" says="The password works once and is not shown again:" onMake={() => change(row, { reset_password: true })} />
                    <Act name="End sessions" label={`End the sessions of ${show(row['user'])}`} title={`End every session of ${show(row['user'])}?`} done="They are ended." onDo={() => del(`${of(row)}/sessions`).then(all.reload)} />
                    <Act name={row['disabled'] ? 'Enable' : 'Disable'} label={`${row['disabled'] ? 'Enable' : 'Disable'} ${show(row['user'])}`} danger={!row['disabled']}
                      title={`${row['disabled'] ? 'Enable' : 'Disable'} ${show(row['user'])}?`} done="Changed." onDo={() => change(row, { disabled: !row['disabled'] })} />
                  </span>
                ),
              ],
            ]}
          />
        )}
      </Load>
    </>
  )
}

function Tokens() {
  const all = useResource<Page<Json>>('/tokens')
  return (
    <>
      <h2>Tokens</h2>
      <p class="buttons">
        <Make
          name="Make a token"
          schema={{ required: ['name', 'role'], properties: { name, role: { enum: roles }, days: { type: 'integer', minimum: 1, maximum: 3650, description: 'Until it expires; without it, it does not.' } } }}
          secret="token"
          says="The token is not shown again:"
          onMake={({ days, ...rest }) => post<Json>('/tokens', { ...rest, ...(days ? { expires_s: Number(days) * daySeconds } : {}) }).then((made) => (all.reload(), made))}
        />
      </p>
      <Load of={all} what="tokens">
        {(page) => (
          <Table
            label="Tokens"
            rows={page.items}
            columns={[
              ['Name', 'name'],
              ['Role', 'role'],
              ['Expires', (row) => when(row['expires_at'] as string)],
              ['Made by', 'created_by'],
              [
                'Actions',
                (row) =>
                  row['revoked_at'] ? (
                    `revoked ${when(row['revoked_at'] as string)}`
                  ) : (
                    <Act name="Revoke" label={`Revoke ${show(row['name'])}`} danger title={`Revoke ${show(row['name'])}?`} done="Revoked." onDo={() => del(`/tokens/${String(row['id'])}`).then(all.reload)} />
                  ),
              ],
            ]}
          />
        )}
      </Load>
    </>
  )
}

/** Whoever uses a token has none. */
function Sessions() {
  const all = useResource<Page<Json>>(session.get()?.token ? null : '/auth/sessions')
  if (!all.data) return null
  return (
    <>
      <h2>Your sessions</h2>
      <Table
        label="Your sessions"
        rows={all.data.items}
        columns={[
          ['From', 'peer'],
          ['Begun', (row) => when(row['created_at'] as string)],
          ['Seen', (row) => when(row['seen_at'] as string)],
          ['Actions', (row) => <Act name="End it" danger title="End this session?" done="Ended." onDo={() => del(`/auth/sessions/${encodeURIComponent(String(row['id']))}`).then(all.reload)} />],
        ]}
      />
    </>
  )
}

function Delegations() {
  const all = useResource<Page<Json>>('/delegations', ['delegation.', 'approval.'])
  return (
    <>
      <h2>Delegations</h2>
      {has('approver', 'operator', 'developer') && (
        <p class="buttons">
          <Make
            name="Hand my queue to another"
            schema={{ required: ['to', 'days'], properties: { to: { ...name, description: 'Who may answer then, by name.' }, days: { type: 'integer', minimum: 1, maximum: 90, default: 7 }, note: { type: 'string', maxLength: 4000 } } }}
            onMake={({ days, ...rest }) => post<Json>('/delegations', { ...rest, for_s: Number(days) * daySeconds }).then((made) => (all.reload(), made))}
          />
        </p>
      )}
      <Load of={all} what="delegations">
        {(page) => (
          <Table
            label="Delegations"
            rows={page.items}
            columns={[
              ['From', 'from'],
              ['To', 'to'],
              ['Role', 'role'],
              ['Until', (row) => when(row['ends_at'] as string)],
              ['Note', 'note'],
              [
                'Actions',
                (row) =>
                  row['holds'] ? (
                    <Act name="Take it back" danger title="Take it back?" done="Taken back." onDo={() => del(`/delegations/${String(row['id'])}`).then(all.reload)} />
                  ) : (
                    'over'
                  ),
              ],
            ]}
          />
        )}
      </Load>
    </>
  )
}

function Triggers() {
  const all = useResource<Page<Json>>('/triggers', ['trigger.'])
  const turn = (row: Json) => post(`/triggers/${encodeURIComponent(String(row['name']))}/${row['paused_at'] ? 'resume' : 'pause'}`).then(all.reload)
  return (
    <>
      <h2>Schedules and triggers</h2>
      <Load of={all} what="triggers">
        {(page) => (
          <Table
            label="Triggers"
            rows={page.items}
            columns={[
              ['Name', 'name'],
              ['Kind', 'kind'],
              ['Starts', 'target'],
              ['Next', (row) => (row['paused_at'] ? `paused by ${show(row['paused_by'])}` : when(row['next_at'] as string))],
              ['Fired', 'fired'],
              ['Failed', 'failed'],
              [
                'Actions',
                (row) =>
                  has('operator') && (
                    <Act name={row['paused_at'] ? 'Let it go on' : 'Pause'} label={`${row['paused_at'] ? 'Let go on' : 'Pause'} ${show(row['name'])}`}
                      title={row['paused_at'] ? `Let ${show(row['name'])} go on?` : `Pause ${show(row['name'])}?`} done="Changed." onDo={() => turn(row)}>
                      <p>What happens while it is paused is passed over.</p>
                    </Act>
                  ),
              ],
            ]}
          />
        )}
      </Load>
    </>
  )
}

/** Who is told elsewhere, and how that went. */
function Receivers() {
  const all = useResource<Page<Json>>('/notifications', ['notification.'])
  // How a test went is known some time after it was asked for.
  const later = () => void (all.reload(), setTimeout(all.reload, 2000))
  return (
    <>
      <h2>Who is notified elsewhere</h2>
      <Load of={all} what="receivers">
        {(page) => (
          <Table
            label="Receivers of notifications"
            rows={page.items}
            columns={[
              ['Name', 'name'],
              ['Kind', 'kind'],
              ['Where', 'address'],
              ['Topics', 'topics'],
              ['Waiting', 'waiting'],
              ['Sent', 'sent'],
              ['Dead', 'dead'],
              ['Last', (row) => (row['last_at'] ? `${row['last_error'] ? show(row['last_error']) : 'taken'}, ${when(row['last_at'] as string)}` : 'nothing yet')],
              [
                'Actions',
                (row) => (
                  <Act name="Test" label={`Test ${show(row['name'])}`} title={`Send a test to ${show(row['name'])}?`} done="It is on its way."
                    onDo={() => post(`/notifications/${encodeURIComponent(String(row['name']))}/test`).then(later)} />
                ),
              ],
            ]}
          />
        )}
      </Load>
    </>
  )
}

function Secrets() {
  const all = useResource<Page<Json>>('/secrets')
  return (
    <>
      <h2>Names of secrets</h2>
      <Load of={all} what="secrets">
        {(page) => <Table label="Secrets" rows={page.items} columns={[['Name', 'name'], ['Source', 'source'], ['Sealed by key', 'key'], ['Updated', (row) => when(row['updated_at'] as string)], ['By', 'updated_by']]} />}
      </Load>
    </>
  )
}

function Keys() {
  const key = useResource<{ key: string; public: string }>('/audit/key')
  return (
    <>
      <h2>Keys</h2>
      <Load of={key} what="the key">
        {(now) => (
          <p>
            The audit is signed by <code>{now.key}</code>, whose public key is <code>{now.public}</code>.
          </p>
        )}
      </Load>
      {has() && (
        <p class="buttons">
          <Act name="Rotate the key of secrets" title="Rotate the key of secrets?" done="What older keys seal is sealed anew." onDo={() => post('/secrets/rotate-key')}>
            <p>Secrets that an older key seals are sealed with the host's current key, while all goes on.</p>
          </Act>
        </p>
      )}
    </>
  )
}

export function Settings() {
  return (
    <>
      <h1>Settings</h1>
      <Notices />
      <Shops />
      <Triggers />
      <Freezes />
      <Delegations />
      <Sessions />
      {has() && <Users />}
      {has() && <Tokens />}
      {has('operator') && <Receivers />}
      {has('operator') && <Secrets />}
      <Keys />
    </>
  )
}
