// Deleting what has ended, at most `limit` rows each. MariaDB could limit a DELETE, SQLite as it is built
// cannot, so both read the keys first and check again while deleting. Times are epoch ms.

import type { Ledger } from '../../platform/sql/ledger.ts'
import type { AccountTables } from './tables.ts'

export async function deleteSessions(ledger: Ledger, now: number, limit: number): Promise<number> {
  const db = ledger.reads<AccountTables>()
  const ended = db.selectFrom('sessions').select('token_hash').where('expires_at', '<=', now).limit(limit)
  const keys = (await ended.execute()).map(row => row.token_hash)
  if (keys.length === 0) return 0
  return ledger.write<AccountTables, number>(async tx => {
    const query = tx.deleteFrom('sessions').where('token_hash', 'in', keys).where('expires_at', '<=', now)
    return Number((await query.executeTakeFirst()).numDeletedRows)
  })
}

export async function deleteTokens(ledger: Ledger, now: number, limit: number): Promise<number> {
  const db = ledger.reads<AccountTables>()
  const ended = db
    .selectFrom('account_tokens')
    .select('token_hash')
    .where('expires_at', '<=', now)
    .limit(limit)
  const keys = (await ended.execute()).map(row => row.token_hash)
  if (keys.length === 0) return 0
  return ledger.write<AccountTables, number>(async tx => {
    const query = tx
      .deleteFrom('account_tokens')
      .where('token_hash', 'in', keys)
      .where('expires_at', '<=', now)
    return Number((await query.executeTakeFirst()).numDeletedRows)
  })
}

export async function deleteAttempts(ledger: Ledger, now: number, limit: number): Promise<number> {
  const db = ledger.reads<AccountTables>()
  const ended = db.selectFrom('account_attempts').select('subject').where('ends_at', '<=', now).limit(limit)
  const keys = (await ended.execute()).map(row => row.subject)
  if (keys.length === 0) return 0
  return ledger.write<AccountTables, number>(async tx => {
    const query = tx.deleteFrom('account_attempts').where('subject', 'in', keys).where('ends_at', '<=', now)
    return Number((await query.executeTakeFirst()).numDeletedRows)
  })
}

export async function deleteAddresses(ledger: Ledger, before: number, limit: number): Promise<number> {
  const db = ledger.reads<AccountTables>()
  const old = db
    .selectFrom('member_addresses')
    .select('member_id')
    .where('seen_at', '<', before)
    .orderBy('seen_at')
    .limit(limit)
  const members = [...new Set((await old.execute()).map(row => row.member_id))]
  if (members.length === 0) return 0
  return ledger.write<AccountTables, number>(async tx => {
    const query = tx
      .deleteFrom('member_addresses')
      .where('member_id', 'in', members)
      .where('seen_at', '<', before)
    return Number((await query.executeTakeFirst()).numDeletedRows)
  })
}

/** Keys that ended by rotation or by being revoked. There are few keys, so this needs no index. */
export async function deleteKeys(ledger: Ledger, before: number, limit: number): Promise<number> {
  const db = ledger.reads<AccountTables>()
  const ended = db
    .selectFrom('channel_keys')
    .select('key_hash')
    .where(e => e.or([e('expires_at', '<', before), e('revoked_at', '<', before)]))
    .limit(limit)
  const keys = (await ended.execute()).map(row => row.key_hash)
  if (keys.length === 0) return 0
  return ledger.write<AccountTables, number>(async tx => {
    const query = tx.deleteFrom('channel_keys').where('key_hash', 'in', keys)
    return Number((await query.executeTakeFirst()).numDeletedRows)
  })
}
