// What has ended does not stay: sessions, tokens, counts of attempts, addresses, keys.

import type { Sweep } from '../../platform/module.ts'
import type { AccountContext } from './deps.ts'
import { ADDRESS_KEPT, KEY_KEPT } from './limits.ts'
import {
  deleteAddresses,
  deleteAttempts,
  deleteKeys,
  deleteSessions,
  deleteTokens,
} from './retention-store.ts'

/** Rows in one run: some tens of ms of the ledger's time. */
const BOUND = 500

export function retentionSweep({ ledger }: AccountContext): Sweep {
  return {
    name: 'account.retention',
    every: 60_000,
    bound: BOUND,
    async run(now) {
      const steps = [
        (limit: number) => deleteSessions(ledger, now, limit),
        (limit: number) => deleteTokens(ledger, now, limit),
        (limit: number) => deleteAttempts(ledger, now, limit),
        (limit: number) => deleteAddresses(ledger, now - ADDRESS_KEPT, limit),
        (limit: number) => deleteKeys(ledger, now - KEY_KEPT, limit),
      ]
      let deleted = 0
      for (const step of steps) if (deleted < BOUND) deleted += await step(BOUND - deleted)
      return deleted
    },
  }
}
