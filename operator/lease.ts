// One operator acts: whoever holds the lease in the store. Another one watches, and takes over when it ends.

import type { SmallStore, StoreStep } from '../platform/store/small-store.ts'

export const leaseSteps: readonly StoreStep[] = [
  {
    name: '2026-11-27 lease',
    sql: `CREATE TABLE lease (id INTEGER PRIMARY KEY CHECK (id = 1), owner TEXT NOT NULL, until INTEGER NOT NULL) STRICT;
      INSERT INTO lease VALUES (1, '', 0);`,
  },
]

/** ms: some looks, so that a busy moment loses nothing, and a dead leader is followed soon. */
export const LEASE_MS = 5_000

export class Lease {
  private readonly store: SmallStore
  private readonly owner: string

  constructor(store: SmallStore, owner: string) {
    this.store = store
    this.owner = owner
  }

  /** Takes or renews it. False: another one has it. */
  take(now: number): boolean {
    // One that lies far ahead was written by a clock that was wrong.
    return (
      this.store.run(
        'UPDATE lease SET owner = ?1, until = ?2 WHERE owner = ?1 OR until <= ?3 OR until > ?4',
        ...[this.owner, now + LEASE_MS, now, now + 2 * LEASE_MS],
      ) === 1
    )
  }

  /** Gives it back. */
  leave(): void {
    this.store.run('UPDATE lease SET until = 0 WHERE owner = ?', this.owner)
  }
}
