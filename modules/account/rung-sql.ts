// The bottom rung of `session.read`: the session table.

import type { Clock } from '../../platform/module.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { ReadSession, SessionRung } from './session-reads.ts'
import { loadSessions } from './session-store.ts'

export function sqlRung({ ledger, clock }: { ledger: Ledger; clock: Clock }): SessionRung {
  return {
    async load(hashes) {
      const asOf = clock()
      const sessions = await loadSessions(ledger, hashes)
      return new Map(
        sessions.map((session): [string, ReadSession] => [session.token_hash, { ...session, asOf }]),
      )
    },
    counts: [],
  }
}
