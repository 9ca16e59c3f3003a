import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MONDAY, messageOf } from '../../tests/support/alerts.ts'
import { clip, clipEscaped } from './clip.ts'
import { bounded, FACTS_MOST, same, TEXT_MOST, TITLE_MOST } from './message.ts'
import { headline, timeText } from './words.ts'

const any = fc.string({ unit: 'binary', maxLength: 300 })

test('a text is cut to its bound, at whole characters', () => {
  fc.assert(
    fc.property(any, fc.integer({ min: 1, max: 120 }), (text, most) => {
      const cut = clip(text, most)
      expect(cut.length).toBeLessThanOrEqual(most)
      if (text.length <= most) expect(cut).toBe(text)
      else expect(cut.endsWith('…')).toBe(true)
      if (text.isWellFormed()) expect(cut.isWellFormed()).toBe(true)
    }),
  )
})

test('an escaped text is cut to its bound, and no escape is cut', () => {
  const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '&', '<', '😀'), maxLength: 80 }),
      fc.integer({ min: 1, max: 60 }),
      (text, most) => {
        const cut = clipEscaped(text, most, escaped)
        expect(cut.length).toBeLessThanOrEqual(most)
        expect(cut.replace(/&(amp|lt);/g, '')).not.toMatch(/[&<]/)
        expect(cut.isWellFormed()).toBe(true)
        if (escaped(text).length <= most) expect(cut).toBe(escaped(text))
      },
    ),
  )
})

test('a message is within its bounds, its title and facts one line each', () => {
  fc.assert(
    fc.property(any, any, (a, b) => {
      const text = same(a.repeat(20))
      const message = bounded(
        messageOf({
          title: text,
          text,
          facts: Array.from({ length: 40 }, () => ({ label: same(b), value: text })),
        }),
      )
      expect(message.title.ko.length).toBeLessThanOrEqual(TITLE_MOST)
      expect(message.text.en.length).toBeLessThanOrEqual(TEXT_MOST)
      expect(message.facts).toHaveLength(FACTS_MOST)
      for (const { label, value } of message.facts)
        for (const line of [message.title.ko, label.ko, value.en])
          expect(line).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029]/u)
      expect(message.text.ko.isWellFormed()).toBe(true)
    }),
  )
})

test('the heading and the time read well', () => {
  expect(headline(messageOf(), 'ko')).toBe('[심각] 장애 발생: Redis가 응답하지 않습니다')
  expect(headline(messageOf({ kind: 'resolved', level: 'warning' }), 'en')).toBe(
    '[Warning] Resolved: Redis does not answer',
  )
  expect(timeText(MONDAY, 'Asia/Seoul')).toBe('2026-11-23 19:15:00 (Asia/Seoul)')
})
