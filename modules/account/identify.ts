// Who holds a token or a key: what the gateway asks, and remembers for at most five seconds from `asOf`
// (IDENTITY_TTL_MS). That is the longest until a revocation bites in a process that nobody can tell; in the same one, and
// in those that Redis tells, it bites at once (`forget`).

import type { Principal, Role } from '../../platform/contract/call.ts'
import { channelOfKey } from './channel-store.ts'
import type { AccountContext } from './deps.ts'
import { SEEN_EVERY, SESSION_IDLE } from './limits.ts'
import { isChannelKey, isSecret, secretHash } from './secrets.ts'
import { type FoundSession, noteSeen } from './session-store.ts'

/** Null: no such session, ended, unused for too long, or revoked. */
export async function identify(context: AccountContext, token: string): Promise<Principal | null> {
  if (!isSecret(token)) return null
  const session = await context.sessions.find(secretHash(token))
  const now = context.clock()
  if (session === null || hasEnded(session, now)) return null
  if (now - session.last_seen_at >= SEEN_EVERY) await keepAlive(context, session, now)
  return { ...principalOf(session), asOf: session.asOf }
}

/** Pure. A token that a channel exchanged ends with the keys that were revoked after it. */
export function hasEnded(session: FoundSession, now: number): boolean {
  if (session.expires_at <= now || session.last_seen_at + SESSION_IDLE <= now) return true
  return session.channel_id !== null && session.created_at <= (session.void_until ?? now)
}

/** Pure. A channel that speaks for a member never has more than a customer's rights. */
export function principalOf(session: FoundSession): Principal {
  const { session_id, member_id, guest_id, channel_id, email } = session
  const roles: Role[] = channel_id === null ? ['customer', ...(session.roles as Role[])] : ['customer']
  return {
    kind: member_id === null ? 'guest' : 'member',
    id: member_id ?? (guest_id as string),
    roles: member_id === null ? [] : roles,
    channelId: channel_id,
    email,
    sessionId: session_id,
  }
}

export async function identifyChannel(context: AccountContext, key: string): Promise<Principal | null> {
  if (!isChannelKey(key)) return null
  const channel = await channelOfKey(context.ledger, secretHash(key), context.clock())
  if (channel === undefined) return null
  const { channel_id } = channel
  return { kind: 'channel', id: channel_id, roles: ['channel'], channelId: channel_id, email: null }
}

async function keepAlive(context: AccountContext, session: FoundSession, now: number): Promise<void> {
  try {
    await noteSeen(context.ledger, session, now)
  } catch (error) {
    // Who may read may go on reading while nothing can be written; the next request tries again.
    context.log.warn({ err: error }, 'a session could not be kept alive')
  }
}
