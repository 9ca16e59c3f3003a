import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { ok, type Result } from '../../platform/contract/result.ts'
import { deletePin } from '../../platform/ladders/ladder-store.ts'
import { isAway } from '../../platform/sql/errors.ts'
import { once } from '../../platform/sql/once.ts'
import type { PlatformTables } from '../../platform/sql/platform-tables.ts'
import type { Ladder } from '../../resilience/ladders.ts'
import type { ladderContract } from './contract.ts'
import type { LadderDeps } from './deps.ts'

export async function releaseLadder(
  { ledger, ladders, clock }: LadderDeps,
  call: Call,
  { ladder }: Input<typeof ladderContract.releaseLadder>,
): Promise<Result<Output<typeof ladderContract.releaseLadder>>> {
  const here = ladders.setPin(ladder as Ladder, null)
  try {
    return await once<PlatformTables, { released: boolean }>(
      ledger,
      call,
      'ladder.releaseLadder',
      clock(),
      async tx => {
        const released = await deletePin(tx, ladder as Ladder)
        return { result: ok({ released: released || here }), audit: { subject: ladder, detail: {} } }
      },
    )
  } catch (error) {
    if (!isAway(error)) throw error
    return ok({ released: here })
  }
}
