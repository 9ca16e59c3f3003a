// Blocks of places come to an end: those of this process that it does not need any more, those of processes that died,
// and those whose time is over.
//
// When a place that has no outcome may be called void: a block gives out nothing after BLOCK_USE_MS, and a record is
// confirmed or given up within the publisher's time. So once GONE_MS have passed since its lease, every record of it
// that anybody was told is accepted lies before the end that its partition has by then. When the group has committed
// that end, which it does after the ledger has the records, these all have outcomes, and a place without one was never
// accepted. Should its record come later all the same (a send that was given up, and arrived), it is decided like any
// other: void is not the end of a record, only of counting on one.

import type { Kafka } from '../../platform/kafka/kafka.ts'
import type { Clock, Sweep } from '../../platform/module.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { BLOCK_USE_MS } from './block.ts'
import { closeBlock, deleteOldBlocks, openBlocks } from './block-store.ts'
import type { Blocks } from './blocks.ts'
import { GROUP, TOPIC } from './queue-consumer.ts'

/** The longest time to publish, ms: the most that `kafka.publishTimeout` may be. */
const PUBLISH_MOST_MS = 60_000
/** By how much the clocks of two processes may differ, ms. */
const CLOCKS_MS = 60_000
/** From the lease on, ms. */
export const GONE_MS = BLOCK_USE_MS + PUBLISH_MOST_MS + CLOCKS_MS
/** Longer than Kafka keeps a record (7 days): one that is read again finds its block. */
const KEEP_MS = 8 * 86_400_000
/** So long, at most, are units held back for places that nobody needs, beside the time until a line counts as at rest. */
const CLOSE_EVERY_MS = 1_000
const VOID_EVERY_MS = 10_000
const DELETE_EVERY_MS = 60_000
/** Blocks of one run: each is a short transaction. */
const VOID_MOST = 100
const DELETE_MOST = 500

/** Where the line ended, and when. */
interface Seen {
  /** Epoch ms, from before it was asked. */
  readonly at: number
  readonly ends: ReadonlyMap<number, { readonly end: number; readonly log: string }>
}

export function lineSweeps(ledger: Ledger, kafka: Kafka, blocks: Blocks, clock: Clock): Sweep[] {
  let seen: Seen | null = null
  /** Of all blocks leased before, every place has an outcome: eight days of them need not be looked through again. */
  let settledBefore = 0

  /** True: all that lay in the line at `seen` is decided. */
  async function passed(): Promise<Seen | null> {
    const at = clock()
    const positions = await kafka.positions(GROUP, TOPIC)
    const before = seen
    const through =
      before !== null &&
      positions.length === before.ends.size &&
      positions.every(({ partition, committed, log }) => {
        const end = before.ends.get(partition)
        return end !== undefined && end.log === log && committed >= end.end
      })
    // A group that has come further than the log reaches has come so far in another log.
    // Where nothing lies there is nothing to come to.
    const sound = positions.every(({ committed, end }) => committed <= end || end === 0)
    const stale = before !== null && positions.some(each => before.ends.get(each.partition)?.log !== each.log)
    if (!sound) seen = null
    else if (before === null || through || stale)
      seen = { at, ends: new Map(positions.map(each => [each.partition, each])) }
    return through && sound ? before : null
  }

  return [
    { name: 'coupon.closeBlocks', every: CLOSE_EVERY_MS, run: () => blocks.close(false) },
    {
      name: 'coupon.voidPlaces',
      every: VOID_EVERY_MS,
      bound: VOID_MOST,
      async run(now) {
        // A shop at rest asks Kafka nothing.
        if ((await openBlocks(ledger, settledBefore, now - GONE_MS, 1)).length === 0) {
          settledBefore = now - GONE_MS - CLOCKS_MS
          return 0
        }
        const past = await passed()
        if (past === null) return 0
        const gone = await openBlocks(ledger, settledBefore, past.at - GONE_MS, VOID_MOST)
        for (const blockId of gone) await closeBlock(ledger, blockId, 0, now)
        return gone.length
      },
    },
    {
      name: 'coupon.oldBlocks',
      every: DELETE_EVERY_MS,
      bound: DELETE_MOST,
      run: now => deleteOldBlocks(ledger, now - KEEP_MS, DELETE_MOST),
    },
  ]
}
