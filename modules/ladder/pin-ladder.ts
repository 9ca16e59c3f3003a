import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { ok, type Result, refuse } from '../../platform/contract/result.ts'
import { writePin } from '../../platform/ladders/ladder-store.ts'
import { isAway } from '../../platform/sql/errors.ts'
import { once } from '../../platform/sql/once.ts'
import type { PlatformTables } from '../../platform/sql/platform-tables.ts'
import { type Ladder, ladders as rungsOf } from '../../resilience/ladders.ts'
import type { Pin } from '../../resilience/pins.ts'
import type { ladderContract } from './contract.ts'
import type { LadderDeps } from './deps.ts'

/** Here at once, elsewhere within a second. A lever is needed most while the ledger is away: then it is moved here alone. */
export async function pinLadder(
  { ledger, ladders, clock }: LadderDeps,
  call: Call,
  { ladder, rung, reason, seconds }: Input<typeof ladderContract.pinLadder>,
): Promise<Result<Output<typeof ladderContract.pinLadder>>> {
  const rungs: readonly string[] = rungsOf[ladder as Ladder]
  if (!rungs.includes(rung))
    return refuse('invalid_request', `${ladder} has the rungs ${rungs.join(', ')}.`, { fields: { rungs } })
  const now = clock()
  const pin: Pin = { rung, by: call.principal.id, reason, since: now, until: now + seconds * 1_000 }
  ladders.setPin(ladder as Ladder, pin)
  try {
    await once<PlatformTables, object>(ledger, call, 'ladder.pinLadder', now, async tx => {
      await writePin(tx, ladder as Ladder, pin)
      return { result: ok({}), audit: { subject: ladder, detail: { rung, reason, until: pin.until } } }
    })
    return ok({ pin, everywhere: true })
  } catch (error) {
    if (!isAway(error)) throw error
    return ok({ pin, everywhere: false })
  }
}
