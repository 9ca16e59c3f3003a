// The ladder module: the levers of all ladders. They move by themselves (`platform/ladders`); this is for people and for the
// operator.

import type { Module } from '../../platform/module.ts'
import type { ladderContract } from './contract.ts'
import type { LadderDeps } from './deps.ts'
import { listLadders } from './list-ladders.ts'
import { pinLadder } from './pin-ladder.ts'
import { releaseLadder } from './release-ladder.ts'

export function createLadder(deps: LadderDeps): Module<typeof ladderContract> {
  return {
    door: {
      listLadders: () => listLadders(deps),
      pinLadder: (call, input) => pinLadder(deps, call, input),
      releaseLadder: (call, input) => releaseLadder(deps, call, input),
    },
    consumers: [],
    sweeps: [],
    drain: async () => undefined,
  }
}
