// Who asks: from the Authorization header to a principal, without asking the ledger every time.

import { Recent } from '../platform/cache/recent.ts'
import type { Principal } from '../platform/contract/call.ts'
import { shortHash } from '../platform/events/event.ts'
import type { Clock } from '../platform/module.ts'
import { isAway } from '../platform/sql/errors.ts'
import { principalMask } from './access.ts'
import type { Bucket } from './rate-limit.ts'

/** How long a principal is believed from when it was read, ms: the longest until another process's revocation bites. */
export const IDENTITY_TTL_MS = 5_000
/** While the ledger is away a principal is believed for so long after that, ms: its sessions go on reading. */
const OLD_MOST_MS = 15 * 60_000
/** Most sessions and channel keys remembered: 50,000 of some 500 bytes are 25 MB. */
const SESSIONS_MOST = 50_000
/** Most guests remembered; one that is forgotten costs one hash. */
const GUESTS_MOST = 10_000
/** Longest credential looked at, characters: ours have fewer than 100. */
const CREDENTIAL_MOST = 256

const GUEST = /^Guest ([A-Za-z0-9_-]{16,128})$/i
const SESSION = /^Bearer ([\x21-\x7e]+)$/i
const CHANNEL = /^Channel ([\x21-\x7e]+)$/i

/** A principal with what the gateway needs of it for each request. */
export interface Identity {
  readonly principal: Principal
  readonly mask: number
  /** Its own rate bucket, once it has one. Guests and strangers count by address: they could be anybody. */
  bucket: Bucket | null
}

interface Cached {
  readonly identity: Identity
  readonly until: number
}

export interface IdentitySource {
  /** Null: no such session, ended or revoked. */
  identify(token: string): Promise<Principal | null>
  identifyChannel(key: string): Promise<Principal | null>
}

const nobody: Principal = { kind: 'anonymous', id: 'anonymous', roles: [], channelId: null, email: null }
export const anonymous: Identity = { principal: nobody, mask: principalMask(nobody), bucket: null }

export class Identities {
  private readonly source: IdentitySource
  private readonly clock: Clock
  private readonly sessions = new Recent<string, Cached>(SESSIONS_MOST)
  private readonly guests = new Recent<string, Identity>(GUESTS_MOST)
  private lookups = new Map<string, Promise<Identity | null>>()
  /** Rises with each revocation: what was asked before it is not remembered after it. */
  private generation = 0

  constructor(source: IdentitySource, clock: Clock) {
    this.source = source
    this.clock = clock
  }

  /** What is known without asking: undefined means ask with `lookUp`, null that the header is none of ours. */
  known(header: string, now: number): Identity | null | undefined {
    const cached = this.sessions.get(header)
    if (cached !== undefined && cached.until > now) return cached.identity
    const guest = this.guests.get(header)
    if (guest !== undefined) return guest
    if (header.length > CREDENTIAL_MOST) return null
    const secret = GUEST.exec(header)?.[1]
    if (secret !== undefined) return this.rememberGuest(header, secret)
    return SESSION.test(header) || CHANNEL.test(header) ? undefined : null
  }

  /** Asks the account module; callers with the same header share one question. */
  lookUp(header: string): Promise<Identity | null> {
    const running = this.lookups.get(header)
    if (running) return running
    const lookup = this.ask(header, this.generation)
    this.lookups.set(header, lookup)
    const done = () => {
      if (this.lookups.get(header) === lookup) this.lookups.delete(header)
    }
    lookup.then(done, done)
    return lookup
  }

  /** A session or a right was taken away in this process: asked anew from now on. */
  forget(principalId: string): void {
    this.generation++
    this.lookups = new Map()
    for (const [header, { identity }] of this.sessions) {
      const { id, channelId } = identity.principal
      if (id === principalId || channelId === principalId) this.sessions.delete(header)
    }
  }

  private async ask(header: string, generation: number): Promise<Identity | null> {
    const credential = header.slice(header.indexOf(' ') + 1)
    let principal: Principal | null
    try {
      principal = SESSION.test(header)
        ? await this.source.identify(credential)
        : await this.source.identifyChannel(credential)
    } catch (error) {
      const before = this.sessions.get(header)
      if (before === undefined || !isAway(error) || this.clock() - before.until > OLD_MOST_MS) throw error
      // Nobody can end a session while the ledger is away.
      return before.identity
    }
    if (principal === null) return null
    const identity: Identity = { principal, mask: principalMask(principal), bucket: null }
    if (generation === this.generation) {
      const now = this.clock()
      const since = Math.min(principal.asOf ?? now, now)
      this.sessions.set(header, { identity, until: since + IDENTITY_TTL_MS })
    }
    return identity
  }

  private rememberGuest(header: string, secret: string): Identity {
    const principal: Principal = {
      kind: 'guest',
      id: `g_${shortHash(secret)}`,
      roles: [],
      channelId: null,
      email: null,
    }
    const identity: Identity = { principal, mask: principalMask(principal), bucket: null }
    this.guests.set(header, identity)
    return identity
  }
}
