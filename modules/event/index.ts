// The event module: dead letters for operators. Relay, consumers and inbox are the platform's (platform/events).

import type { Module } from '../../platform/module.ts'
import type { eventContract } from './contract.ts'
import type { EventDeps } from './deps.ts'
import { listDeadLetters } from './list-dead-letters.ts'
import { replayDeadLetters } from './replay-dead-letters.ts'

export function createEvent(deps: EventDeps): Module<typeof eventContract> {
  return {
    door: {
      listDeadLetters: (_call, input) => listDeadLetters(deps, input),
      replayDeadLetters: (call, input) => replayDeadLetters(deps, call, input),
    },
    consumers: [],
    sweeps: [deps.deadLetters.sweep],
    // Nothing is held in memory.
    drain: async () => undefined,
  }
}
