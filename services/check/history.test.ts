import { expect, it } from 'vitest'
import { checkHistory } from './check-history.ts'
import { HistoryDamaged, readHistory } from './history.ts'

const RUN = { type: 'run', t: 1, seed: 7, engines: 'real', patience: 1_000 }
const INVOKE = {
  ...{ type: 'invoke', id: 1, t: 2, client: 'ann', process: 'shop-0' },
  ...{ op: 'payOrder', action: 'k', input: {} },
}
const OUTCOME = { type: 'outcome', id: 1, t: 3, result: 'ok' }
const FACT = { type: 'fact', table: 'orders', row: { order_id: 'o' } }
const END = { type: 'end', t: 4, tables: { orders: 1, outbox: 0 } }
const lines = (...entries: readonly object[]) => `${entries.map(each => JSON.stringify(each)).join('\n')}\n`
const reading = (text: string) => () => readHistory(text)

it('reads a run: what was asked with what came of it, and what was held at the end', () => {
  const { run, calls, tables } = readHistory(lines(RUN, INVOKE, OUTCOME, FACT, END))
  expect(run?.seed).toBe(7)
  expect(calls).toMatchObject([{ op: 'payOrder', outcome: { result: 'ok' } }])
  expect([...tables]).toEqual([
    ['orders', [{ order_id: 'o' }]],
    ['outbox', []],
  ])
})

it('names a damaged line, and what is wrong with it', () => {
  expect(reading(`${lines(RUN)}{"type":"invo`)).toThrow('line 2: it is not JSON')
  expect(reading(lines(RUN, { type: 'odd' }))).toThrow('line 2: its type is "odd"')
  expect(reading(lines(RUN, { ...INVOKE, op: 3 }))).toThrow('line 2: invoke needs op, a string')
  expect(reading('null\n')).toThrow('line 1: it is not an object')
  expect(reading('')).toThrow(HistoryDamaged)
})

it('names lines that do not fit each other', () => {
  expect(reading(lines(RUN, OUTCOME, END))).toThrow('line 2: an outcome of call 1, which nobody made')
  expect(reading(lines(INVOKE, OUTCOME, OUTCOME))).toThrow('line 3: a second outcome of call 1')
  expect(reading(lines(INVOKE, INVOKE))).toThrow('line 2: a second invoke of call 1')
  expect(reading(lines(FACT, END, RUN))).toThrow('line 3: something follows the end')
})

it('does not take a part for the whole', () => {
  expect(reading(lines(RUN, INVOKE))).toThrow('the run was cut short')
  expect(reading(lines(RUN, END))).toThrow('table orders had 1 rows, 0 are here')
})

it('says what a rule could not prove for want of facts', () => {
  const results = checkHistory(readHistory(lines(RUN, INVOKE, OUTCOME, FACT, END)))
  const coupons = results.find(({ name }) => name === 'coupons')!
  expect(coupons.violations).toEqual(['nothing is known of the table coupon_claims at the end'])
})
