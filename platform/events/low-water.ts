// Below which number nothing is left in the outbox, and nothing will ever come. Pure.
//
// Rows get their numbers before they commit, so a row may appear below others that were read already. Each read
// is therefore one statement from the low water up: a key's events come in one snapshot, and what is there of a
// later version is there of all earlier ones. From the very head would be simplest, but MariaDB and MySQL walk
// over deleted rows until they are purged, and at 20,000 events a second, or while a long snapshot holds up the
// purge, those are hundreds of thousands at each read.
//
// The low water rises to a number only when
// - that number was seen, and so given, at least `GIVEN_MS` ago: a statement that was given a lower one has put
//   its rows into the table by then (a batch of 512 takes some 5 ms), committed or not; and
// - a read that stops at locks (NOWAIT) then found no row up to it. Rows not committed yet are locked, however
//   long their transaction takes: a stopped process or a stuck COMMIT holds the low water, and order with it.

/** Longest that a statement may take between getting numbers and placing its rows, ms: a thousand times the usual. */
export const GIVEN_MS = 5_000
/** Pause between attempts to raise it, ms: each walks once over what was relayed meanwhile. */
const RAISE_EVERY_MS = 1_000
/**
 * Once in this time it falls back to zero, ms: should a stalled engine ever break the assumption above, the event
 * is late and not lost.
 */
const RESET_EVERY_MS = 60_000

export class LowWater {
  private low = 0
  private highest = 0
  private nextRaise = 0
  private nextReset = 0
  private readonly seen: { readonly at: number; readonly seq: number }[] = []

  /** Reads begin above this number. */
  get value(): number {
    return this.low
  }

  /** A read that ended at `now` (epoch ms) brought rows up to `seq`. */
  saw(seq: number, now: number): void {
    if (seq <= this.highest) return
    this.highest = seq
    this.seen.push({ at: now, seq })
  }

  /** Up to which number to look for rows and locks now; null: not now. */
  candidate(now: number): number | null {
    if (now < this.nextRaise) return null
    this.nextRaise = now + RAISE_EVERY_MS
    if (now >= this.nextReset) {
      this.nextReset = now + RESET_EVERY_MS
      this.low = 0
    }
    let old = 0
    while (this.seen.length > 0 && this.seen[0]!.at <= now - GIVEN_MS) old = this.seen.shift()!.seq
    // The last one stays known: the next attempt may need it.
    if (old > 0) this.seen.unshift({ at: 0, seq: old })
    return old > this.low ? old : null
  }

  /** Neither a row nor a lock was found up to and including `seq`. */
  raise(seq: number): void {
    this.low = Math.max(this.low, seq)
  }
}
