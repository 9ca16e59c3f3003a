// Sessions as Redis tells them, compared with the table. What is logged of one names nobody and opens nothing.

import { ShadowReads } from '../../platform/ladders/shadow-reads.ts'
import type { Standing } from '../../platform/ladders/standing.ts'
import { families } from '../../platform/redis/keys.ts'
import type { AccountDeps } from './deps.ts'
import type { ReadSession, SessionRung } from './session-reads.ts'

type Load = Pick<SessionRung, 'load'>

export function shadowSessions(
  deps: Pick<AccountDeps, 'clock' | 'log'> & { readonly standing: Standing<'session.read'> },
  redis: Load,
  sql: Load,
): ShadowReads<'session.read', string> {
  const { standing, clock, log } = deps
  const said = async (by: Load, hash: string): Promise<string> =>
    textOf((await by.load([hash])).get(hash) ?? null)
  return new ShadowReads({
    ...{ standing, clock, log, ladder: 'session.read', rung: 'redis' },
    staleness: families.session.ttl,
    askRung: hash => said(redis, hash),
    askLedger: hash => said(sql, hash),
  })
}

/** What decides whose it is, what it may do and for how long. */
function textOf(session: ReadSession | null): string {
  if (session === null) return 'no session'
  const { session_id, member_id, guest_id, channel_id, roles, expires_at, void_until } = session
  return JSON.stringify([
    session_id,
    member_id,
    guest_id,
    channel_id,
    [...roles].sort(),
    expires_at,
    void_until,
  ])
}
