// The leases of one relay on shards of the outbox, kept in the ledger with a fence that grows at each change
// of hands. Times are this process's own: clocks that differ make relays take shards from each other too
// early or too late, which costs speed, never order; the fence alone decides who may write.

import { type Kysely, sql } from 'kysely'
import type { Clock } from '../module.ts'
import type { Ledger, Tx } from '../sql/ledger.ts'
import type { PlatformTables } from '../sql/platform-tables.ts'
import { type Update, updateByKey } from '../sql/statements.ts'
import { planLeases, type ShardRow } from './plan-leases.ts'

/** Life of a lease, ms: how long the events of a killed relay wait. Longer than any pause of a healthy process. */
export const LEASE_MS = 5_000
/** Pause between renewals, ms: two may be lost. */
export const RENEW_MS = 1_500
/** A lease this close to its end is not relied upon, ms: an event sent now should be settled under it. */
const MARGIN_MS = 500

/** A fence that no shard ever has. */
const NO_FENCE = -1
const holdShards = updateByKey('outbox_shards', { shard: 'int', owner: 'id', fence: 'int' }, { fence: 'int' })

export class ShardLeases {
  private readonly ledger: Ledger
  private readonly clock: Clock
  private readonly owner: string
  /** Fence by shard, of what was mine at the last look. */
  private fences = new Map<number, number>()
  private until = 0
  private renewing: Promise<void> | null = null
  private nextRenewal = 0
  /** Grows when shards came in that another relay, or nobody, had before. */
  taken = 0

  /** `owner`: unique among all relays that ever were. */
  constructor(ledger: Ledger, clock: Clock, owner: string) {
    this.ledger = ledger
    this.clock = clock
    this.owner = owner
  }

  get shards(): readonly number[] {
    return this.clock() < this.until - MARGIN_MS ? [...this.fences.keys()] : []
  }

  holds(shard: number): boolean {
    return this.fences.has(shard) && this.clock() < this.until - MARGIN_MS
  }

  /** Renews what is mine and takes what I should have, if it is time. Rejects when the ledger is away. */
  renew(): Promise<void> {
    if (this.renewing !== null) return this.renewing
    if (this.clock() < this.nextRenewal) return Promise.resolve()
    this.renewing = this.exchange().finally(() => {
      this.renewing = null
    })
    return this.renewing
  }

  /** Of my shards, those that are still mine; locked until the transaction ends. */
  async fence(tx: Tx<unknown>): Promise<ReadonlySet<number>> {
    const mine = this.fences
    if (mine.size === 0) return new Set()
    const rows = await this.lock(tx, [...mine.keys()])
    const still = rows.filter(row => row.owner === this.owner && row.fence === mine.get(row.shard))
    if (still.length < mine.size) this.nextRenewal = 0 // somebody took one: look again at once
    return new Set(still.map(row => row.shard))
  }

  /** Writes nothing new, and fails unless all of these shards are mine as I know them. `shards`: of mine. */
  holding(shards: Iterable<number>): Update {
    const rows = [...shards].map(shard => {
      const fence = this.fences.get(shard) ?? NO_FENCE
      return [shard, this.owner, fence, fence]
    })
    return holdShards(rows)
  }

  /** Gives everything back, so that others need not wait for the end of the leases. */
  async release(): Promise<void> {
    await this.renewing?.catch(() => undefined) // whoever asked for it was told
    const mine = [...this.fences.keys()]
    this.fences = new Map()
    this.until = 0
    if (mine.length === 0) return
    await this.ledger.write<PlatformTables, unknown>(tx =>
      tx
        .updateTable('outbox_shards')
        .set({ leased_until: 0 })
        .where('shard', 'in', mine)
        .where('owner', '=', this.owner)
        .execute(),
    )
  }

  private async exchange(): Promise<void> {
    const now = this.clock()
    const until = now + LEASE_MS
    const { keep, take } = await this.ledger.write(async (tx: Tx<unknown>) => {
      const plan = planLeases(await this.lock(tx, null), this.owner, now)
      const db = tx as unknown as Kysely<PlatformTables>
      const update = db.updateTable('outbox_shards').set({ owner: this.owner, leased_until: until })
      const kept = plan.keep.map(row => row.shard)
      const taken = plan.take.map(row => row.shard)
      if (kept.length > 0) await update.where('shard', 'in', kept).execute()
      if (taken.length > 0)
        await update
          .set(row => ({ fence: row('fence', '+', 1) }))
          .where('shard', 'in', taken)
          .execute()
      return plan
    })
    this.fences = new Map([
      ...keep.map(row => [row.shard, row.fence] as const),
      ...take.map(row => [row.shard, row.fence + 1] as const),
    ])
    this.until = until
    this.nextRenewal = now + RENEW_MS
    if (take.length > 0) this.taken++
  }

  private async lock(tx: Tx<unknown>, shards: readonly number[] | null): Promise<ShardRow[]> {
    const mysql = this.ledger.dialect === 'mysql'
    const { rows } = await sql<ShardRow>`SELECT shard, owner, fence, leased_until FROM outbox_shards
      ${sql.raw(mysql ? 'FORCE INDEX (PRIMARY)' : '')}
      ${shards === null ? sql`` : sql`WHERE shard IN (${sql.join(shards)})`}
      ORDER BY shard ${sql.raw(mysql ? 'FOR UPDATE' : '')}`.execute(tx)
    return rows
  }
}
