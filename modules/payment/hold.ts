// Who may talk to the provider about an order, as its slot in the ledger says it. Pure. The fence grows with each
// change of hands and is all that counts: a hold may end too early or be had twice, and a move with an older fence
// changes nothing.

import type { PaymentState } from './payment-states.ts'
import type { Hold } from './requests.ts'
import type { PaymentRow, SlotRow } from './tables.ts'

/**
 * Life of a hold that nobody renews, ms. It is renewed before its half is over, so a provider may take its time; whoever paid by
 * a process that died waits for its end. Too short would cost nothing but a second look: the fence decides.
 */
export const HOLD_MS = 4_000
/** Clocks differ: a hold that seems to last for longer than this was made by one that is wrong, and holds nobody up. */
const BELIEVED_MS = 2 * HOLD_MS

type HoldOfSlot = Pick<SlotRow, 'fence' | 'holder' | 'held_until'>

/** A payment with the lock of its order. */
export interface Taken {
  readonly payment: PaymentRow
  readonly fence: number
  /** False: somebody else has it, or there is nothing left to talk about. */
  readonly held: boolean
}

export function isHeldByOther(slot: Readonly<HoldOfSlot>, holder: string, now: number): boolean {
  const { holder: other, held_until: until } = slot
  return other !== null && other !== holder && until !== null && until > now && until <= now + BELIEVED_MS
}

/** The same holder again has lost only the answer. */
export function takenBy(slot: Readonly<HoldOfSlot>, { holder, until }: Hold): HoldOfSlot {
  return { fence: slot.holder === holder ? slot.fence : slot.fence + 1, holder, held_until: until }
}

export const NOBODY = { holder: null, held_until: null } as const

/** Moves after which this attempt has nothing more to say to the provider. */
export function letsGo(to: PaymentState): boolean {
  return to !== 'authorised' && to !== 'voiding'
}
