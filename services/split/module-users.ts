// One database user a module, with rights on its own tables only, and on the platform's as far as it uses them.

import { hash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { sql } from 'kysely'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { ColumnTypes, Schema } from '../../platform/sql/schema.ts'
import { type ModuleName, moduleNames } from '../contracts.ts'

const ALL = 'SELECT, INSERT, UPDATE, DELETE'

/** What each module may do with the platform's tables: keys with first answers, events out and in, the trail. */
const EVERY_MODULE: Readonly<Record<string, string>> = {
  idempotency: 'SELECT, INSERT',
  outbox: 'INSERT',
  inbox: ALL,
  // A consumer that hears by Kafka parks what it cannot take. UPDATE: to lock the letters of a key.
  dead_letters: 'SELECT, INSERT, UPDATE',
  audit: 'INSERT',
  // Every process hears of pins, and says where it stands.
  ledger_pulse: 'SELECT, UPDATE',
  ladder_pins: 'SELECT',
  ladder_standings: 'SELECT, INSERT, DELETE',
}
/** And what some may do beside. The event module is the relay's: it takes events out, and sweeps. */
const BESIDE: Partial<Record<ModuleName, Readonly<Record<string, string>>>> = {
  account: { audit: 'SELECT, INSERT' },
  // Says up to when it has heard of everything.
  bestseller: { outbox: 'SELECT, INSERT' },
  event: {
    idempotency: ALL,
    outbox: ALL,
    outbox_shards: 'SELECT, UPDATE',
    inbox: ALL,
    dead_letters: ALL,
    audit: 'SELECT, INSERT, DELETE',
    ladder_pins: 'SELECT, INSERT, DELETE',
  },
}

/** The rights of a module's user by table. `tables`: its own. */
export function rightsOf(module: ModuleName, tables: readonly string[]): Readonly<Record<string, string>> {
  return { ...EVERY_MODULE, ...BESIDE[module], ...Object.fromEntries(tables.map(table => [table, ALL])) }
}

const BLANK: ColumnTypes = {
  ...{ dialect: 'mysql', id: '', long: '', int: '', serial: '', table: '', serialTable: '' },
  text: () => '',
  defaults: () => [],
}

/** The tables that a schema makes. */
export function tablesOf(schema: Schema): readonly string[] {
  const statements = Object.values(schema).flatMap(step => step(BLANK))
  return statements.flatMap(text => /^\s*CREATE TABLE (?:IF NOT EXISTS )?`?(\w+)/i.exec(text)?.[1] ?? [])
}

/** `levee_order`; on another database than `levee` with a mark of it, because users are the server's. */
export function userName(module: ModuleName, database: string): string {
  return database === 'levee'
    ? `levee_${module}`
    : `levee_${module}_${hash('sha256', database, 'hex').slice(0, 8)}`
}

export class MayNotGrant extends Error {
  override readonly name = 'MayNotGrant'
}

/** Access denied, of different kinds: to CREATE USER, to a table, to GRANT. */
const DENIED = new Set([1044, 1045, 1142, 1227, 1410])

/**
 * Makes the users, or changes their passwords and rights to what they should be. Returns the ledger's URL for each.
 * @throws MayNotGrant where the user of `url` has not the right to
 */
export async function makeModuleUsers(
  ledger: Ledger,
  url: string,
  schemaOf: Partial<Record<ModuleName, Schema>>,
  dataFolder: string,
): Promise<ReadonlyMap<ModuleName, string>> {
  const database = new URL(url).pathname.slice(1)
  const passwords = keptPasswords(dataFolder)
  const run = (text: string) => sql.raw(text).execute(ledger.migrator())
  const urls = new Map<ModuleName, string>()
  try {
    for (const module of moduleNames) {
      const user = userName(module, database)
      const password = passwords[module]!
      await run(`CREATE USER IF NOT EXISTS '${user}'@'%' IDENTIFIED BY '${password}'`)
      await run(`ALTER USER '${user}'@'%' IDENTIFIED BY '${password}'`)
      // What an earlier version had the right to, this one may not need.
      await run(`REVOKE ALL PRIVILEGES, GRANT OPTION FROM '${user}'@'%'`)
      const rights = Object.entries(rightsOf(module, tablesOf(schemaOf[module] ?? {})))
      for (const [table, allowed] of rights)
        await run(`GRANT ${allowed} ON \`${database}\`.\`${table}\` TO '${user}'@'%'`)
      urls.set(module, withUser(url, user, password))
    }
  } catch (error) {
    const { errno } = error as { errno?: number }
    if (errno === undefined || !DENIED.has(errno)) throw error
    throw new MayNotGrant((error as Error).message, { cause: error })
  }
  return urls
}

function withUser(url: string, user: string, password: string): string {
  const own = new URL(url)
  own.username = user
  own.password = password
  return own.href
}

/** Generated once, kept for their owner only. Hexadecimal digits: nothing in them needs quoting. */
function keptPasswords(dataFolder: string): Readonly<Record<string, string>> {
  const file = path.join(dataFolder, 'module-passwords.json')
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : {}
  const missing = moduleNames.filter(module => known[module] === undefined)
  if (missing.length === 0) return known
  for (const module of missing) known[module] = randomBytes(18).toString('hex')
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, JSON.stringify(known), { mode: 0o600 })
  renameSync(draft, file)
  return known
}
