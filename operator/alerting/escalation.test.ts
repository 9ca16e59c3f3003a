import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LEVELS, type Level } from '../level.ts'
import {
  type AlertState,
  acknowledged,
  changed,
  closed,
  dueAt,
  ESCALATION,
  healed,
  judged,
  type Move,
  opened,
  relapsed,
  tick,
} from './escalation.ts'

const MINUTE = 60_000
const { acknowledge, hold } = ESCALATION
const PEOPLE = 2

const said = ({ says }: Move) => says.map(({ kind, level, step }) => `${kind} ${level} ${step}`)

/** Ticks when it asks for it until then; says what was told, with minutes. */
function until(
  state: AlertState,
  end: number,
  quiet = false,
  people = PEOPLE,
): { state: AlertState; told: string[] } {
  const told: string[] = []
  let current = state
  for (let due = dueAt(current); due !== null && due <= end; due = dueAt(current)) {
    const move = tick(current, due, people, quiet)
    if (move.state === current) break
    told.push(...said(move).map(line => `${due / MINUTE} ${line}`))
    current = move.state
  }
  return { state: current, told }
}

describe('a critical incident that nobody acknowledges', () => {
  test('goes to the next person, then is an emergency, then reminds, a bounded number of times', () => {
    const { state, told } = until(opened('critical', 0).state, 24 * 60 * MINUTE)
    expect(told.slice(0, 4)).toEqual([
      '5 escalated critical 1',
      '10 escalated emergency 2',
      '15 reminder emergency 2',
      '20 reminder emergency 2',
    ])
    expect(told).toHaveLength(2 + ESCALATION.remindersMost)
    expect(state.level).toBe('emergency')
    expect(dueAt(state)).toBeNull()
  })

  test('with nobody to ask is an emergency after one limit', () => {
    expect(until(opened('critical', 0).state, 5 * MINUTE, false, 0).told).toEqual(['5 escalated emergency 1'])
  })

  test('is told neither before the limit nor twice in it', () => {
    const { state } = opened('critical', 0)
    expect(tick(state, acknowledge - 1, PEOPLE)).toEqual({ state, says: [] })
    const next = tick(state, acknowledge, PEOPLE).state
    expect(tick(next, acknowledge, PEOPLE)).toEqual({ state: next, says: [] })
  })

  test('whoever comes late says one thing', () => {
    expect(said(tick(opened('critical', 0).state, 24 * 60 * MINUTE, PEOPLE))).toEqual([
      'escalated critical 1',
    ])
  })
})

describe('acknowledged', () => {
  test('it does not escalate, and reminds once an hour', () => {
    const { state, says } = acknowledged(opened('critical', 0).state, MINUTE)
    expect(says).toMatchObject([{ kind: 'acknowledged' }])
    expect(until(state, 130 * MINUTE).told).toEqual(['61 reminder critical 0', '121 reminder critical 0'])
  })

  test('a second time it says nothing', () => {
    const { state } = acknowledged(opened('critical', 0).state, MINUTE)
    expect(acknowledged(state, 2 * MINUTE)).toEqual({ state, says: [] })
  })

  test('and then worse, it has to be acknowledged anew', () => {
    const known = acknowledged(opened('warning', 0).state, MINUTE).state
    const worse = judged(known, 'critical', 2 * MINUTE)
    expect(said(worse)).toEqual(['escalated critical 0'])
    expect(until(worse.state, 7 * MINUTE).told).toEqual(['7 escalated critical 1'])
  })
})

test('a milder level lowers nothing', () => {
  const { state } = opened('emergency', 0)
  expect(judged(state, 'warning', 1)).toEqual({ state, says: [] })
  expect(judged(state, 'emergency', 1)).toEqual({ state, says: [] })
})

