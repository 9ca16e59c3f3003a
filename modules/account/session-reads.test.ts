import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { openScratchLedger, type ScratchLedger } from '../../tests/support/ledgers.ts'
import { sqlRung } from './rung-sql.ts'
import { SessionReads } from './session-reads.ts'
import { accountSchema } from './tables.ts'

onEveryLedger('reads of sessions', engine => {
  let scratch: ScratchLedger
  beforeAll(async () => {
    scratch = await openScratchLedger(engine, [accountSchema])
  })
  afterAll(() => scratch.drop())

  /** Told of each read; it may throw. */
  const watched = (told: () => void) => {
    const ledger: Ledger = {
      ...scratch.ledger,
      reads<Tables>() {
        told()
        return scratch.ledger.reads<Tables>()
      },
    }
    return sqlRung({ ledger, clock: Date.now })
  }

  test('a rush of strangers is few of them', async () => {
    let reads = 0
    const sessions = new SessionReads(watched(() => reads++))
    const found = await Promise.all(Array.from({ length: 1_000 }, (_, i) => sessions.find(`hash-${i % 500}`)))
    expect(new Set(found)).toEqual(new Set([null]))
    // 500 different tokens, 200 a read.
    expect(reads).toBe(3)
  })

  test('one that fails fails those who share it, and nobody after them', async () => {
    let broken = true
    const sessions = new SessionReads(
      watched(() => {
        if (broken) throw new Error('away')
      }),
    )
    const first = await Promise.allSettled([sessions.find('a'), sessions.find('b')])
    expect(first.map(each => each.status)).toEqual(['rejected', 'rejected'])
    broken = false
    expect(await sessions.find('a')).toBeNull()
  })
})
