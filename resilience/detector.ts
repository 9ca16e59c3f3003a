// Whether an engine serves, from what calls to it came to. Pure: samples in, a finding out; time is an argument.
// It knows a server that refuses from one that hangs, is slow, is of the wrong role, full or empty; and it knows our own
// trouble, which is never blamed on the engine.

/**
 * What a call came to, as whoever made it saw it:
 * - `ok`: answered
 * - `wrote`: answered, and it wrote: a server that is full or a replica takes reads all the same
 * - `refused`: no known node took the connection
 * - `broke`: the connection ended without an answer. Little by itself: the next attempt to connect says more
 * - `hung`: no answer in its time
 * - `stuck`: a write did not end in its time, of a server that answers reads
 * - `wrong_role`: a replica, no leader, read-only
 * - `full`: no memory or no disk for a write
 * - `empty`: it is there, and what was in it is not
 * - `busy`: ours; the loop, the pool or the queue held it up, for the `ms` before `at`
 */
export type SampleKind =
  | 'ok'
  | 'wrote'
  | 'refused'
  | 'broke'
  | 'hung'
  | 'stuck'
  | 'wrong_role'
  | 'full'
  | 'empty'
  | 'busy'

export interface Sample {
  readonly kind: SampleKind
  /** When it ended, ms on one clock. */
  readonly at: number
  /** How long it took, ms. */
  readonly ms: number
}

export type Finding = 'well' | 'refused' | 'hanging' | 'slow' | 'wrong_role' | 'full' | 'empty'

/** A refusal, and once more on an immediate retry: a server that restarts refuses for longer than that. */
export const REFUSALS = 2
/** Calls that hang, one after the other, without an answer between: fewer happen to a lost packet. */
export const HANGS = 3
/**
 * Calls that end together hung together, ms: a hundred of them are one moment in which nothing was answered. With a time limit of
 * 100 ms an engine has to be silent for 300.
 */
export const HANGS_APART_MS = 100
/** Connections that end, one after the other, without an answer between: something in front of a dead server takes them. */
export const BREAKS = 3
/** Answers whose times are looked at. */
const ANSWERS_LOOKED_AT = 32
/** And pause between two of them, ms: of a thousand a second, thirty-two are one moment, and a moment is not slowness. */
export const ANSWERS_APART_MS = 25
/** Fewer answers than this say nothing of slowness. */
const ANSWERS_LEAST = 8
/**
 * An answer waits for our loop, up to a turn of it before it is read, and its question up to one before it is sent; our looks come
 * late by half a turn in the mean. So much of an answer's time is ours, in such delays.
 */
const TURNS = 4
/** Looks over which our own delay is averaged: a second of them. */
const LATE_LOOKS = 50
/** Answers older than that are another time's, ms. */
const ANSWERS_FOR_MS = 2_000
/** Our own trouble excuses what hangs for so long at most, ms: a process that is always busy still has to notice. */
export const EXCUSE_MOST_MS = 5_000

export interface DetectorLimits {
  /** Median answer from which on the next rung is the faster one, ms. */
  readonly slow: number
}

export class Detector {
  private readonly limits: DetectorLimits
  private refusals = 0
  private hangs = 0
  private breaks = 0
  private stuck = 0
  /** Kept until something was written, or it was filled again. */
  private lasting: 'wrong_role' | 'full' | 'empty' | null = null
  private answered = Number.NEGATIVE_INFINITY
  /** When the last hanging call was counted. */
  private hungAt = Number.NEGATIVE_INFINITY
  /** When the last answer was kept. */
  private keptAt = Number.NEGATIVE_INFINITY
  /** Latencies of answers, a ring. */
  private readonly times = new Float64Array(ANSWERS_LOOKED_AT)
  private readonly ends = new Float64Array(ANSWERS_LOOKED_AT).fill(Number.NEGATIVE_INFINITY)
  private next = 0
  /** Our own trouble lately: from, to. */
  private busyFrom = Number.POSITIVE_INFINITY
  private busyTo = Number.NEGATIVE_INFINITY
  /** How late our own loop comes round, ms, averaged. */
  private ownDelay = 0
  /** When the first hanging call was excused; null: none was since the last answer. */
  private excusedSince: number | null = null

  constructor(limits: DetectorLimits) {
    this.limits = limits
  }

  note({ kind, at, ms }: Sample): void {
    switch (kind) {
      case 'wrote':
        if (this.lasting !== 'empty') this.lasting = null
        this.stuck = 0
        this.answer(at, ms)
        return
      case 'ok':
        this.answer(at, ms)
        return
      case 'refused':
        this.refusals++
        return
      case 'hung':
        this.hang(at, ms)
        return
      case 'busy':
        this.busy(at - ms, at)
        return
      case 'wrong_role':
      case 'full':
      case 'empty':
        // An answer all the same.
        this.answer(at, ms)
        this.lasting = kind
        return
      case 'stuck':
        // It answered all the same: that is how we know.
        this.answer(at, 0)
        if (++this.stuck >= HANGS) this.lasting = 'full'
        return
      case 'broke':
        this.breaks++
        return
    }
  }

  /** Our loop came round so late at one look, ms. */
  late(ms: number): void {
    this.ownDelay += (ms - this.ownDelay) / LATE_LOOKS
  }

  /** What it holds is right again, or whoever needs it sees to that. */
  filled(): void {
    if (this.lasting === 'empty') this.lasting = null
  }

  finding(now: number): Finding {
    if (this.refusals >= REFUSALS || this.breaks >= BREAKS) return 'refused'
    if (this.hangs >= HANGS) return 'hanging'
    if (this.lasting !== null) return this.lasting
    return this.median(now) - TURNS * this.ownDelay > this.limits.slow ? 'slow' : 'well'
  }

  private answer(at: number, ms: number): void {
    this.refusals = 0
    this.hangs = 0
    this.breaks = 0
    const excused = this.isExcused(at, ms)
    this.excusedSince = null
    this.answered = Math.max(this.answered, at)
    // It may have lain there while we were busy: nobody knows how long it took.
    if (excused || Math.abs(at - this.keptAt) < ANSWERS_APART_MS) return
    this.keptAt = at
    this.times[this.next] = ms
    this.ends[this.next] = at
    this.next = (this.next + 1) % ANSWERS_LOOKED_AT
  }

  private hang(at: number, ms: number): void {
    // Sent before the last answer: it hangs with what was lost then, and says nothing of now.
    if (at - ms < this.answered) return
    if (this.isExcused(at, ms)) {
      this.excusedSince ??= at
      return
    }
    if (this.hangs > 0 && Math.abs(at - this.hungAt) < HANGS_APART_MS) return
    this.hungAt = at
    this.hangs++
  }

  /** The call was under way while we were busy ourselves: its answer may have lain there. */
  private isExcused(at: number, ms: number): boolean {
    if (this.busyTo < at - ms || this.busyFrom > at) return false
    return this.excusedSince === null || at - this.excusedSince < EXCUSE_MOST_MS
  }

  private busy(from: number, to: number): void {
    // One stretch with what came before, where they touch.
    this.busyFrom = from <= this.busyTo ? Math.min(this.busyFrom, from) : from
    this.busyTo = Math.max(this.busyTo, to)
  }

  private median(now: number): number {
    const lately: number[] = []
    for (let i = 0; i < ANSWERS_LOOKED_AT; i++)
      if (Math.abs(now - this.ends[i]!) <= ANSWERS_FOR_MS) lately.push(this.times[i]!)
    if (lately.length < ANSWERS_LEAST) return 0
    return lately.sort((a, b) => a - b)[lately.length >> 1]!
  }
}
