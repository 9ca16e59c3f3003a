// One database user a module: it reads and writes its own tables, and nobody else's.

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createScratchDatabase, type ScratchDatabase } from '../../platform/engines/scratch-database.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { openLedger } from '../../platform/sql/open-ledger.ts'
import { migrate, type Schema } from '../../platform/sql/schema.ts'
import { mariadbAdminUrl } from '../../tests/support/engines.ts'
import { dropModuleUsers } from '../../tests/support/split-services.ts'
import { schemaOf, schemas } from '../compose.ts'
import { type ModuleName, moduleNames } from '../contracts.ts'
import { MayNotGrant, makeModuleUsers, rightsOf, tablesOf, userName } from './module-users.ts'

/** Of a module that has no tables of its own: none. */
const ownSchema = (module: ModuleName): Schema =>
  (schemaOf as Partial<Record<ModuleName, Schema>>)[module] ?? {}

const admin = mariadbAdminUrl()

describe('the tables of a module', () => {
  it('are those that its schema makes, each of one owner only', () => {
    expect(tablesOf(schemaOf.order)).toContain('stock')
    expect(tablesOf(schemaOf.platform)).toEqual(
      expect.arrayContaining(['idempotency', 'outbox', 'outbox_shards', 'inbox', 'dead_letters', 'audit']),
    )
    const all = Object.values(schemaOf).flatMap(tablesOf)
    expect(new Set(all).size).toBe(all.length)
  })

  it('are all that it has rights on, beside the platform’s', () => {
    const platform = new Set(tablesOf(schemaOf.platform))
    for (const module of moduleNames) {
      const own = tablesOf(ownSchema(module))
      const foreign = Object.keys(rightsOf(module, own)).filter(table => !own.includes(table))
      expect(foreign.filter(table => !platform.has(table))).toEqual([])
    }
    // First answers are somebody’s, and events tell of persons: no module changes or takes them.
    for (const module of moduleNames.filter(name => name !== 'event')) {
      expect(rightsOf(module, []).idempotency).toBe('SELECT, INSERT')
      expect(rightsOf(module, []).outbox).not.toMatch(/UPDATE|DELETE/)
      expect(rightsOf(module, []).outbox_shards).toBeUndefined()
    }
  })

  it('users of two databases of one server have names of their own, short enough for MySQL', () => {
    expect(userName('order', 'levee')).toBe('levee_order')
    expect(userName('order', 'levee_a')).not.toBe(userName('order', 'levee_b'))
    for (const module of moduleNames) expect(userName(module, 'levee_a').length).toBeLessThanOrEqual(32)
  })
})

describe.skipIf(admin === undefined)('users on MariaDB', () => {
  let folder: string
  let database: ScratchDatabase
  let ledger: Ledger
  let urls: ReadonlyMap<ModuleName, string>
  const tables = () => Object.values(schemaOf).flatMap(tablesOf)

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'levee-users-'))
    database = await createScratchDatabase(admin!)
    ledger = await openLedger({ url: database.url, dataFolder: folder, poolSize: 2, lockWait: 2_000 })
    await migrate(ledger, schemas)
    urls = await makeModuleUsers(ledger, database.url, schemaOf, folder)
  })
  afterAll(async () => {
    await ledger.close()
    await dropModuleUsers(admin!, database.url)
    await database.drop()
    rmSync(folder, { recursive: true })
  })

  /** The tables on which this statement is not denied. */
  async function allowed(module: ModuleName, statement: (table: string) => string): Promise<string[]> {
    const connection = await createConnection({ uri: urls.get(module)! })
    const found: string[] = []
    for (const table of tables()) {
      const denied = await connection.query(statement(table)).then(
        () => false,
        (error: { errno: number }) => error.errno === 1142 || error.errno === 1143,
      )
      if (!denied) found.push(table)
    }
    await connection.end()
    return found.sort()
  }

  it.each(moduleNames)('%s reads its own tables, and of the platform’s what it uses', async module => {
    const own = tablesOf(ownSchema(module))
    const readable = Object.entries(rightsOf(module, own)).filter(([, rights]) => rights.includes('SELECT'))
    expect(await allowed(module, table => `SELECT 1 FROM ${table} LIMIT 1`)).toEqual(
      readable.map(([table]) => table).sort(),
    )
    expect(await allowed(module, table => `DELETE FROM ${table} WHERE 1 = 0`)).toEqual(
      Object.entries(rightsOf(module, own))
        .filter(([, rights]) => rights.includes('DELETE'))
        .map(([table]) => table)
        .sort(),
    )
  })

  it('none makes tables, users or grants, or sees another database', async () => {
    for (const module of moduleNames) {
      const connection = await createConnection({ uri: urls.get(module)! })
      const mine = userName(module, new URL(database.url).pathname.slice(1))
      for (const statement of [
        'CREATE TABLE mine (id int)',
        'DROP TABLE audit',
        "CREATE USER 'levee_thief'@'%'",
        `GRANT SELECT ON orders TO '${mine}'@'%'`,
        'SELECT * FROM mysql.user',
      ])
        await expect(connection.query(statement)).rejects.toThrow(/denied/)
      await connection.end()
    }
  })

  it('keep their passwords, which are their owner’s to read, and lose what they need no more', async () => {
    const file = path.join(folder, 'module-passwords.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const before = readFileSync(file, 'utf8')
    const connection = await createConnection({ uri: admin! })
    const name = new URL(database.url).pathname.slice(1)
    await connection.query(`GRANT SELECT ON ${name}.orders TO '${userName('point', name)}'@'%'`)
    await connection.end()
    expect(await allowed('point', table => `SELECT 1 FROM ${table} LIMIT 1`)).toContain('orders')
    expect(await makeModuleUsers(ledger, database.url, schemaOf, folder)).toEqual(urls)
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(await allowed('point', table => `SELECT 1 FROM ${table} LIMIT 1`)).not.toContain('orders')
  })

  it('are made by nobody who has not the right to', async () => {
    const url = urls.get('order')!
    const humble = await openLedger({ url, dataFolder: folder, poolSize: 1, lockWait: 2_000 })
    await expect(makeModuleUsers(humble, url, schemaOf, folder)).rejects.toBeInstanceOf(MayNotGrant)
    await humble.close()
  })
})
