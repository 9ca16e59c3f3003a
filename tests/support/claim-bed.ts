// For tests: a ledger with coupons and any number of processes that take claims, each on a rung of its own.

import { randomBytes } from 'node:crypto'
import { vi } from 'vitest'
import { couponSchema, createCouponModule } from '../../modules/coupon/index.ts'
import type { CouponTables } from '../../modules/coupon/tables.ts'
import { type Call, systemCall } from '../../platform/contract/call.ts'
import type { RefusalCode } from '../../platform/contract/catalogue.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import { shortHash } from '../../platform/events/event.ts'
import type { Group, Kafka } from '../../platform/kafka/kafka.ts'
import { openKafka } from '../../platform/kafka/open-kafka.ts'
import { createLog } from '../../platform/log/log.ts'
import { openRedis } from '../../platform/redis/open-redis.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { Ladder, Rung } from '../../resilience/ladders.ts'
import { kafkaBrokers, type LedgerEngine, redisUrl } from './engines.ts'
import { fixedLadders, restless } from './fixed-ladders.ts'
import { openScratchLedger, type ScratchLedger } from './ledgers.ts'

export type ClaimRungName = Rung<'coupon.claim'>
type Module = ReturnType<typeof createCouponModule>

const HOUR_MS = 3_600_000
const log = createLog({ level: 'silent', name: 'test' })
/** Longer than any line of a test takes. */
const SETTLED_MS = 30_000

/** The rungs whose engines are at hand, and the others. */
export function claimRungs(): {
  readonly there: readonly ClaimRungName[]
  readonly missing: readonly ClaimRungName[]
} {
  const has = { sql: true, redis: redisUrl() !== undefined, kafka: kafkaBrokers() !== undefined }
  const all = ['sql', 'redis', 'kafka'] as const
  return { there: all.filter(rung => has[rung]), missing: all.filter(rung => !has[rung]) }
}

export const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)
export const counted = (results: readonly Result<unknown>[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(results, codeOf)].map(([code, all]) => [code, all.length]))

export function memberCall(memberId: string, key: string, content = ''): Call {
  const call = systemCall(key.slice(0, 64), Date.now())
  const principal = { ...call.principal, kind: 'member', id: memberId, roles: ['customer'] } as const
  const idempotency = { id: shortHash(`${memberId} ${key}`), fingerprint: shortHash(content) }
  return { ...call, principal, idempotency, deadline: Date.now() + SETTLED_MS }
}

export interface Process {
  readonly rung: ClaimRungName
  readonly module: Module
}

export class ClaimBed {
  readonly scratch: ScratchLedger
  readonly prefix = `test-${randomBytes(5).toString('hex')}`
  readonly redis: Redis | null
  readonly kafka: Kafka | null
  /** Added to the clock, ms. */
  ahead = 0
  private readonly groups: Group[] = []
  private readonly processes: Process[] = []

  private constructor(scratch: ScratchLedger, redis: Redis | null, prefix: string) {
    this.scratch = scratch
    this.prefix = prefix
    this.redis = redis
    const brokers = kafkaBrokers()
    this.kafka =
      brokers === undefined
        ? null
        : openKafka({ brokers: brokers.split(','), prefix, publishTimeout: 20_000, log })
  }

  /** `url`: of another Redis than that at hand. */
  static async open(engine: LedgerEngine, url = redisUrl()): Promise<ClaimBed> {
    const scratch = await openScratchLedger(engine, [couponSchema])
    const redis = url === undefined ? null : await openRedis({ url, commandTimeout: 500, log })
    return new ClaimBed(scratch, redis, `test-${randomBytes(5).toString('hex')}`)
  }

  readonly clock = (): number => Date.now() + this.ahead

  /** Another process on this rung; of several, on another one at every call. `consumes`: it takes claims out of the line as well. */
  async process(
    rung: ClaimRungName | readonly ClaimRungName[],
    {
      consumes = [rung].flat().includes('kafka'),
      over = (ledger: Ledger) => ledger,
      kafka = this.kafka,
    } = {},
  ): Promise<Process> {
    // Two connections of one thread would wait for each other on SQLite until one gives up.
    const { scratch } = this
    const ledger = over(scratch.ledger.dialect === 'sqlite' ? scratch.ledger : await scratch.another())
    const module = createCouponModule({
      ...{ ledger, clock: this.clock, log, redis: this.redis, kafka },
      prefixes: { redisPrefix: this.prefix },
      ladders:
        typeof rung === 'string'
          ? fixedLadders({ 'coupon.claim': rung })
          : { of: <L extends Ladder>() => restless<L>(rung as unknown as readonly Rung<L>[]) },
      settings: { lockWait: 5_000 },
    })
    const process = { rung: [rung].flat()[0]!, module }
    this.processes.push(process)
    if (process.rung === 'kafka' || consumes) await this.kafka!.ensureTopics(module.topics!)
    if (consumes) this.consume(module)
    return process
  }

