// Scratch ledgers for tests: SQLite in a temporary folder, a database of its own on MariaDB.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createScratchDatabase } from '../../platform/engines/scratch-database.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { openLedger } from '../../platform/sql/open-ledger.ts'
import { platformSchema } from '../../platform/sql/platform-tables.ts'
import { migrate, type Schema } from '../../platform/sql/schema.ts'
import { type LedgerEngine, ledgerUrls } from './engines.ts'

export interface ScratchLedger {
  readonly ledger: Ledger
  /** Names the ledger for another process: settings by environment variable. */
  readonly env: Readonly<Record<string, string>>
  /** Another process's view of the same ledger. */
  another(): Promise<Ledger>
  drop(): Promise<void>
}

export const scratchEngines = (): readonly LedgerEngine[] => ledgerUrls()

const POOL = 8
const LOCK_WAIT_MS = 2_000

/** An empty ledger with the platform's tables and `schemas`. Throws away everything on `drop`. */
export async function openScratchLedger(
  engine: LedgerEngine,
  schemas: readonly Schema[],
  platform: Schema = platformSchema,
): Promise<ScratchLedger> {
  const folder = mkdtempSync(path.join(tmpdir(), 'levee-ledger-'))
  const database = engine.url === undefined ? null : await createScratchDatabase(engine.url)
  const options = { url: database?.url ?? '', dataFolder: folder, poolSize: POOL, lockWait: LOCK_WAIT_MS }
  const ledgers: Ledger[] = []
  const open = async (): Promise<Ledger> => {
    const ledger = await openLedger(options)
    ledgers.push(ledger)
    return ledger
  }
  const ledger = await open()
  await migrate(ledger, [platform, ...schemas])
  return {
    ledger,
    env: { LEVEE_DATA_FOLDER: folder, ...(database === null ? {} : { LEVEE_MYSQL_URL: database.url }) },
    another: open,
    async drop() {
      await Promise.all(ledgers.map(each => each.close()))
      await database?.drop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
