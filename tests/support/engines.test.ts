import { afterEach, describe, expect, test, vi } from 'vitest'
import { TEST_KAFKA_BROKERS, TEST_LEDGER_URL, TEST_REDIS_URL } from './engine-names.ts'
import { kafkaBrokers, ledgerUrls, onEveryLedger, redisUrl } from './engines.ts'

const SERVER = 'mysql://u:p@h:1/d'
afterEach(() => vi.unstubAllEnvs())

function environment(values: Record<string, string>): void {
  const test = [TEST_LEDGER_URL, TEST_REDIS_URL, TEST_KAFKA_BROKERS]
  for (const name of [...test, 'LEVEE_MYSQL_URL', 'LEVEE_REDIS_URL', 'LEVEE_KAFKA_BROKERS'])
    vi.stubEnv(name, undefined)
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

describe('engines beside the ledger', () => {
  test.each([
    [TEST_REDIS_URL, redisUrl],
    ['LEVEE_REDIS_URL', redisUrl],
    [TEST_KAFKA_BROKERS, kafkaBrokers],
    ['LEVEE_KAFKA_BROKERS', kafkaBrokers],
  ])('%s names one', (name, found) => {
    environment({})
    expect(found()).toBeUndefined()
    environment({ [name]: 'h:1' })
    expect(found()).toBe('h:1')
  })
})

onEveryLedger('a suite', engine => {
  test('runs on a ledger at hand', () => {
    expect(ledgerUrls()).toContainEqual(engine)
  })
})
