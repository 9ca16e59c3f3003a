// All SQL about the tokens in mails, and about mails that are promised.

import type { Dialect, Ledger, Tx } from '../../platform/sql/ledger.ts'
import type { Purpose } from './limits.ts'
import type { AccountTables, LetterRow, TokenRow } from './tables.ts'

export function insertToken(ledger: Ledger, token: TokenRow): Promise<void> {
  return ledger.write<AccountTables, void>(async tx => {
    await tx.insertInto('account_tokens').values(token).execute()
  })
}

/** Looks only: saves a hash for a token that is none. */
export async function isToken(
  ledger: Ledger,
  tokenHash: string,
  purpose: Purpose,
  now: number,
): Promise<boolean> {
  const row = await ledger
    .reads<AccountTables>()
    .selectFrom('account_tokens')
    .select('token_hash')
    .where('token_hash', '=', tokenHash)
    .where('purpose', '=', purpose)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return row !== undefined
}

/**
 * Uses a token up: the member's id once, null for everybody after. All tokens of the purpose go with it: what
 * they were for is done.
 */
export async function takeToken(
  tx: Tx<AccountTables>,
  dialect: Dialect,
  tokenHash: string,
  purpose: Purpose,
  now: number,
): Promise<string | null> {
  const query = tx
    .selectFrom('account_tokens')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .where('purpose', '=', purpose)
    .where('expires_at', '>', now)
  const token = await (dialect === 'mysql' ? query.forUpdate() : query).executeTakeFirst()
  if (token === undefined) return null
  const { numDeletedRows } = await tx
    .deleteFrom('account_tokens')
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst()
  if (numDeletedRows !== 1n) return null
  await tx
    .deleteFrom('account_tokens')
    .where('member_id', '=', token.member_id)
    .where('purpose', '=', purpose)
    .execute()
  return token.member_id
}

export async function insertLetter(tx: Tx<AccountTables>, letter: LetterRow): Promise<void> {
  await tx.insertInto('account_letters').values(letter).execute()
}

export async function endLetter(ledger: Ledger, letterId: string): Promise<void> {
  await ledger.write<AccountTables, void>(async tx => {
    await tx.deleteFrom('account_letters').where('letter_id', '=', letterId).execute()
  })
}

/** Letters that are due, at most `limit`, each until `leasedUntil`: compare-and-set, one sweeper gets each. */
export async function takeDueLetters(
  ledger: Ledger,
  now: number,
  limit: number,
  leasedUntil: number,
): Promise<LetterRow[]> {
  const due = await ledger
    .reads<AccountTables>()
    .selectFrom('account_letters')
    .selectAll()
    .where('next_at', '<=', now)
    .orderBy('next_at')
    .limit(limit)
    .execute()
  if (due.length === 0) return []
  const inOrder = [...due].sort((a, b) => (a.letter_id < b.letter_id ? -1 : 1))
  return ledger.write<AccountTables, LetterRow[]>(async tx => {
    const taken: LetterRow[] = []
    for (const letter of inOrder) {
      const { numUpdatedRows } = await tx
        .updateTable('account_letters')
        .set({ next_at: leasedUntil })
        .where('letter_id', '=', letter.letter_id)
        .where('next_at', '=', letter.next_at)
        .executeTakeFirst()
      if (numUpdatedRows === 1n) taken.push(letter)
    }
    return taken
  })
}
