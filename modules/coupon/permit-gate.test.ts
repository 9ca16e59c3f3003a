import { expect, it } from 'vitest'
import { createLog } from '../../platform/log/log.ts'
import { FakeRedis } from '../../tests/support/fake-redis.ts'
import type { ClaimRequest } from './claim-book.ts'
import { PermitGate } from './permit-gate.ts'

const log = createLog({ level: 'silent', name: 'test' })

it.each([
  ['letters of others', ['aaa', 'all 3']],
  ['other letters', ['x', 'all 1']],
  ['a text', 'OK'],
  ['a number', [1, 2]],
])('of an answer to another question (%s) the ledger is asked', async (_, answer) => {
  const redis = Object.assign(new FakeRedis(() => 0), { run: async () => answer as never })
  const gate = new PermitGate(redis, '', log)
  const ask = { couponId: 'c', memberId: 'm' } as ClaimRequest
  expect((await gate.ask(ask, true)).verdict).toBe('away')
  // And nobody counts as waiting any more.
  expect((await gate.ask(ask, false)).verdict).toBe('away')
})
