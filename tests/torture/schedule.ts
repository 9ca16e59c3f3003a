// When what goes wrong in a run: random, and the same for the same seed. Pure.

import { FAULTS, type FaultName, faultNames } from './fault-names.ts'
import type { Random } from './random.ts'

export interface PlannedFault {
  readonly name: FaultName
  /** What is struck; of the shop, which process: `shop-1`. Two of one place never overlap. */
  readonly place: string
  /** ms after the load has begun. */
  readonly at: number
  /** Until it is mended, ms. */
  readonly lasts: number
}

export interface ScheduleOptions {
  /** ms */
  readonly load: number
  /** Processes of the shop. */
  readonly shops: number
  readonly embedded: boolean
  /** Exactly so many; default: 3 to 8. */
  readonly count?: number
}

/** Load before the first fault and after the last is mended, as shares: a run shows how it was, and how it is again. */
const FIRST = 0.08
const LAST = 0.85
/** Between two of one place, ms: engines that were killed are just back. */
const APART_MS = 1_000
/** Draws until a fault fits; in a full schedule it is left out. */
const TRIES = 50

export function planFaults(random: Random, options: ScheduleOptions): PlannedFault[] {
  const { load, shops, embedded } = options
  const names = embedded ? (['shop killed'] as const) : faultNames
  const wanted = options.count ?? random.between(3, 8)
  const planned: PlannedFault[] = []
  for (let tries = 0; planned.length < wanted && tries < wanted * TRIES; tries++) {
    const name: FaultName = random.pick(names)
    const [least, most] = FAULTS[name].lasts
    const lasts = Math.min(random.between(least, most), Math.floor(load * 0.4))
    const at = random.between(Math.floor(load * FIRST), Math.max(0, Math.floor(load * LAST) - lasts))
    const { target } = FAULTS[name]
    const place = target === 'shop' ? `shop-${random.between(0, shops - 1)}` : target
    const fault = { name, place, at, lasts }
    if (planned.every(other => !collide(fault, other))) planned.push(fault)
  }
  return planned.sort((a, b) => a.at - b.at)
}

function collide(a: PlannedFault, b: PlannedFault): boolean {
  return a.place === b.place && a.at < b.at + b.lasts + APART_MS && b.at < a.at + a.lasts + APART_MS
}
