import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { History, increase, KEPT_MS } from './history.ts'
import { measure } from './measure.ts'
import { promSelector, selects } from './samples.ts'

const scrape = (at: number, ...samples: [string, Record<string, string>, number][]) => ({
  collector: 'test',
  at,
  samples: samples.map(([name, labels, value]) => ({ name, labels, value })),
})

it('finds series by whole labels, as Prometheus does', () => {
  const sample = { name: 'a', labels: { code: '503', path: '/x' }, value: 1 }
  expect(selects({ name: 'a', labels: { code: /5../ } }, sample)).toBe(true)
  expect(selects({ name: 'a', labels: { code: /5/ } }, sample)).toBe(false)
  expect(selects({ name: 'a', labels: { code: /404|503/, path: '/x' } }, sample)).toBe(true)
  expect(selects({ name: 'a', labels: { absent: 'x' } }, sample)).toBe(false)
  expect(promSelector({ name: 'a', labels: { code: /5../, path: '/x' } })).toBe('a{code=~"5..", path="/x"}')
})

it('keeps what is recent, in order, and forgets what nobody sees any more', () => {
  const history = new History()
  history.add(scrape(1_000, ['a', {}, 1]))
  history.add(scrape(900, ['a', {}, 9]))
  history.add(scrape(2_000, ['a', {}, 2]))
  expect(history.within({ name: 'a' }, 5_000, 2_000)[0]!.points.map(({ value }) => value)).toEqual([1, 2])
  expect(history.within({ name: 'a' }, 500, 2_000)[0]!.points).toHaveLength(1)
  // What is later than now has not been.
  expect(history.within({ name: 'a' }, 500, 1_200)[0]!.points).toEqual([{ at: 1_000, value: 1 }])
  history.forget(2_001 + KEPT_MS)
  expect(history.within({ name: 'a' }, 2 * KEPT_MS, 2_001 + KEPT_MS)).toEqual([])
})

it('takes no more series than it may', () => {
  const history = new History()
  for (let i = 0; i < 21_000; i++) history.add(scrape(1_000, ['a', { i: `${i}` }, 1]))
  expect(history.refused).toBe(1_000)
})

it('of a counter, whatever restarts: what was added, as far as it was seen', () => {
  const steps = fc.array(fc.record({ by: fc.nat({ max: 100 }), anew: fc.boolean() }), { maxLength: 50 })
  fc.assert(
    fc.property(steps, list => {
      let value = 0
      let added = 0
      const points = [{ at: 0, value }]
      for (const [i, { by, anew }] of list.entries()) {
        // A counter that begins anew and passes its old value by the next look cannot be told from one that went on.
        if (anew && by < value) value = 0
        else if (anew) continue
        value += by
        added += by
        points.push({ at: i + 1, value })
      }
      expect(increase(points)).toBe(added)
    }),
  )
})

it('of several series the worst counts, and says which it is', () => {
  const history = new History()
  history.add(scrape(1_000, ['lag', { group: 'a' }, 5], ['lag', { group: 'b' }, 7]))
  const wanted = { source: { kind: 'gauge', of: { name: 'lag' } }, window: 1_000, least: 1 } as const
  expect(measure(history, { ...wanted, bad: 'high' }, 1_000)).toEqual({
    value: 7,
    count: 1,
    labels: { group: 'b' },
  })
  expect(measure(history, { ...wanted, bad: 'low' }, 1_000)).toEqual({
    value: 5,
    count: 1,
    labels: { group: 'a' },
  })
  expect(measure(history, { ...wanted, bad: 'low' }, 3_000).value).toBeNull()
})

it('a share is unknown below its least, and none of a kind is none', () => {
  const history = new History()
  const all = { name: 'calls' }
  const source = { kind: 'ratio', part: { ...all, labels: { code: '500' } }, of: all } as const
  const share = (least: number) => measure(history, { source, window: 60_000, least, bad: 'high' }, 2_000)
  expect(share(1).value).toBeNull()
  history.add(scrape(1_000, ['calls', { code: '200' }, 100]))
  expect(share(1).value).toBeNull()
  history.add(scrape(2_000, ['calls', { code: '200' }, 150]))
  expect(share(50)).toMatchObject({ value: 0, count: 50 })
  expect(share(51).value).toBeNull()
})
