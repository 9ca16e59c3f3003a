// All ladders of this process: they move by themselves when an engine fails or is back.

import type { Engine, Ladder, Rung } from '../../resilience/ladders.ts'
import type { Pin } from '../../resilience/pins.ts'
import type { EngineHealth } from '../health/engine-health.ts'
import { watchLoop } from '../health/loop-watch.ts'
import type { Log } from '../log/log.ts'
import type { Clock } from '../module.ts'
import { type LadderStatus, LiveLadder } from './live-ladder.ts'
import type { Standing } from './standing.ts'

/** Pause between looks while something is not as it should be, ms. */
const TICK_MS = 20

export interface LaddersOptions {
  /** What this process may stand on, best first; at least one each. */
  readonly rungs: { readonly [L in Ladder]: readonly Rung<L>[] }
  readonly health: ReadonlyMap<Engine, EngineHealth>
  readonly clock: Clock
  readonly log: Log
  readonly random?: () => number
}

export interface Ladders {
  of<L extends Ladder>(ladder: L): Standing<L>
  readonly status: readonly LadderStatus[]
  /** How often each has moved since the start. */
  readonly moves: ReadonlyMap<Ladder, number>
  /** Replaces all pins; ladders without one are released. */
  setPins(pins: ReadonlyMap<Ladder, Pin>): void
  /** Null: released. True: it was pinned before. */
  setPin(ladder: Ladder, pin: Pin | null): boolean
  start(): void
  close(): void
}

/** Ladders whose next rung is walked for real now and then; the others are reads, which are compared. */
const PRACTISED: ReadonlySet<Ladder> = new Set(['coupon.claim', 'payment.lock', 'event.publish'])

export function createLadders(options: LaddersOptions): Ladders {
  const { health, clock, log, random = Math.random } = options
  const moves = new Map<Ladder, number>()
  const all = new Map<Ladder, LiveLadder<Ladder>>()
  for (const [name, rungs] of Object.entries(options.rungs) as [Ladder, readonly Rung<Ladder>[]][])
    all.set(
      name,
      new LiveLadder<Ladder>({
        ...{ ladder: name, rungs, health, clock, log, random },
        practises: PRACTISED.has(name),
        moved: () => moves.set(name, (moves.get(name) ?? 0) + 1),
      }),
    )
  let timer: NodeJS.Timeout | null = null
  let stopWatching: (() => void) | null = null
  const tick = (): void => {
    for (const ladder of all.values()) ladder.tick()
  }
  for (const each of health.values()) each.onChange(tick)
  return {
    of: <L extends Ladder>(name: L) => all.get(name) as unknown as LiveLadder<L>,
    get status() {
      return [...all.values()].map(ladder => ladder.status)
    },
    moves,
    setPins(pins) {
      for (const [name, ladder] of all) ladder.setPin(pins.get(name) ?? null)
    },
    setPin(name, pin) {
      const ladder = all.get(name)!
      const before = ladder.pin !== null
      ladder.setPin(pin)
      return before
    },
    start() {
      for (const each of health.values()) each.start()
      stopWatching ??= watchLoop({
        heldUp(ms) {
          for (const each of health.values()) each.busy(ms)
        },
        late(ms) {
          for (const each of health.values()) each.late(ms)
        },
      })
      timer ??= setInterval(() => {
        for (const ladder of all.values()) if (!ladder.isAtRest) ladder.tick()
      }, TICK_MS)
      timer.unref()
    },
    close() {
      if (timer !== null) clearInterval(timer)
      stopWatching?.()
      for (const each of health.values()) each.close()
    },
  }
}
