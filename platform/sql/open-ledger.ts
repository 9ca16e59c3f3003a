import path from 'node:path'
import type { SampleKind } from '../../resilience/detector.ts'
import type { Ledger } from './ledger.ts'

/** Where the embedded ledger lies. */
export const ledgerFile = (dataFolder: string): string => path.join(dataFolder, 'levee.db')

/** Opens MariaDB or MySQL where a URL names one, else SQLite in the data folder. Drivers load only when used. */
export async function openLedger(options: {
  url: string
  dataFolder: string
  poolSize: number
  /** ms */
  lockWait: number
  /** Of MariaDB or MySQL: where to read while the primary is away. Empty: nowhere. */
  replicaUrl?: string
  /** Told what statements of MariaDB or MySQL came to, and after how many ms. */
  note?: (kind: SampleKind, ms: number) => void
  /** Told what its server's clock showed, epoch ms, between two moments of `performance.now()`. */
  heardTime?: (at: number, asked: number, answered: number) => void
}): Promise<Ledger> {
  if (options.url !== '') {
    const { openMysqlLedger } = await import('./mysql-ledger.ts')
    return openMysqlLedger(options)
  }
  const { openSqliteLedger } = await import('./sqlite-ledger.ts')
  return openSqliteLedger(ledgerFile(options.dataFolder))
}
