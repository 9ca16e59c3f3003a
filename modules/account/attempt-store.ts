// All SQL about attempts.

import type { Dialect, Ledger, Tx } from '../../platform/sql/ledger.ts'
import { counted, type Subject, waitFor } from './attempts.ts'
import type { AccountTables, AttemptRow } from './tables.ts'

/** Seconds to wait; 0: not at its limit. Counts nothing. */
export async function attemptWait(ledger: Ledger, subject: Subject, now: number): Promise<number> {
  const row = await ledger
    .reads<AccountTables>()
    .selectFrom('account_attempts')
    .selectAll()
    .where('subject', '=', subject.id)
    .executeTakeFirst()
  return waitFor(row, subject.limit, now)
}

/**
 * Counts one attempt; returns the seconds to wait, and counts nothing, where the limit is reached. Of any
 * number at the same time no more than the limit get a 0.
 */
export function countAttempt(ledger: Ledger, subject: Subject, now: number): Promise<number> {
  return ledger.write<AccountTables, number>(tx => countAttemptIn(tx, ledger.dialect, subject, now))
}

export async function countAttemptIn(
  tx: Tx<AccountTables>,
  dialect: Dialect,
  subject: Subject,
  now: number,
): Promise<number> {
  const row = await lockAttempt(tx, dialect, subject.id)
  const wait = waitFor(row, subject.limit, now)
  if (wait > 0) return wait
  const next = counted(row, subject, now)
  // Where two make the first row at once, one gets a duplicate key, and its transaction is run again.
  if (row === undefined) await tx.insertInto('account_attempts').values(next).execute()
  else await tx.updateTable('account_attempts').set(next).where('subject', '=', subject.id).execute()
  return 0
}

/** What was counted was none. */
export async function forgiveAttempts(tx: Tx<AccountTables>, subjects: readonly Subject[]): Promise<void> {
  if (subjects.length === 0) return
  const ids = subjects.map(each => each.id).sort()
  await tx.deleteFrom('account_attempts').where('subject', 'in', ids).execute()
}

function lockAttempt(
  tx: Tx<AccountTables>,
  dialect: Dialect,
  subject: string,
): Promise<AttemptRow | undefined> {
  const query = tx.selectFrom('account_attempts').selectAll().where('subject', '=', subject)
  return (dialect === 'mysql' ? query.forUpdate() : query).executeTakeFirst()
}
