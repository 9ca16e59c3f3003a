// The ledger of the configuration, to be read: it must be there, and have the tables that the checks know.

import { existsSync } from 'node:fs'
import type { Config } from '../../platform/config/settings.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { ledgerFile, openLedger } from '../../platform/sql/open-ledger.ts'
import { missingSteps, type Schema } from '../../platform/sql/schema.ts'

export class NoBooks extends Error {
  override readonly name = 'NoBooks'
}

/** One for the snapshot, one beside it. */
const CONNECTIONS = 2

/** Creates and changes nothing. Throws NoBooks with what to do. */
export async function openBooks(config: Config, schemas: readonly Schema[]): Promise<Ledger> {
  const [url, dataFolder] = [config['ledger.url'], config['data.folder']]
  // Opening would make an empty one.
  if (url === '' && !existsSync(ledgerFile(dataFolder)))
    throw new NoBooks(`there is no ledger ${ledgerFile(dataFolder)}: start the shop once, or name its folder`)
  const ledger = await openLedger({
    ...{ url, dataFolder, poolSize: CONNECTIONS },
    lockWait: config['ledger.lockWait'],
  })
  try {
    await ledger.ping().catch(error => {
      throw new NoBooks(`the ledger cannot be read: ${error.cause?.message ?? error.message}`, {
        cause: error,
      })
    })
    const missing = await missingSteps(ledger, schemas)
    if (missing.length === 0) return ledger
    throw new NoBooks(
      `this ledger has not the tables of this version (${missing.join(', ')}): start the shop once`,
    )
  } catch (error) {
    await ledger.close()
    throw error
  }
}
