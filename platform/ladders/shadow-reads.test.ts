import { expect, it } from 'vitest'
import { standOn } from '../../tests/support/fixed-ladders.ts'
import { createLog } from '../log/log.ts'
import { ShadowReads } from './shadow-reads.ts'

/** A rung and a ledger that say what they are told to; every read is compared. */
function made(rung: () => string, ledger: () => string) {
  const out: string[] = []
  const standing = {
    ...standOn<'product.cache'>('redis'),
    compares: () => true,
    differs: (_rung: string, what: string) => void out.push(what),
  }
  const shadow = new ShadowReads<'product.cache', string>({
    ...{ standing, ladder: 'product.cache', rung: 'redis', staleness: 1, clock: Date.now },
    log: createLog({ level: 'silent', name: 'test' }),
    askRung: async () => rung(),
    askLedger: async () => ledger(),
  })
  return { shadow, out }
}

const PATIENT = { timeout: 5_000, interval: 1 }

it('takes a rung out that says something else than the ledger again and again', async () => {
  const { shadow, out } = made(
    () => 'old',
    () => 'new',
  )
  for (let read = 1; read <= 3; read++) {
    shadow.look('key')
    await expect.poll(() => shadow.counts.differences, PATIENT).toBe(read)
  }
  expect(out).toEqual(['it told something else than the ledger'])
})

it('blames nobody where both agree, or the ledger itself has changed meanwhile', async () => {
  const same = made(
    () => 'same',
    () => 'same',
  )
  same.shadow.look('key')
  await expect.poll(() => same.shadow.counts.compared, PATIENT).toBe(1)
  let said = 0
  const moving = made(
    () => 'late',
    () => `version ${said++}`,
  )
  for (let read = 1; read <= 5; read++) {
    moving.shadow.look('key')
    await expect.poll(() => moving.shadow.counts.moving, PATIENT).toBe(read)
  }
  expect([same.shadow.counts.differences, moving.shadow.counts.differences, moving.out]).toEqual([0, 0, []])
})
