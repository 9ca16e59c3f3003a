// The places in the line that this process may give out. They are leased from the ledger in blocks, ahead of need:
// what was never leased is never given out, so whatever is accepted is counted there first.

import { invariant } from '../../platform/contract/result.ts'
import { newId } from '../../platform/ids.ts'
import type { Log } from '../../platform/log/log.ts'
import type { Clock } from '../../platform/module.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { BLOCK_USE_MS, emptyOutcomes, nextSize } from './block.ts'
import { closeBlock, insertBlock } from './block-store.ts'

/** Part of a block that is left when the next one is leased: at 20,000 claims a second it lasts for 25 ms, some leases. */
const AHEAD_PART = 0.5
/** Coupons with blocks: more than are claimed at the same time. The one leased longest ago makes room. */
const COUPONS_MOST = 1_000

/** A line that nobody joined for so long gives its places back, ms: as many units are held back for them. */
const REST_MS = 1_000

/** A place in the line. */
export interface Place {
  readonly blockId: string
  readonly index: number
  /** Of the block: makes tickets. */
  readonly secret: string
}

interface Block {
  readonly blockId: string
  readonly secret: string
  readonly size: number
  readonly leasedAt: number
  /** The next place. */
  next: number
}

interface Line {
  /** Given out of; then those leased ahead. */
  readonly blocks: Block[]
  leasing: Promise<void> | null
  /** When a place was given out last, epoch ms. */
  usedAt: number
  lastSize: number | null
}

export class Blocks {
  private readonly ledger: Ledger
  private readonly clock: Clock
  private readonly log: Log
  private readonly owner = newId()
  private readonly lines = new Map<string, Line>()
  /** Closed for giving out, and not in the ledger yet. */
  private closing: Block[] = []

  constructor(ledger: Ledger, clock: Clock, log: Log) {
    this.ledger = ledger
    this.clock = clock
    this.log = log
  }

  /** The next place of this coupon; null: `lease` first. */
  take(couponId: string): Place | null {
    const line = this.lines.get(couponId)
    if (line === undefined) return null
    const now = this.clock()
    let block = line.blocks[0]
    while (block !== undefined && (block.next >= block.size || isOver(block, now))) {
      // A block that was not used up in time was too big.
      line.lastSize = block.next >= block.size ? block.size : null
      this.closing.push(line.blocks.shift()!)
      block = line.blocks[0]
    }
    if (block === undefined) return null
    const index = block.next++
    line.usedAt = now
    if (line.blocks.length === 1 && block.size - block.next < block.size * AHEAD_PART)
      // Whoever finds none waits for it, and hears what is wrong.
      this.lease(couponId).catch(() => undefined)
    return { blockId: block.blockId, index, secret: block.secret }
  }

  /** Resolves when there is a block to take from. Rejects where the ledger gives none. */
  lease(couponId: string): Promise<void> {
    let line = this.lines.get(couponId)
    if (line === undefined) {
      if (this.lines.size >= COUPONS_MOST) this.release(this.lines.keys().next().value!)
      line = { blocks: [], leasing: null, lastSize: null, usedAt: this.clock() }
      this.lines.set(couponId, line)
    }
    const { blocks, lastSize } = line
    line.leasing ??= this.leased(couponId, nextSize(blocks[0]?.size ?? lastSize))
      .then(block => void blocks.push(block))
      .finally(() => {
        line.leasing = null
      })
    return line.leasing
  }

  private async leased(couponId: string, size: number): Promise<Block> {
    const block = { blockId: newId(), secret: newId(), size, leasedAt: this.clock(), next: 0 }
    await insertBlock(this.ledger, {
      block_id: block.blockId,
      coupon_id: couponId,
      owner: this.owner,
      size,
      secret: block.secret,
      leased_at: block.leasedAt,
      closed_at: null,
      outcomes: emptyOutcomes(size),
      decided: 0,
    })
    return block
  }

  /** Gives the ledger back what is used up, over, at rest, or (`all`) not needed any more. Returns how many blocks it closed. */
  async close(all: boolean): Promise<number> {
    const now = this.clock()
    for (const [couponId, line] of [...this.lines]) {
      if (all) await line.leasing?.catch(() => undefined)
      const last = line.blocks.at(-1)
      const atRest = Math.abs(now - line.usedAt) >= REST_MS
      if (all || (line.leasing === null && (last === undefined || atRest || isOver(last, now))))
        this.release(couponId)
    }
    const closing = this.closing.splice(0)
    let closed = 0
    for (const block of closing) {
      try {
        if (await closeBlock(this.ledger, block.blockId, block.next, now)) closed++
      } catch (error) {
        // It is tried again; and should this process end before, the sweep of all blocks closes it.
        this.closing.push(block)
        this.log.warn({ err: error, blockId: block.blockId }, 'a block of places could not be closed')
      }
    }
    return closed
  }

  private release(couponId: string): void {
    const line = this.lines.get(couponId)
    invariant(line !== undefined, `coupon ${couponId} has no line`)
    this.lines.delete(couponId)
    this.closing.push(...line.blocks)
  }
}

function isOver({ leasedAt }: Block, now: number): boolean {
  return Math.abs(now - leasedAt) >= BLOCK_USE_MS
}