describe('healed', () => {
  test('it is over when it stays so', () => {
    const { state, says } = healed(opened('critical', 0).state, MINUTE)
    expect(says).toEqual([])
    expect(tick(state, MINUTE + hold - 1, PEOPLE).says).toEqual([])
    const over = tick(state, MINUTE + hold, PEOPLE)
    expect(said(over)).toEqual(['resolved critical 0'])
    expect(dueAt(over.state)).toBeNull()
    for (const move of [
      closed(over.state, 1e9),
      healed(over.state, 1e9),
      relapsed(over.state, 1e9),
      changed(over.state, 1e9),
    ])
      expect(move).toEqual({ state: over.state, says: [] })
    expect(judged(over.state, 'emergency', 1e9).says).toEqual([])
    expect(acknowledged(over.state, 1e9).says).toEqual([])
  })

  test('and back within the hold, it continues without a word', () => {
    let { state } = opened('critical', 0)
    for (let turn = 1; turn <= 5; turn++) {
      state = healed(state, turn * MINUTE).state
      const back = relapsed(state, turn * MINUTE + 30_000)
      expect(back.says).toEqual([])
      state = back.state
    }
    expect(state.relapses).toBe(5)
    // Time limits stood still while it looked healed.
    expect(dueAt(state)).toBe(acknowledge + 5 * 30_000)
  })

  test('nobody is paged meanwhile', () => {
    const { state } = healed(opened('critical', 0).state, acknowledge - 1_000)
    expect(tick(state, acknowledge, PEOPLE).says).toEqual([])
  })

  test('a person may say that it is over at once', () => {
    expect(said(closed(opened('warning', 0).state, 1))).toEqual(['resolved warning 0'])
  })
})

describe('under a silence', () => {
  test('nothing is told, and what still stands when it ends is told as new', () => {
    const { state, says } = opened('critical', 0, true)
    expect(says).toEqual([])
    expect(changed(state, 1).says).toEqual([])
    expect(dueAt(state)).toBeNull()
    expect(tick(state, 60 * MINUTE, PEOPLE, true)).toEqual({ state, says: [] })
    const after = tick(state, 61 * MINUTE, PEOPLE, false)
    expect(said(after)).toEqual(['opened critical 0'])
    expect(dueAt(after.state)).toBe(61 * MINUTE + acknowledge)
  })

  test('what was over before it was told is never told', () => {
    const { state } = healed(opened('critical', 0, true).state, 1)
    const over = tick(state, 1 + hold, PEOPLE, false)
    expect(over).toMatchObject({ says: [], state: { over: true } })
  })

  test('what gets too bad for it is told as new', () => {
    const { state } = opened('critical', 0, true)
    expect(said(judged(state, 'emergency', 1, false))).toEqual(['opened emergency 0'])
    expect(judged(state, 'emergency', 1, true).says).toEqual([])
  })

  test('what was told before it does not escalate during it, but after', () => {
    const { state } = opened('critical', 0)
    expect(tick(state, 10 * MINUTE, PEOPLE, true).says).toEqual([])
    expect(said(tick(state, 11 * MINUTE, PEOPLE, false))).toEqual(['escalated critical 1'])
  })
})

test('whatever happens: opened comes first and once, resolved last and once, levels only rise, pages are bounded', () => {
  const event = fc.record({
    after: fc.integer({ min: 0, max: 20 * MINUTE }),
    what: fc.constantFrom('judged', 'changed', 'acknowledged', 'healed', 'relapsed', 'closed', 'tick'),
    level: fc.constantFrom<Level>(...LEVELS),
    quiet: fc.boolean(),
  })
  fc.assert(
    fc.property(
      fc.constantFrom<Level>(...LEVELS),
      fc.boolean(),
      fc.array(event, { maxLength: 40 }),
      (first, hushed, events) => {
        let now = 0
        let { state, says } = opened(first, now, hushed)
        const all = [...says]
        for (const { after, what, level, quiet } of events) {
          now += after
          const before = state
          const moves: Record<string, () => Move> = {
            judged: () => judged(state, level, now, quiet),
            changed: () => changed(state, now),
            acknowledged: () => acknowledged(state, now),
            healed: () => healed(state, now),
            relapsed: () => relapsed(state, now),
            closed: () => closed(state, now),
            tick: () => tick(state, now, PEOPLE, quiet),
          }
          ;({ state, says } = moves[what]!())
          all.push(...says)
          expect(says.length).toBeLessThanOrEqual(1)
          expect(LEVELS.indexOf(state.level)).toBeGreaterThanOrEqual(LEVELS.indexOf(before.level))
        }
        const kinds = all.map(({ kind }) => kind)
        if (kinds.length > 0) expect(kinds[0]).toBe('opened')
        expect(kinds.filter(kind => kind === 'opened').length).toBeLessThanOrEqual(1)
        expect(kinds.filter(kind => kind === 'resolved').length).toBeLessThanOrEqual(1)
        if (kinds.includes('resolved')) expect(kinds.at(-1)).toBe('resolved')
        const end = until(state, now + 1e9)
        expect(end.told.length).toBeLessThanOrEqual(PEOPLE + 1 + 2 * ESCALATION.remindersMost)
      },
    ),
    { numRuns: 500 },
  )
})
