// A batch of the line, decided in the order of the line on the rows of its coupons and blocks. Pure. What is written
// for one batch is one transaction: claims, quota, first answers, and the outcome of every place.

import { invariant } from '../../platform/contract/result.ts'
import type { Outcome } from '../../platform/sql/combiner.ts'
import { type Row, selectByKey, updateByKey, type Value, type Write } from '../../platform/sql/statements.ts'
import { type Letter, letters, UNDECIDED, VOID } from './block.ts'
import { type ClaimAnswer, ClaimBook } from './claim-book.ts'
import type { QueuedClaim } from './queue-record.ts'
import type { BlockRow } from './tables.ts'

const block = {
  columns: 'block_id, coupon_id, size, outcomes, decided',
  from: 'coupon_blocks',
  key: 'block_id',
} as const
export const lockBlocks = selectByKey({ ...block, lock: true })
export const blocksThere = selectByKey({ ...block, columns: 'block_id', lock: false })
export const readFirstAnswers = selectByKey({
  columns: 'id, fingerprint',
  from: 'idempotency',
  index: 'idempotency_id',
  key: 'id',
  lock: false,
})
/** Compared by the count that was read; the row is locked. */
const updateBlocks = updateByKey(
  'coupon_blocks',
  { block_id: 'id', decided: 'int' },
  { decided: 'int', outcomes: 'text' },
)

/** A block as it will be. */
interface HeldBlock {
  readonly row: Pick<BlockRow, 'block_id' | 'coupon_id' | 'size'>
  readonly outcomes: string[]
  readonly readDecided: number
  decided: number
  changed: boolean
}

/** What became of one record. `before`: it was decided before. `dead`: why it never can be. */
export type Fate =
  | { readonly kind: 'decided'; readonly letter: Letter; readonly issued?: Outcome<ClaimAnswer> }
  | { readonly kind: 'before' }
  | { readonly kind: 'dead'; readonly cause: string }

const BEFORE: Fate = { kind: 'before' }
const decided = (letter: Letter): Fate => ({ kind: 'decided', letter })
const dead = (cause: string): Fate => ({ kind: 'dead', cause })

/** Codes of a refusal as letters. */
const REFUSALS: Readonly<Record<string, Letter>> = {
  coupon_already_claimed: letters.already,
  coupon_sold_out: letters.soldOut,
  coupon_not_open: letters.notOpen,
  coupon_unknown: letters.unknown,
}

export interface QueueSets {
  readonly coupons: readonly Row[]
  readonly claims: readonly Row[]
  readonly couponsThere: readonly Row[]
  readonly blocks: readonly Row[]
  readonly blocksThere: readonly Row[]
  readonly keys: readonly Row[]
}

export class QueueBook {
  private readonly claims: ClaimBook
  private readonly blocks = new Map<string, HeldBlock>()
  private readonly blocksThere: ReadonlySet<string>
  private readonly couponsThere: ReadonlySet<string>
  /** Fingerprints by key: of the ledger, and of what this batch has issued. */
  private readonly keys = new Map<string, string>()
  private readonly now: number
  private readonly missingMeansAbsent: boolean

  constructor(sets: QueueSets, now: number, missingMeansAbsent: boolean) {
    this.now = now
    this.missingMeansAbsent = missingMeansAbsent
    // What is not there is settled before anything is decided, see `waits`.
    this.claims = new ClaimBook([[...sets.coupons], [...sets.claims]], now, true, new Set<string>(), true)
    this.couponsThere = new Set(sets.couponsThere.map(row => row.coupon_id as string))
    this.blocksThere = new Set(sets.blocksThere.map(row => row.block_id as string))
    for (const row of sets.blocks as unknown as BlockRow[]) {
      const { outcomes, decided: readDecided } = row
      const held = { row, outcomes: [...outcomes], readDecided, decided: readDecided, changed: false }
      this.blocks.set(row.block_id, held)
    }
    for (const row of sets.keys) this.keys.set(row.id as string, row.fingerprint as string)
  }

  /** Somebody else holds a row that this batch needs: all of it waits, or its order would not be kept. */
  waits(records: readonly QueuedClaim[], retried: boolean): boolean {
    if (this.missingMeansAbsent) return false
    return records.some(
      ({ couponId, block: blockId }) =>
        (!this.claims.coupons.has(couponId) && (!retried || this.couponsThere.has(couponId))) ||
        (!this.blocks.has(blockId) && (!retried || this.blocksThere.has(blockId))),
    )
  }

  decide(record: QueuedClaim): Fate {
    const held = this.blocks.get(record.block)
    if (held === undefined) return dead(`there is no block ${record.block}`)
    if (held.row.coupon_id !== record.couponId) return dead(`block ${record.block} is of another coupon`)
    const outcome = held.outcomes[record.index]
    if (outcome === undefined) return dead(`block ${record.block} has ${held.row.size} places`)
    // Void is no end: a record that comes after its block was closed is decided like any other.
    if (outcome !== UNDECIDED && outcome !== VOID) return BEFORE
    const fate = this.judge(record)
    if (fate.kind !== 'decided') return fate
    if (outcome === UNDECIDED) {
      held.decided++
      this.claims.settleOwed(record.couponId)
    }
    held.outcomes[record.index] = fate.letter
    held.changed = true
    return fate
  }

  private judge(record: QueuedClaim): Fate {
    const { idempotency } = record.call
    const first = idempotency === null ? undefined : this.keys.get(idempotency.id)
    if (first !== undefined)
      return decided(first === idempotency!.fingerprint ? letters.repeat : letters.reused)
    this.claims.now = Math.min(record.at, this.now)
    const issued = this.claims.decide(record, { ...record.call, deadline: record.at }, false)
    invariant(issued !== 'parked', `coupon ${record.couponId} was to be settled before`)
    const { result } = issued
    if (!result.ok) {
      const letter = REFUSALS[result.refusal.code]
      return letter === undefined ? dead(`refused with ${result.refusal.code}`) : decided(letter)
    }
    if (idempotency !== null) this.keys.set(idempotency.id, idempotency.fingerprint)
    return { kind: 'decided', letter: letters.issued, issued }
  }

  writes(): Write[] {
    const blocks: Value[][] = []
    for (const { row, outcomes, readDecided, decided: now, changed } of this.blocks.values())
      if (changed) blocks.push([row.block_id, readDecided, now, outcomes.join('')])
    return [...this.claims.writes(), updateBlocks(blocks)]
  }
}
