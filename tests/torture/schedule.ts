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
/** No fault takes more of the load, as a share. */
const LONGEST = 0.4
/** Between two of one place, ms: engines that were killed are just back. */
const APART_MS = 1_000
/** Draws until a fault fits, and plans until all do: places that were drawn badly leave no room. */
const TRIES = 50
const PLANS = 20

export function planFaults(random: Random, options: ScheduleOptions): PlannedFault[] {
  const wanted = options.count ?? random.between(3, 8)
  let best: PlannedFault[] = []
  for (let plan = 0; plan < PLANS && best.length < wanted; plan++) {
    const planned = planOnce(random, wanted, options)
    if (planned.length > best.length) best = planned
  }
  return best.sort((a, b) => a.at - b.at)
}

function planOnce(random: Random, wanted: number, options: ScheduleOptions): PlannedFault[] {
  const { load, shops, embedded } = options
  const names = embedded ? (['shop killed'] as const) : faultNames
  const planned: PlannedFault[] = []
  for (let tries = 0; planned.length < wanted && tries < TRIES; tries++) {
    const name: FaultName = random.pick(names)
    const [least, most] = FAULTS[name].lasts
    const lasts = Math.min(random.between(least, most), Math.floor(load * LONGEST))
    const at = random.between(Math.floor(load * FIRST), Math.max(0, Math.floor(load * LAST) - lasts))
    const { target } = FAULTS[name]
    const place = target === 'shop' ? `shop-${random.between(0, shops - 1)}` : target
    const fault = { name, place, at, lasts }
    if (planned.every(other => !collide(fault, other))) planned.push(fault)
  }
  return planned
}

function collide(a: PlannedFault, b: PlannedFault): boolean {
  return a.place === b.place && a.at < b.at + b.lasts + APART_MS && b.at < a.at + a.lasts + APART_MS
}
