import { expect, it } from 'vitest'
import { ladders } from '../../resilience/ladders.ts'
import type { Entry } from '../../services/check/history.ts'
import { reportPage } from './report.ts'
import { percentile, seriesOf } from './series.ts'

const invoke = (id: number, t: number): Entry => ({
  ...{
    type: 'invoke',
    id,
    t,
    client: 'ann',
    process: 'shop-0',
    op: 'payOrder',
    action: `a-${id}`,
    input: {},
  },
})
const entries: Entry[] = [
  { type: 'run', t: 1_000, seed: 7, engines: 'real', patience: 1 },
  invoke(1, 1_000),
  { type: 'outcome', id: 1, t: 1_020, result: 'ok', value: {} },
  { type: 'fault', t: 1_100, name: 'redis <killed>', phase: 'begin' },
  {
    ...{ type: 'ladder', t: 1_200, process: 'shop-0', ladder: 'coupon.claim' },
    ...{ from: 'kafka', to: 'sql', cause: 'kafka is refused' },
  },
  invoke(2, 2_100),
  { type: 'outcome', id: 2, t: 2_500, result: 'refused', code: 'overloaded', later: true },
  { type: 'fault', t: 2_600, name: 'redis <killed>', phase: 'end' },
  invoke(3, 3_000),
  { type: 'outcome', id: 3, t: 3_900, result: 'refused', code: 'out_of_stock' },
]
const result = { seed: 7, faults: [], calls: 3, books: [], problems: ['orders: o-1 <b>'] }
const rules = [{ name: 'orders', proves: 'x', checked: 1, violations: ['o-1 <b>'] }]

it('counts answers by second, and tells "no" from "not now"', () => {
  const { seconds, errors, faults } = seriesOf(entries, ladders)
  expect(seconds.map(({ ok, refused }) => [ok, refused])).toEqual([
    [1, 0],
    [0, 0],
    [0, 1],
  ])
  expect(errors).toEqual([['overloaded', 1]])
  expect(faults).toMatchObject([{ lane: 'redis', from: 1_100, to: 2_600 }])
})

it('draws where each ladder stood, from its best rung on', () => {
  const bars = seriesOf(entries, ladders).ladders.filter(({ lane }) => lane === 'coupon.claim shop-0')
  expect(bars.map(({ label, from, to, depth }) => [label, from, to, depth])).toEqual([
    ['kafka', 1_000, 1_200, 0],
    ['sql', 1_200, 3_900, 2],
  ])
})

it('leaves a gap where a process was down, and begins at the top again', () => {
  const killed: Entry[] = [
    ...entries.slice(0, 5),
    { type: 'fault', t: 1_300, name: 'shop-0 killed', phase: 'begin' },
    { type: 'fault', t: 1_900, name: 'shop-0 killed', phase: 'end' },
    ...entries.slice(5),
  ]
  const bars = seriesOf(killed, ladders).ladders.filter(({ lane }) => lane === 'coupon.claim shop-0')
  expect(bars.map(({ label, from, to }) => [label, from, to])).toEqual([
    ['kafka', 1_000, 1_200],
    ['sql', 1_200, 1_300],
    ['kafka', 1_900, 3_900],
  ])
})

it('knows percentiles', () => {
  expect(percentile([], 0.5)).toBeNull()
  expect(percentile([3, 1, 2], 0.5)).toBe(2)
  expect(percentile([1, 2, 3, 4], 0.99)).toBe(4)
})

it('makes one page that needs nothing else, and escapes what it shows', () => {
  const page = reportPage(entries, { ...result, rules })
  expect(page).toContain('<svg')
  expect(page).toContain('o-1 &lt;b&gt;')
  expect(page).not.toContain('<killed>')
  expect(page).not.toMatch(/src=|href=|@import|url\(/)
  expect(page).toContain('위반 1건')
})
