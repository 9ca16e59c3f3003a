// The permits of coupons in Redis. All claims of one turn of the loop of one coupon are one question. What Redis says
// only decides who asks the ledger, and how: it may be wrong, away, or empty, and nobody loses a coupon by it.

import type { Log } from '../../platform/log/log.ts'
import { families, keyOf, withJitter } from '../../platform/redis/keys.ts'
import { type Redis, RedisAway, type RedisScript } from '../../platform/redis/redis.ts'
import type { ClaimRequest } from './claim-book.ts'
import type { QuotaRow } from './coupon.ts'
import { askPermits, fillPermits, giveBackPermits } from './permit-scripts.ts'

/** Members of one question: Redis serves nobody else for some 0.3 ms meanwhile. */
const ASK_MOST = 500
/** Members that wait for an answer: two seconds of a rush. More go straight to the ledger. */
const WAITING_MOST = 20_000

/**
 * - `admitted`: has a permit; ask the ledger, and give it back if that refuses
 * - `known`: took one before; the ledger knows what became of it
 * - `none`: no permit is left
 * - `empty`: Redis knows nothing of this coupon
 * - `away`: Redis says nothing
 */
export type Verdict = 'admitted' | 'known' | 'none' | 'empty' | 'away'

export interface Said {
  readonly verdict: Verdict
  /** Whose claims are in the set: see `allOf`. */
  readonly known: string
}

const AWAY: Said = { verdict: 'away', known: '' }
const EMPTY: Said = { verdict: 'empty', known: '' }

/** What `#known` says where the claims of all are in the set, of a coupon with so many issued. */
export const allOf = (issued: number): string => `all ${issued}`

interface Asking {
  readonly members: string[]
  readonly resolve: ((said: Said) => void)[]
}

interface GivingBack {
  readonly members: string[]
  permits: number
}

export class PermitGate {
  private readonly redis: Redis
  private readonly prefix: string
  private readonly log: Log
  /** By coupon: who is told from now on whether permits are handed out. */
  private asking = { admit: new Map<string, Asking>(), look: new Map<string, Asking>() }
  private givingBack = new Map<string, GivingBack>()
  private scheduled = false
  private waiting = 0

  constructor(redis: Redis, prefix: string, log: Log) {
    this.redis = redis
    this.prefix = prefix
    this.log = log
  }

  /** `admit`: hands out a permit where one is left. Never rejects. */
  ask({ couponId, memberId }: ClaimRequest, admit: boolean): Promise<Said> {
    if (!this.redis.up || this.waiting >= WAITING_MOST) return Promise.resolve(AWAY)
    return new Promise(resolve => {
      const coupons = admit ? this.asking.admit : this.asking.look
      let asking = coupons.get(couponId)
      if (asking === undefined) {
        asking = { members: [], resolve: [] }
        coupons.set(couponId, asking)
      }
      asking.members.push(memberId)
      asking.resolve.push(resolve)
      this.waiting++
      this.schedule()
    })
  }

  /** The ledger refused who was admitted. `permit`: it may be another's. */
  giveBack({ couponId, memberId }: ClaimRequest, permit: boolean): void {
    let back = this.givingBack.get(couponId)
    if (back === undefined) {
      back = { members: [], permits: 0 }
      this.givingBack.set(couponId, back)
    }
    back.members.push(memberId)
    if (permit) back.permits++
    this.schedule()
  }

  /** Permits as the ledger has them in this row. */
  async fill(row: QuotaRow): Promise<void> {
    const life = withJitter(families.couponGate.ttl, Math.random())
    const left = Math.max(0, row.quota - row.issued)
    // Both only grow: a row with a greater sum is a later one.
    await this.run(fillPermits, row.coupon_id, [left, row.version + row.issued, life])
  }

  /** Permits left, as Redis has them; null: it knows nothing of this coupon. Rejects where Redis is away. */
  async left(couponId: string): Promise<number | null> {
    const key = keyOf(this.prefix, families.couponGate, couponId)
    const left = await this.redis.command<string | null>('HGET', key, '#left')
    return left === null ? null : Number(left)
  }

  /** Undefined: Redis is away. Never rejects. */
  async run<T>(
    script: RedisScript,
    couponId: string,
    args: readonly (string | number)[],
  ): Promise<T | undefined> {
    try {
      return await this.redis.run<T>(script, [keyOf(this.prefix, families.couponGate, couponId)], args)
    } catch (error) {
      // Said once by the connection; anything else is a bug, or a Redis that is no Redis.
      if (!(error instanceof RedisAway)) this.log.error({ err: error, couponId }, 'Redis refused a script')
      return undefined
    }
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    // After this turn of the loop: all claims that arrived together are one question.
    setImmediate(() => this.send())
  }

  private send(): void {
    const { admit, look } = this.asking
    const { givingBack } = this
    this.scheduled = false
    this.asking = { admit: new Map(), look: new Map() }
    this.givingBack = new Map()
    for (const [couponId, { members, permits }] of givingBack)
      for (let at = 0; at < members.length; at += ASK_MOST) {
        const some = members.slice(at, at + ASK_MOST)
        void this.run(giveBackPermits, couponId, [at === 0 ? permits : 0, ...some])
      }
    for (const [couponId, asking] of admit) this.askAll(couponId, '1', asking)
    for (const [couponId, asking] of look) this.askAll(couponId, '0', asking)
  }

  private askAll(couponId: string, admit: '0' | '1', { members, resolve }: Asking): void {
    for (let at = 0; at < members.length; at += ASK_MOST) {
      const some = members.length <= ASK_MOST ? members : members.slice(at, at + ASK_MOST)
      void this.run<Letters>(askPermits, couponId, [admit, ...some]).then(reply => {
        this.waiting -= some.length
        const told = listOf(this.isOurs(reply, some.length) ? reply : undefined)
        for (let i = 0; i < some.length; i++) resolve[at + i]!(told(i))
      })
    }
  }

  /** No Redis answers another question than was asked; something between us that mixes up answers might. Nobody waits for that. */
  private isOurs(reply: Letters | undefined, members: number): boolean {
    if (reply === undefined || reply === null) return true
    const letters: unknown = reply[0]
    if (typeof letters === 'string' && letters.length === members && LETTERS.test(letters)) return true
    this.log.error({ members }, 'Redis answered another question')
    return false
  }
}

/** Null: there is no hash. */
const LETTERS = /^[amn]*$/
type Letters = readonly [letters: string, known: string] | null

/** What each of them is told. */
function listOf(reply: Letters | undefined): (i: number) => Said {
  if (reply === undefined) return () => AWAY
  if (reply === null) return () => EMPTY
  const [letters, known] = reply
  const all = {
    a: { verdict: 'admitted', known },
    m: { verdict: 'known', known },
    n: { verdict: 'none', known },
  } as const
  return i => all[letters[i] as 'a' | 'm' | 'n']
}
