import { Check } from 'typebox/value'
import { expect, test } from 'vitest'
import { ClientId } from '../../platform/contract/fields.ts'
import { orderIdOf, paymentIdOf, refundIdOf } from './replay-ids.ts'

test('ids carry the number of the file', () => {
  expect(orderIdOf('536365')).toBe('inv-536365')
  expect(paymentIdOf(orderIdOf('536365'))).toBe('pay-536365')
  expect(refundIdOf('C536379', 141, '536365')).toBe('ref-C536379-141-536365')
})

test('a further attempt has an id of its own', () => {
  expect(new Set([1, 2, 3].map(attempt => orderIdOf('536365', attempt))).size).toBe(3)
})

const STRANGE = ['1', '0', 'Ä 17', 'a/b', 'x'.repeat(300), ' ', '536365.1', "1'; --"]
test.each(STRANGE)('whatever the number is, contracts take its ids: %j', number => {
  for (const attempt of [1, 5]) {
    expect(Check(ClientId, orderIdOf(number, attempt))).toBe(true)
    expect(Check(ClientId, paymentIdOf(orderIdOf(number, attempt)))).toBe(true)
  }
  expect(Check(ClientId, refundIdOf(`C${number}`, 1_000_000, number))).toBe(true)
})
test('different numbers have different ids', () => {
  expect(new Set(STRANGE.map(number => orderIdOf(number))).size).toBe(STRANGE.length)
})
