// Slow requests are told of, but not in a flood.

import { expect, test } from 'vitest'
import { createLog } from '../platform/log/log.ts'
import type { Exchange } from './exchange.ts'
import { requestLog } from './request-log.ts'

test('one line a second, with how many it stands for', () => {
  let now = 0
  let text = ''
  const log = createLog({ level: 'info', name: 'test', to: { write: line => (text += line) } })
  const tell = requestLog(log, () => now)
  const exchange = { requestId: 'r-1', route: { operation: 'order.placeOrder' } } as Exchange
  tell(exchange, 200, 999)
  for (let i = 0; i < 3; i++) tell(exchange, 200, 1_500.4)
  now = 1_000
  tell(exchange, 503, 10_000)
  const lines = text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as unknown)
  expect(lines).toMatchObject([
    { level: 'warn', requestId: 'r-1', operation: 'order.placeOrder', status: 200, ms: 1_500, unsaid: 0 },
    { level: 'warn', status: 503, ms: 10_000, unsaid: 2 },
  ])
})
