import { expect, it } from 'vitest'
import { availability } from './availability.ts'
import { attempt, call, found, type Sample } from './sample-history.ts'

/** Ann's payment was unknown at first; asked again with the same key at `t`. */
function unknownFirst(run: Sample, t: number | null, end: Parameters<typeof call>[4] = {}): void {
  const paid = attempt(run, 'payOrder', 'ann')
  paid.outcome = { ...paid.outcome!, result: 'unknown', code: 'timeout' }
  if (t !== null) run.calls.push({ ...call('payOrder', 'ann', t, paid.input, end), action: paid.action })
}

it('passes a clean run', () => expect(found(availability, () => {})).toBe(''))

it('sees a call that never ended', () => {
  expect(
    found(availability, run => {
      attempt(run, 'payOrder', 'ann').outcome = null
    }),
  ).toContain('never ended')
})

it('lets a call be unknown while it is looked up', () => {
  expect(found(availability, run => unknownFirst(run, 1_000))).toBe('')
})

it('sees an unknown outcome that nobody looked up', () => {
  expect(found(availability, run => unknownFirst(run, null))).toContain(
    'unknown (timeout), and never looked up',
  )
})

it('takes no "not now" for knowledge', () => {
  const later = { result: 'refused', code: 'overloaded', later: true } as const
  expect(found(availability, run => unknownFirst(run, 1_000, later))).toContain('never looked up')
  const never = { result: 'refused', code: 'order_state' } as const
  expect(found(availability, run => unknownFirst(run, 1_000, never))).toBe('')
})

it('sees one that was known too late, unless a fault stood in the way', () => {
  expect(found(availability, run => unknownFirst(run, 40_000))).toContain('known only')
  const inTheWay = found(availability, run => {
    unknownFirst(run, 40_000)
    for (const [t, phase] of [[35, 'begin'] as const, [20_000, 'end'] as const])
      run.faults.push({ type: 'fault', t, name: 'ledger stopped', phase })
  })
  expect(inTheWay).toBe('')
})

it('sees an internal error, and a fault that nobody mended', () => {
  const broke = { result: 'unknown', code: 'internal_error' } as const
  expect(
    found(availability, run => {
      unknownFirst(run, 100)
      run.calls.push(call('getOrder', 'ann', 90, {}, broke))
    }),
  ).toContain('internal error instead of a clear answer')
  expect(found(availability, run => void run.faults.pop())).toContain('redis killed: was never mended')
})
