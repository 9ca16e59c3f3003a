import { afterEach, describe, expect, test, vi } from 'vitest'
import { TEST_LEDGER_URL } from './engine-names.ts'
import { ledgerUrls, onEveryLedger } from './engines.ts'

const SERVER = 'mysql://u:p@h:1/d'
afterEach(() => vi.unstubAllEnvs())

function environment(values: Record<string, string>): void {
  vi.stubEnv(TEST_LEDGER_URL, undefined)
  vi.stubEnv('LEVEE_MYSQL_URL', undefined)
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value)
}

describe('ledgers at hand', () => {
  test('SQLite is always there', () => {
    environment({})
    expect(ledgerUrls()).toEqual([{ name: 'sqlite' }])
  })

  test.each([TEST_LEDGER_URL, 'LEVEE_MYSQL_URL'])('%s brings a server', name => {
    environment({ [name]: SERVER })
    expect(ledgerUrls()).toEqual([{ name: 'sqlite' }, { name: 'mariadb', url: SERVER }])
  })
})

onEveryLedger('a suite', engine => {
  test('runs on a ledger at hand', () => {
    expect(ledgerUrls()).toContainEqual(engine)
  })
})
