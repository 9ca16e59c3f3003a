// What travels with every call: who asks, until when, and under which key.

export type Role = 'customer' | 'channel' | 'operator' | 'administrator'

/** Who asks. `id` owns what is made: `m_…` a member, `g_…` a guest's secret, `c_…` a channel, `system`. */
export interface Principal {
  readonly kind: 'anonymous' | 'guest' | 'member' | 'channel' | 'system'
  readonly id: string
  readonly roles: readonly Role[]
  /** The sales channel that speaks for this person (token exchange), or that is itself the caller. */
  readonly channelId: string | null
  readonly email: string | null
  /** The session that says so: what signing out ends. Absent for guests' secrets, channel keys and the system. */
  readonly sessionId?: string
  /** When that was true, epoch ms: whoever remembers it counts from then. Absent: at the moment of the answer. */
  readonly asOf?: number
}

/** Scope and key of a request, hashed to one id, with a hash of its content. */
export interface IdempotencyKey {
  /** 22 characters, base64url of 16 bytes of SHA-256 over scope and key. */
  readonly id: string
  /** 22 characters, base64url of 16 bytes of SHA-256 over method, path and body. */
  readonly fingerprint: string
}

export interface Call {
  readonly principal: Principal
  readonly requestId: string
  /** Epoch milliseconds after which nobody waits for the answer any more. */
  readonly deadline: number
  readonly idempotency: IdempotencyKey | null
  /** Network address that the request counts for, as the gateway reads it. Absent for calls from within. */
  readonly address?: string
}

/** The longest a call of the system's own (sweeper, relay) may take, ms: two lock waits and a slow commit. */
const SYSTEM_CALL_MS = 15_000

/** A call made by Levee itself: sagas resumed, expiries, consumers. */
export function systemCall(requestId: string, now: number): Call {
  return {
    principal: { kind: 'system', id: 'system', roles: ['administrator'], channelId: null, email: null },
    requestId,
    deadline: now + SYSTEM_CALL_MS,
    idempotency: null,
  }
}

/** The same request, as the step of a saga: its own effects are once each under the saga's id, not the key. */
export function asStep(call: Call): Call {
  return { ...call, idempotency: null }
}

export function isStaff(principal: Principal): boolean {
  return (
    principal.kind === 'system' ||
    principal.roles.includes('operator') ||
    principal.roles.includes('administrator')
  )
}

/** May `principal` see what belongs to `owner`? Staff may, owners may, the channel that brought it may. */
export function maySee(principal: Principal, owner: string, ownerChannel: string | null): boolean {
  if (principal.id === owner || isStaff(principal)) return true
  return principal.kind === 'channel' && ownerChannel !== null && principal.channelId === ownerChannel
}

/** True for the acts that the audit trail keeps: those of staff and of channels. */
export function isAudited(principal: Principal): boolean {
  return principal.channelId !== null || (principal.kind === 'member' && isStaff(principal))
}
