import { expect, it } from 'vitest'
import { coupons } from './coupons.ts'
import { call, found, row, type Sample, set } from './sample-history.ts'

it('passes a clean run', () => expect(found(coupons, () => {})).toBe(''))

it('misses an acknowledged claim that is not in the ledger', () => {
  const text = found(coupons, run => {
    run.tables.coupon_claims!.shift()
    row(run, 'coupons', {}).issued = 1
  })
  expect(text).toContain('c ann: acknowledged, and not in the ledger')
})

it('misses a claim that the line called issued', () => {
  const text = found(coupons, run => void run.tables.coupon_claims!.pop())
  expect(text).toContain('c bob: acknowledged, and not in the ledger')
})

it('sees more claims than the quota', () => {
  expect(found(coupons, set('coupons', {}, { quota: 1 }))).toContain('2 claims, the quota is 1')
})

it('sees a count that differs from the claims', () => {
  expect(found(coupons, set('coupons', {}, { issued: 1 }))).toContain('issued 1, claims 2')
})

it('sees two of one member, and one that nobody asked for', () => {
  const held = (member: string) => (run: Sample) =>
    void run.tables.coupon_claims!.push({ coupon_id: 'c', member_id: member })
  expect(found(coupons, held('ann'))).toContain('c ann: held twice')
  expect(found(coupons, held('eve'))).toContain('c eve: a claim that nobody made')
})

it('sees an accepted claim without an end', () => {
  const text = found(coupons, run => {
    run.calls = run.calls.filter(({ op }) => op !== 'claimProgress')
  })
  expect(text).toContain('c bob: accepted as t, and never issued or refused')
})

it('sees a unit that is left while somebody was told that none is', () => {
  const more = set('coupons', {}, { quota: 3 })
  expect(found(coupons, more)).toContain('c cem: told sold out, 1 are left')
  const refusedInLine = found(coupons, run => {
    more(run)
    const value = { state: 'refused', code: 'coupon_sold_out' }
    run.calls.push(call('claimProgress', 'dan', 60, { couponId: 'c', ticket: 'u' }, { value }))
  })
  expect(refusedInLine).toContain('c dan: told sold out, 1 are left')
})

it('forgives a wrong "sold out" that was taken back', () => {
  const text = found(coupons, run => {
    Object.assign(row(run, 'coupons', {}), { quota: 4, issued: 3 })
    run.tables.coupon_claims!.push({ coupon_id: 'c', member_id: 'cem' })
    run.calls.push(call('claimCoupon', 'cem', 60, { couponId: 'c' }, { value: { state: 'issued' } }))
  })
  expect(text).toBe('')
})
