import { expect, it } from 'vitest'
import { freshness } from './freshness.ts'
import { attempt, found, set } from './sample-history.ts'

const shows = (asOf: number, units: number) =>
  found(freshness, run => {
    const read = attempt(run, 'bestSellers', 'ann')
    const rows = [{ productId: 'p', units, refundedUnits: 0 }]
    read.outcome = { ...read.outcome!, value: { asOf, rows } }
  })

it('passes a clean run', () => expect(found(freshness, () => {})).toBe(''))

it('sees a ranking that lacks a sale from before its moment', () => {
  expect(shows(45, 1)).toContain('1 of p at 45, 2 were acknowledged by then')
  expect(shows(45, 0)).toContain('0 of p at 45')
})

it('lets an old ranking lack what came later', () => expect(shows(20, 0)).toBe(''))

it('sees a ranking of the future', () => expect(shows(5_000, 2)).toContain('says it is of 5000'))

it('sees a ranking that does not say of when it is', () =>
  expect(shows(Number.NaN, 2)).toContain('says it is of NaN'))

it('waits for the books: what was acknowledged while they were away is a sale when they are back', () => {
  const text = found(freshness, run => {
    set('stock_journal', {}, { at: 47 })(run)
    const read = attempt(run, 'bestSellers', 'ann')
    read.outcome = { ...read.outcome!, value: { asOf: 45, rows: [] } }
  })
  expect(text).toBe('')
})
