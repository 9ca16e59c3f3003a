import { expect, test } from 'vitest'
import { CommitUnknown, isAway, LedgerUnavailable, sampleOf, trouble, wroteNothing } from './errors.ts'

const mysql = (errno: number): Error => Object.assign(new Error('said by the server'), { errno })
const sqlite = (errcode: number): Error => Object.assign(new Error('said by SQLite'), { errcode })

test.each([
  ['disk full', mysql(1021)],
  ['table full', mysql(1114)],
  ['SQLite is full', sqlite(13)],
])('%s: nothing was written, and it may be asked again later', (_, error) => {
  expect(trouble(error)).toBe('full')
  expect(wroteNothing(error)).toBe(true)
  expect(isAway(error)).toBe(true)
})

test.each([1021, 1114, 1026, 3, 20])('%i says of the server that it is full', errno => {
  expect(sampleOf(mysql(errno))).toBe('full')
})

test('a COMMIT whose answer was lost may have written', () => {
  expect(wroteNothing(new CommitUnknown('lost'))).toBe(false)
  expect(isAway(new CommitUnknown('lost'))).toBe(true)
  expect(wroteNothing(new LedgerUnavailable('refused'))).toBe(true)
})

test('a duplicate, a bug and a full house of connections are no reason to read elsewhere', () => {
  for (const errno of [1062, 1048, 1064]) expect(isAway(mysql(errno))).toBe(false)
  for (const errno of [1205, 1213, 1040]) expect(sampleOf(mysql(errno))).toBe('ok')
})
