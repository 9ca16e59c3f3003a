import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BREAKS,
  Detector,
  EXCUSE_MOST_MS,
  HANGS,
  HANGS_APART_MS,
  REFUSALS,
  type Sample,
  type SampleKind,
} from './detector.ts'

const made = () => new Detector({ slow: 50 })
/** Samples `apart` ms from one another, from `from` on. */
const all = (detector: Detector, kinds: readonly SampleKind[], from = 0, ms = 0, apart = 1): Detector => {
  for (const [i, kind] of kinds.entries()) detector.note({ kind, at: from + apart * i, ms })
  return detector
}
/** As they come of an engine that is called now and then. */
const spaced = (detector: Detector, kinds: readonly SampleKind[], from = 0, ms = 0): Detector =>
  all(detector, kinds, from, ms, HANGS_APART_MS)
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)

describe('an engine', () => {
  it('is well until something says otherwise', () => {
    expect(made().finding(0)).toBe('well')
  })

  it('refuses after one refusal and another one on the retry, and not after a single one', () => {
    expect(all(made(), times(REFUSALS - 1, 'refused')).finding(10)).toBe('well')
    expect(all(made(), times(REFUSALS, 'refused')).finding(10)).toBe('refused')
    expect(all(made(), ['refused', 'ok', 'refused']).finding(10)).toBe('well')
  })

  it('hangs after three calls without an answer between', () => {
    expect(spaced(made(), times(HANGS - 1, 'hung')).finding(200)).toBe('well')
    expect(spaced(made(), times(HANGS, 'hung')).finding(200)).toBe('hanging')
    expect(spaced(made(), ['hung', 'hung', 'ok', 'hung', 'hung']).finding(300)).toBe('well')
  })

  it('does not hang for one moment in which it answered nobody, however many asked', () => {
    expect(all(made(), times(40, 'hung')).finding(50)).toBe('well')
    expect(all(made(), times(HANGS * HANGS_APART_MS, 'hung')).finding(200)).toBe('hanging')
  })

  it('is not slow for one moment in which it was, however many asked', () => {
    const detector = spaced(made(), times(20, 'ok'), 0, 1)
    expect(all(detector, times(200, 'ok'), 1_000, 80, 0).finding(1_001)).toBe('well')
  })

  it('does not hang for calls that were sent before it answered another one', () => {
    const detector = made()
    detector.note({ kind: 'ok', at: 1_000, ms: 1 })
    for (let i = 0; i < 10; i++) detector.note({ kind: 'hung', at: 1_050 + i, ms: 100 })
    expect(detector.finding(1_100)).toBe('well')
    for (let i = 0; i < HANGS; i++) detector.note({ kind: 'hung', at: 1_200 + HANGS_APART_MS * i, ms: 100 })
    expect(detector.finding(1_400)).toBe('hanging')
  })

  it('refuses when one connection after the other ends without an answer', () => {
    expect(all(made(), times(BREAKS - 1, 'broke')).finding(10)).toBe('well')
    expect(all(made(), ['broke', 'broke', 'ok', 'broke', 'broke']).finding(10)).toBe('well')
    expect(all(made(), times(BREAKS, 'broke')).finding(10)).toBe('refused')
  })

  it('is not slow because this process was', () => {
    const detector = made()
    detector.note({ kind: 'busy', at: 500, ms: 400 })
    for (let i = 0; i < 20; i++) detector.note({ kind: 'ok', at: 501 + 15 * i, ms: 400 })
    expect(detector.finding(830)).toBe('well')
  })

  it('is not slow because this process comes round late, a little each time', () => {
    const detector = made()
    for (let i = 0; i < 200; i++) detector.late(15)
    expect(spaced(detector, times(20, 'ok'), 0, 100).finding(1_000)).toBe('well')
    expect(spaced(detector, times(32, 'ok'), 1_000, 1_000).finding(2_600)).toBe('slow')
    // And it is its own fault again as soon as we are in time.
    for (let i = 0; i < 200; i++) detector.late(0)
    expect(spaced(detector, times(32, 'ok'), 2_600, 100).finding(4_200)).toBe('slow')
  })

  it('does not hang because this process did, and does if it is busy for ever', () => {
    const detector = made()
    detector.note({ kind: 'busy', at: 500, ms: 400 })
    for (let i = 0; i < 10; i++) detector.note({ kind: 'hung', at: 501 + i, ms: 100 })
    expect(detector.finding(520)).toBe('well')
    for (let at = 600; at < 600 + EXCUSE_MOST_MS + 500; at += 100) {
      detector.note({ kind: 'busy', at, ms: 100 })
      detector.note({ kind: 'hung', at, ms: 100 })
    }
    expect(detector.finding(6_500)).toBe('hanging')
  })

  it.each(['wrong_role', 'full'] as const)(
    'stays %s though it answers reads, until it takes a write',
    kind => {
      const detector = all(made(), [kind, ...times(20, 'ok' as const)])
      expect(detector.finding(30)).toBe(kind)
      expect(all(detector, ['wrote'], 30).finding(40)).toBe('well')
    },
  )

  it('is full when one write after the other does not end, though it answers reads', () => {
    const detector = all(made(), ['stuck', 'ok', 'stuck', 'ok'])
    expect(detector.finding(10)).toBe('well')
    expect(all(detector, ['stuck', 'ok'], 10).finding(20)).toBe('full')
    expect(all(detector, ['wrote'], 20).finding(30)).toBe('well')
    expect(all(detector, ['stuck', 'stuck', 'wrote', 'stuck'], 30).finding(40)).toBe('well')
  })

  it('is empty until whoever needs it has seen to that, whatever it takes', () => {
    const detector = all(made(), ['empty', 'wrote', 'ok'])
    expect(detector.finding(10)).toBe('empty')
    detector.filled()
    expect(detector.finding(10)).toBe('well')
  })

  it('is slow by its median, not by one answer, and not by answers of another time', () => {
    expect(spaced(made(), times(20, 'ok'), 0, 100).finding(1_000)).toBe('slow')
    expect(spaced(made(), times(20, 'ok'), 0, 100).finding(10_000)).toBe('well')
    const mostly = spaced(made(), times(20, 'ok'), 0, 1)
    expect(spaced(mostly, times(5, 'ok'), 1_000, 1_000).finding(1_300)).toBe('well')
  })

  it('that answers is never refused nor hanging, whatever came before', () => {
    const kinds: SampleKind[] = [
      'ok',
      'wrote',
      'refused',
      'broke',
      'hung',
      'wrong_role',
      'full',
      'empty',
      'busy',
    ]
    const sample = fc.record({ kind: fc.constantFrom(...kinds), after: fc.nat(500), ms: fc.nat(3_000) })
    fc.assert(
      fc.property(fc.array(sample), samples => {
        const detector = made()
        let at = 0
        for (const { kind, after, ms } of samples) {
          at += after
          detector.note({ kind, at, ms } satisfies Sample)
        }
        detector.note({ kind: 'ok', at: at + 1, ms: 1 })
        expect(['refused', 'hanging']).not.toContain(detector.finding(at + 1))
      }),
    )
  })
})
