// All SQL about sales channels and their keys.

import { invariant } from '../../platform/contract/result.ts'
import type { Dialect, Ledger, Tx } from '../../platform/sql/ledger.ts'
import type { AccountTables, ChannelKeyRow, ChannelRow } from './tables.ts'

export async function insertChannel(tx: Tx<AccountTables>, channel: ChannelRow): Promise<void> {
  await tx.insertInto('channels').values(channel).execute()
}

export function lockChannel(
  tx: Tx<AccountTables>,
  dialect: Dialect,
  channelId: string,
): Promise<ChannelRow | undefined> {
  const query = tx.selectFrom('channels').selectAll().where('channel_id', '=', channelId)
  return (dialect === 'mysql' ? query.forUpdate() : query).executeTakeFirst()
}

/** Tokens exchanged up to `until` are void. The channel is locked. */
export async function voidTokens(tx: Tx<AccountTables>, channelId: string, until: number): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('channels')
    .set({ void_until: until })
    .where('channel_id', '=', channelId)
    .executeTakeFirst()
  invariant(numUpdatedRows === 1n, `channel ${channelId} was locked and is gone`)
}

/** The channel that a key speaks for now; undefined: none. */
export function channelOfKey(
  ledger: Ledger,
  keyHash: string,
  now: number,
): Promise<{ channel_id: string } | undefined> {
  return ledger
    .reads<AccountTables>()
    .selectFrom('channel_keys')
    .select('channel_id')
    .where('key_hash', '=', keyHash)
    .where('revoked_at', 'is', null)
    .where(e => e.or([e('expires_at', 'is', null), e('expires_at', '>', now)]))
    .executeTakeFirst()
}

/** A new key; those before it end at `olderEnd` at the latest. The channel is locked. */
export async function addKey(tx: Tx<AccountTables>, key: ChannelKeyRow, olderEnd: number): Promise<void> {
  await tx
    .updateTable('channel_keys')
    .set({ expires_at: olderEnd })
    .where('channel_id', '=', key.channel_id)
    .where(e => e.or([e('expires_at', 'is', null), e('expires_at', '>', olderEnd)]))
    .execute()
  await tx.insertInto('channel_keys').values(key).execute()
}

/** The channel is locked. */
export function readKey(
  tx: Tx<AccountTables>,
  channelId: string,
  keyId: string,
): Promise<ChannelKeyRow | undefined> {
  return tx
    .selectFrom('channel_keys')
    .selectAll()
    .where('channel_id', '=', channelId)
    .where('key_id', '=', keyId)
    .executeTakeFirst()
}

export async function revokeKey(tx: Tx<AccountTables>, keyHash: string, now: number): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('channel_keys')
    .set({ revoked_at: now })
    .where('key_hash', '=', keyHash)
    .executeTakeFirst()
  invariant(numUpdatedRows === 1n, 'a key of a locked channel is gone')
}

/** A page of channels, newest first, with their keys, newest first. */
export async function channelPage(
  ledger: Ledger,
  before: string | null,
  limit: number,
): Promise<{ channels: ChannelRow[]; keys: ChannelKeyRow[] }> {
  const db = ledger.reads<AccountTables>()
  let query = db.selectFrom('channels').selectAll().orderBy('channel_id', 'desc').limit(limit)
  if (before !== null) query = query.where('channel_id', '<', before)
  const channels = await query.execute()
  if (channels.length === 0) return { channels, keys: [] }
  const keys = await db
    .selectFrom('channel_keys')
    .selectAll()
    .where(
      'channel_id',
      'in',
      channels.map(channel => channel.channel_id),
    )
    .orderBy('created_at', 'desc')
    .orderBy('key_id', 'desc')
    .execute()
  return { channels, keys }
}
