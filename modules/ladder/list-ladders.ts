import type { Output } from '../../platform/contract/operation.ts'
import { ok, type Result } from '../../platform/contract/result.ts'
import { type ProcessStanding, readPins, readStandings } from '../../platform/ladders/ladder-store.ts'
import { isAway } from '../../platform/sql/errors.ts'
import type { ladderContract } from './contract.ts'
import type { LadderDeps } from './deps.ts'

/** Of this process as it is now, of the others as they said last. */
export async function listLadders(
  deps: LadderDeps,
): Promise<Result<Output<typeof ladderContract.listLadders>>> {
  const { ledger, ladders, clock, self } = deps
  const now = clock()
  const here = ladders.status.map((status): ProcessStanding => ({ ...self, ...status, saidAt: now }))
  const shown = (standings: readonly ProcessStanding[]) =>
    standings.map(({ rungs, ...rest }) => ({ ...rest, rungs: [...rungs] }))
  try {
    const [pins, others] = await Promise.all([readPins(ledger, now), readStandings(ledger)])
    const elsewhere = others
      .filter(({ process }) => process !== self.process)
      .map(other => ({ ...other, pin: pins.get(other.ladder) ?? null }))
    return ok({ ladders: shown([...here, ...elsewhere]), complete: true })
  } catch (error) {
    if (!isAway(error)) throw error
    return ok({ ladders: shown(here), complete: false })
  }
}
