// All SQL about members, their roles and the addresses they are known from.

import { invariant } from '../../platform/contract/result.ts'
import { shortHash } from '../../platform/events/event.ts'
import { inList } from '../../platform/sql/in-list.ts'
import type { Dialect, Ledger, Tx } from '../../platform/sql/ledger.ts'
import { ADDRESSES_MOST } from './limits.ts'
import type { AccountTables, MemberRow } from './tables.ts'

type MemberKey = 'member_id' | 'email' | 'external_ref'

export function readMember(ledger: Ledger, key: MemberKey, value: string): Promise<MemberRow | undefined> {
  const db = ledger.reads<AccountTables>()
  return db.selectFrom('members').selectAll().where(key, '=', value).executeTakeFirst()
}

/** The row, locked; undefined: there is none. */
export function lockMember(
  tx: Tx<AccountTables>,
  dialect: Dialect,
  key: MemberKey,
  value: string,
): Promise<MemberRow | undefined> {
  const query = tx.selectFrom('members').selectAll().where(key, '=', value)
  return (dialect === 'mysql' ? query.forUpdate() : query).executeTakeFirst()
}

export async function insertMember(tx: Tx<AccountTables>, member: MemberRow): Promise<void> {
  await tx.insertInto('members').values(member).execute()
}

/** `memberId` is locked. */
export async function updateMember(
  tx: Tx<AccountTables>,
  memberId: string,
  fields: Partial<Pick<MemberRow, 'confirmed' | 'password_hash' | 'name'>>,
): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('members')
    .set(fields)
    .where('member_id', '=', memberId)
    .executeTakeFirst()
  invariant(numUpdatedRows === 1n, `member ${memberId} was locked and is gone`)
}

/** Granted roles by member. */
export async function rolesOf(
  ledger: Ledger,
  memberIds: readonly string[],
): Promise<ReadonlyMap<string, string[]>> {
  const roles = new Map<string, string[]>()
  if (memberIds.length === 0) return roles
  const rows = await ledger
    .reads<AccountTables>()
    .selectFrom('member_roles')
    .select(['member_id', 'role'])
    .where('member_id', 'in', inList(ledger.dialect, memberIds))
    .orderBy('role')
    .execute()
  for (const { member_id, role } of rows) {
    const known = roles.get(member_id)
    if (known === undefined) roles.set(member_id, [role])
    else known.push(role)
  }
  return roles
}

/** Who holds a role, all rows locked in one order: none can be taken or given away meanwhile. */
export async function lockHolders(tx: Tx<AccountTables>, dialect: Dialect, role: string): Promise<string[]> {
  const query = tx
    .selectFrom('member_roles')
    .select('member_id')
    .where('role', '=', role)
    .orderBy('member_id')
  const rows = await (dialect === 'mysql' ? query.forUpdate() : query).execute()
  return rows.map(row => row.member_id)
}

export async function insertRole(
  tx: Tx<AccountTables>,
  memberId: string,
  role: string,
  by: string,
  now: number,
): Promise<void> {
  await tx
    .insertInto('member_roles')
    .values({ role, member_id: memberId, granted_by: by, granted_at: now })
    .execute()
}

/** True where it was there. */
export async function deleteRole(tx: Tx<AccountTables>, memberId: string, role: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('member_roles')
    .where('role', '=', role)
    .where('member_id', '=', memberId)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

export async function rolesIn(tx: Tx<AccountTables>, memberId: string): Promise<string[]> {
  const rows = await tx
    .selectFrom('member_roles')
    .select('role')
    .where('member_id', '=', memberId)
    .orderBy('role')
    .execute()
  return rows.map(row => row.role)
}

export async function isKnownAddress(ledger: Ledger, memberId: string, address: string): Promise<boolean> {
  const row = await ledger
    .reads<AccountTables>()
    .selectFrom('member_addresses')
    .select('address')
    .where('member_id', '=', memberId)
    .where('address', '=', shortHash(address))
    .executeTakeFirst()
  return row !== undefined
}

/** The member was here. The member's row is locked. */
export async function rememberAddress(
  tx: Tx<AccountTables>,
  memberId: string,
  address: string,
  now: number,
): Promise<void> {
  const mark = shortHash(address)
  const known = await tx
    .selectFrom('member_addresses')
    .selectAll()
    .where('member_id', '=', memberId)
    .orderBy('seen_at', 'desc')
    .execute()
  const rows = tx.deleteFrom('member_addresses').where('member_id', '=', memberId)
  const dropped = known
    .filter((row, i) => row.address === mark || i >= ADDRESSES_MOST - 1)
    .map(row => row.address)
  if (dropped.length > 0) await rows.where('address', 'in', dropped).execute()
  await tx
    .insertInto('member_addresses')
    .values({ member_id: memberId, address: mark, seen_at: now })
    .execute()
}

/** A page of members, newest first, after `before` (an id), at most `limit`. */
export function memberPage(
  ledger: Ledger,
  filter: { role: string | null; before: string | null },
  limit: number,
): Promise<MemberRow[]> {
  let query = ledger
    .reads<AccountTables>()
    .selectFrom('members')
    .selectAll()
    .orderBy('member_id', 'desc')
    .limit(limit)
  if (filter.before !== null) query = query.where('member_id', '<', filter.before)
  if (filter.role !== null) {
    const { role } = filter
    query = query.where('member_id', 'in', holders =>
      holders.selectFrom('member_roles').select('member_roles.member_id').where('role', '=', role),
    )
  }
  return query.execute()
}

/** Locked in one order. */
export function lockByRefs(
  tx: Tx<AccountTables>,
  dialect: Dialect,
  refs: readonly string[],
): Promise<MemberRow[]> {
  const query = tx
    .selectFrom('members')
    .selectAll()
    .where('external_ref', 'in', [...refs])
    .orderBy('external_ref')
  return (dialect === 'mysql' ? query.forUpdate() : query).execute()
}

/** Rows in one statement: seven values each, below SQLite's 32,766 for the thousand that one import brings. */
export async function insertImported(
  tx: Tx<AccountTables>,
  members: readonly Pick<MemberRow, 'member_id' | 'external_ref' | 'name'>[],
  now: number,
): Promise<void> {
  const rows = members.map(member => ({
    ...member,
    email: null,
    confirmed: 0,
    password_hash: null,
    created_at: now,
  }))
  await tx.insertInto('members').values(rows).execute()
}

/** True for the first who asks, in the ledger's life. */
export async function markOnce(tx: Tx<AccountTables>, mark: string, now: number): Promise<boolean> {
  const there = await tx
    .selectFrom('account_marks')
    .select('mark')
    .where('mark', '=', mark)
    .executeTakeFirst()
  if (there !== undefined) return false
  // Where two ask at once one gets a duplicate key, and its transaction is run again.
  await tx.insertInto('account_marks').values({ mark, at: now }).execute()
  return true
}

export async function isMarked(ledger: Ledger, mark: string): Promise<boolean> {
  const db = ledger.reads<AccountTables>()
  const row = await db.selectFrom('account_marks').select('mark').where('mark', '=', mark).executeTakeFirst()
  return row !== undefined
}
