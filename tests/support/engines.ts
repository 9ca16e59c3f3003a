// What the tests run on: SQLite always; MariaDB, Redis and Kafka where the test command (`npm test`) provides them.

import { describe } from 'vitest'
import { findProgram } from '../../platform/engines/find-program.ts'
import {
  TEST_KAFKA_BROKERS,
  TEST_LEDGER_ADMIN_URL,
  TEST_LEDGER_URL,
  TEST_PROMTOOL,
  TEST_REDIS_URL,
} from './engine-names.ts'

export interface LedgerEngine {
  readonly name: 'sqlite' | 'mariadb'
  /** Absent: SQLite. Else a server whose user may make databases named `levee_…`; take a scratch one each. */
  readonly url?: string
}

/** The ledgers at hand. A test file started by hand takes the server of LEVEE_MYSQL_URL. */
export function ledgerUrls(): readonly LedgerEngine[] {
  const url = process.env[TEST_LEDGER_URL] ?? process.env.LEVEE_MYSQL_URL
  return url === undefined ? [{ name: 'sqlite' }] : [{ name: 'sqlite' }, { name: 'mariadb', url }]
}

/** For faults that need every right on the server of `npm test`; absent on a server named from outside. */
export const mariadbAdminUrl = (): string | undefined => process.env[TEST_LEDGER_ADMIN_URL]

/** The Redis at hand, shared by all tests: keys get a prefix of their own. A test that stops one starts its own. */
export const redisUrl = (): string | undefined => process.env[TEST_REDIS_URL] ?? process.env.LEVEE_REDIS_URL

/** The Kafka at hand, `host:port` with commas between, shared by all tests: topics and groups get a prefix of their own. */
export const kafkaBrokers = (): string | undefined =>
  process.env[TEST_KAFKA_BROKERS] ?? process.env.LEVEE_KAFKA_BROKERS

/** The program that checks rules of Prometheus; null: not at hand. */
export const promtool = (): string | null => process.env[TEST_PROMTOOL] ?? findProgram('promtool')

/** The same suite on every ledger. Where MariaDB is not at hand its tests count as skipped. */
export function onEveryLedger(title: string, suite: (engine: LedgerEngine) => void): void {
  const engines = ledgerUrls()
  for (const engine of engines) describe(`${title} (${engine.name})`, () => suite(engine))
  if (!engines.some(engine => engine.name === 'mariadb')) {
    describe.skipIf(true)(`${title} (mariadb)`, () => suite({ name: 'mariadb' }))
  }
}
