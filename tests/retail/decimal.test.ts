import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parsePence, parseUnits } from '../../services/retail/decimal.ts'
import { parseLondonTime } from '../../services/retail/london-time.ts'

const pence = fc.integer({ min: -(10 ** 14 - 1), max: 10 ** 14 - 1 })

test('any number of pence written in pounds is read back exactly', () => {
  fc.assert(
    fc.property(pence, fc.nat({ max: 7 }), (amount, zeros) => {
      const digits = String(Math.abs(amount)).padStart(3, '0')
      const text = `${amount < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}${'0'.repeat(zeros)}`
      expect(parsePence(text)).toBe(amount)
    }),
  )
})

test('trailing zeros of the fraction may be left out', () => {
  fc.assert(
    fc.property(fc.nat({ max: 10 ** 9 }), fc.nat({ max: 9 }), (pounds, tenths) => {
      expect(parsePence(`${pounds}`)).toBe(pounds * 100)
      expect(parsePence(`${pounds}.${tenths}`)).toBe(pounds * 100 + tenths * 10)
    }),
  )
})

test('a fraction of a penny is refused, never rounded', () => {
  fc.assert(
    fc.property(fc.nat({ max: 10 ** 6 }), fc.integer({ min: 1, max: 999 }), (pounds, rest) => {
      expect(parsePence(`${pounds}.25${String(rest).padStart(3, '0')}`)).toBeNull()
    }),
  )
})

test('whatever the text, the answer is a safe integer or null, and never minus zero', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9.,eE ]{0,20}$/))
  fc.assert(
    fc.property(text, text => {
      for (const value of [parsePence(text), parseUnits(text)]) {
        expect(value === null || (Number.isSafeInteger(value) && !Object.is(value, -0))).toBe(true)
      }
    }),
  )
})

test.each(['', ' 1', '1 ', '+1', '.5', '5.', '1,5', '1e2', '0x10', '--1', '1234567890123', '١'])(
  'not an amount: %j',
  text => expect(parsePence(text)).toBeNull(),
)

test.each([
  ['01/12/2010 08:26', '2010-12-01T08:26:00.000Z'],
  ['01/07/2011 10:00', '2011-07-01T09:00:00.000Z'],
  ['27/03/2011 00:59', '2011-03-27T00:59:00.000Z'],
  ['27/03/2011 02:00', '2011-03-27T01:00:00.000Z'],
  ['30/10/2011 00:59', '2011-10-29T23:59:00.000Z'],
  ['30/10/2011 01:30', '2011-10-30T00:30:00.000Z'], // twice; the first
  ['30/10/2011 02:00', '2011-10-30T02:00:00.000Z'],
  ['29/02/2012 12:00', '2012-02-29T12:00:00.000Z'],
])('%s in London is %s', (text, iso) => {
  expect(new Date(parseLondonTime(text)!).toISOString()).toBe(iso)
})

test.each([
  '27/03/2011 01:30',
  '29/02/2011 12:00',
  '00/12/2010 08:00',
  '01/13/2010 08:00',
  '1/12/2010 08:26',
])('never on a London clock: %s', text => expect(parseLondonTime(text)).toBeNull())
