import { expect, test } from 'vitest'
import { hasEnded, principalOf } from './identify.ts'
import { DAY, HOUR, SESSION_IDLE, SESSION_MOST } from './limits.ts'
import type { FoundSession } from './session-store.ts'

const own: FoundSession = {
  token_hash: 'h',
  session_id: 's_1',
  member_id: 'm_1',
  guest_id: null,
  channel_id: null,
  created_at: 0,
  last_seen_at: 0,
  expires_at: SESSION_MOST,
  email: 'kim@example.com',
  void_until: null,
  roles: ['administrator'],
}
const exchanged: FoundSession = {
  ...own,
  channel_id: 'c_1',
  created_at: 100,
  last_seen_at: 100,
  expires_at: HOUR,
  void_until: 50,
}

test('a session ends after 30 days, or 7 days unused', () => {
  expect(hasEnded(own, SESSION_IDLE - 1)).toBe(false)
  expect(hasEnded(own, SESSION_IDLE)).toBe(true)
  const used = { ...own, last_seen_at: 29 * DAY }
  expect(hasEnded(used, SESSION_MOST - 1)).toBe(false)
  expect(hasEnded(used, SESSION_MOST)).toBe(true)
})

test('an exchanged token ends with keys that are revoked after it, and with its channel', () => {
  expect(hasEnded(exchanged, 200)).toBe(false)
  expect(hasEnded({ ...exchanged, void_until: 100 }, 200)).toBe(true)
  expect(hasEnded({ ...exchanged, void_until: null }, 200)).toBe(true)
})

test('a member holds the roles that were granted; a channel that speaks for one holds none of them', () => {
  expect(principalOf(own)).toEqual({
    kind: 'member',
    id: 'm_1',
    roles: ['customer', 'administrator'],
    channelId: null,
    email: 'kim@example.com',
    sessionId: 's_1',
  })
  expect(principalOf(exchanged)).toMatchObject({ id: 'm_1', roles: ['customer'], channelId: 'c_1' })
})

test('a guest of a channel', () => {
  const guest = { ...exchanged, member_id: null, guest_id: 'g_1', email: null, roles: [] }
  expect(principalOf(guest)).toMatchObject({ kind: 'guest', id: 'g_1', roles: [], channelId: 'c_1' })
})
