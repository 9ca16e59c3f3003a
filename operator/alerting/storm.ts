// Keeps a storm from drowning people: beyond so many tellings in a while, those of one way wait a moment and come as one. Pure.

import { type Delivery, levelOf } from './delivery-store.ts'
import { isDigest } from './digest.ts'
import { BY_MACHINE } from './routes.ts'

export interface StormLimits {
  /** Tellings that one way carries as they come, */
  readonly most: number
  /** within this time, ms. */
  readonly window: number
  /** How long further ones wait for company, ms. */
  readonly hold: number
  /** Most of one digest; what is left comes in the next. */
  readonly digestMost: number
}

export const STORM: StormLimits = {
  // Five things in a minute can still be read one by one.
  most: 5,
  window: 60_000,
  // Short against the time that a person takes to get to a keyboard.
  hold: 10_000,
  digestMost: 200,
}

export type Passage =
  | { readonly is: 'send'; readonly delivery: Delivery }
  | { readonly is: 'join'; readonly deliveries: readonly Delivery[] }
  /** Look again then, epoch ms. */
  | { readonly is: 'hold'; readonly until: number }

/** Told one by one, whatever the weather: machines group by themselves, and an emergency waits for nobody. */
export const isExempt = (delivery: Delivery): boolean =>
  BY_MACHINE.has(delivery.channel) || levelOf(delivery.level) === 'emergency' || isDigest(delivery)

/**
 * What becomes of the tellings of one way that are due, in their order. `sent`: how many it carried within the window, those
 * under way included. `digestOpen`: one is not delivered yet.
 */
export function passagesOf(
  due: readonly Delivery[],
  sent: number,
  digestOpen: boolean,
  now: number,
  limits: StormLimits,
): readonly Passage[] {
  const passages: Passage[] = []
  const held: Delivery[] = []
  let count = sent
  for (const delivery of due) {
    if (isExempt(delivery)) passages.push({ is: 'send', delivery })
    else if (count < limits.most) {
      count++
      passages.push({ is: 'send', delivery })
    } else held.push(delivery)
  }
  if (held.length === 0) return passages
  const until = Math.min(...held.map(({ created }) => created)) + limits.hold
  if (now < until || digestOpen) return [...passages, { is: 'hold', until: Math.max(until, now + 1_000) }]
  const [only] = held
  if (held.length === 1 && only !== undefined) return [...passages, { is: 'send', delivery: only }]
  return [...passages, { is: 'join', deliveries: held.slice(0, limits.digestMost) }]
}
