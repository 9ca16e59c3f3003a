import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { openScratchLedger } from '../../tests/support/ledgers.ts'
import { trouble } from './errors.ts'
import { platformSchema } from './platform-tables.ts'
import { migrate } from './schema.ts'

onEveryLedger('the step to keys by age', engine => {
  it('keeps the keys that are there, each once, and puts new ones behind them', async () => {
    const [first] = Object.entries(platformSchema)
    const scratch = await openScratchLedger(engine, [], Object.fromEntries([first!]))
    const { ledger } = scratch
    // As the version before writes them, and as it goes on doing beside this one.
    const add = (id: string, at: number) =>
      sql`INSERT INTO idempotency (id, fingerprint, operation, answer, created_at)
        VALUES (${id}, 'f', 'o', ${`{"id":"${id}"}`}, ${at})`.execute(ledger.migrator())
    try {
      await add('c', 1)
      await add('a', 2)
      await add('b', 2)
      await migrate(ledger, [platformSchema])
      await add('0', 3)
      await expect(add('a', 4).catch(error => trouble(error))).resolves.toBe('conflict')
      const { rows } = await sql<{ id: string; answer: string; created_at: number }>`
        SELECT id, answer, created_at FROM idempotency ORDER BY seq`.execute(ledger.migrator())
      const told = rows.map(row => `${row.id}${row.created_at}${row.answer}`)
      const expected = ['a2', 'b2', 'c1', '03'].map(each => `${each}{"id":"${each[0]}"}`)
      // MariaDB and MySQL number the old ones as they lay, by key.
      if (engine.url === undefined) expected.unshift(...expected.splice(2, 1))
      expect(told).toEqual(expected)
    } finally {
      await scratch.drop()
    }
  })
})