  consume(module: Module): Group[] {
    const groups = module.groups!.map(options => this.kafka!.group(options))
    for (const group of groups) group.start()
    this.groups.push(...groups)
    return groups
  }

  async drop(): Promise<void> {
    await Promise.all(this.groups.map(group => group.stop()))
    await Promise.all(this.processes.map(({ module }) => module.drain()))
    await this.kafka?.close()
    await this.redis?.close()
    await this.scratch.drop()
  }

  /** A new coupon, open now. */
  async coupon(quota: number, times: object = {}): Promise<string> {
    const now = this.clock()
    const window = { opensAt: now - HOUR_MS, closesAt: now + HOUR_MS, usableUntil: now + 2 * HOUR_MS }
    const terms = { name: 'rush', kind: 'amount', value: 100, quota, ...window, ...times } as const
    const result = await this.anyDoor().createCoupon(systemCall('staff', now), terms)
    if (!result.ok) throw new Error(result.refusal.detail)
    return result.value.couponId
  }

  async raise(couponId: string, quota: number): Promise<void> {
    const call = systemCall('staff', this.clock())
    const shown = await this.anyDoor().getCoupon(call, { couponId })
    const version = shown.ok ? shown.value.version : 0
    const result = await this.anyDoor().editCoupon(call, { couponId, version, quota })
    if (!result.ok) throw new Error(result.refusal.detail)
  }

  private anyDoor(): Module['door'] {
    return this.processes[0]!.module.door
  }

  /** Asks once. */
  ask({ module }: Process, couponId: string, memberId: string, key = memberId) {
    return module.door.claimCoupon(memberCall(memberId, `${couponId} ${key}`), { couponId })
  }

  /**
   * Asks as customers do: again where others are served first, and waits for the end where it was accepted: what it would
   * have heard at once on another rung.
   */
  async claim(
    process: Process,
    couponId: string,
    memberId: string,
    key = memberId,
  ): Promise<Result<{ claimId: string }>> {
    const answer = await vi.waitUntil(
      async () => {
        const said = await this.ask(process, couponId, memberId, key)
        if (said.ok || said.refusal.code !== 'coupon_in_line') return said
        await this.closeBlocks()
        return false
      },
      { timeout: SETTLED_MS, interval: 100 },
    )
    if (!answer.ok || answer.value.state !== 'accepted' || !('ticket' in answer.value)) return answer
    return this.ending(process, couponId, memberId, answer.value.ticket)
  }

  /** What comes round in every process. */
  private async closeBlocks(): Promise<void> {
    const sweeps = this.processes.flatMap(({ module }) => module.sweeps)
    for (const sweep of sweeps) if (sweep.name === 'coupon.closeBlocks') await sweep.run(this.clock())
  }

  async ending(
    { module }: Process,
    couponId: string,
    memberId: string,
    ticket: string,
  ): Promise<Result<{ claimId: string }>> {
    const call = memberCall(memberId, 'look')
    return vi.waitUntil(
      async () => {
        const told = await module.door.claimProgress(call, { couponId, ticket })
        if (!told.ok) return told
        const { claim, refusal } = told.value
        if (refusal !== null) return refuse(refusal.code as RefusalCode, refusal.detail)
        return claim === null ? false : { ok: true as const, value: claim }
      },
      { timeout: SETTLED_MS, interval: 20 },
    )
  }

  /** Members who hold it, and what the coupon says of itself. */
  async books(couponId: string): Promise<{ issued: number; members: Set<string>; claims: number }> {
    const db = this.scratch.ledger.reads<CouponTables>()
    const coupon = await db
      .selectFrom('coupons')
      .select('issued')
      .where('coupon_id', '=', couponId)
      .executeTakeFirstOrThrow()
    const claims = await db
      .selectFrom('coupon_claims')
      .select('member_id')
      .where('coupon_id', '=', couponId)
      .execute()
    return {
      issued: coupon.issued,
      claims: claims.length,
      members: new Set(claims.map(row => row.member_id)),
    }
  }
}
