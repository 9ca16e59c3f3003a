import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { indicatorById } from '../monitoring/indicators.ts'
import { causes } from './causes.ts'
import { diagnose, type Symptom } from './diagnose.ts'

const MINUTE = 60_000
const symptom = (id: string, since = 0): Symptom => ({ id, since, level: 'warning', value: 1, labels: {} })
const told = (...symptoms: readonly Symptom[]) =>
  diagnose(symptoms).map(({ key, symptoms: of }) => [key, of.map(({ id }) => id)])

describe('the table', () => {
  it('speaks of indicators that there are', () => {
    const named = causes.flatMap(({ shownBy, explains, against }) => [...shownBy, ...explains, ...against])
    expect(named.filter(id => !indicatorById.has(id))).toEqual([])
    expect(new Set(causes.map(({ id }) => id)).size).toBe(causes.length)
  })

  it('has an answer to every alarm, or leaves it alone on purpose', () => {
    const covered = new Set(causes.flatMap(({ shownBy, explains }) => [...shownBy, ...explains]))
    const alone = [...indicatorById.values()].filter(({ id, alarm }) => alarm !== null && !covered.has(id))
    expect(alone.map(({ id }) => id)).toEqual(['blind'])
  })
})

describe('a cause', () => {
  it('explains what follows from it: one Redis that is down is one thing', () => {
    expect(
      told(symptom('D4', 9_000), symptom('redis-up', 1_000), symptom('A1', 20_000), symptom('D12', 5_000)),
    ).toEqual([['redis-down', ['D4', 'redis-up', 'A1', 'D12']]])
  })

  it('does not explain what was there long before', () => {
    expect(told(symptom('D4', 0), symptom('redis-up', 5 * MINUTE))).toEqual([
      ['unknown:D4', ['D4']],
      ['redis-down', ['redis-up']],
    ])
  })

  it('is the deeper one, where two would do', () => {
    expect(told(symptom('D10'), symptom('ledger-up'), symptom('D3'), symptom('I5'))).toEqual([
      ['ledger-down', ['D10', 'ledger-up', 'D3', 'I5']],
    ])
    expect(told(symptom('D3'), symptom('I5'), symptom('D11'))).toEqual([
      ['ledger-blocker', ['D3', 'I5', 'D11']],
    ])
  })

  it('is not alone where two things fail at once', () => {
    expect(told(symptom('redis-up'), symptom('kafka-up'), symptom('D1'), symptom('D4'))).toEqual([
      ['redis-down', ['redis-up', 'D4']],
      ['kafka-down', ['kafka-up', 'D1']],
    ])
  })

  it('is believed more the more it explains, and less where something speaks against it', () => {
    const confidence = (...ids: readonly string[]) =>
      diagnose(ids.map(id => symptom(id))).find(({ cause }) => cause?.id === 'network-slow')?.confidence ?? 0
    expect(confidence('D8', 'A1')).toBeGreaterThan(confidence('D8'))
    // Which explains the slow answers of the engines as well.
    expect(confidence('D8', 'D5')).toBe(0)
    expect(diagnose([symptom('D1'), symptom('D3', -5 * MINUTE)])[0]).toMatchObject({ key: 'ledger-blocker' })
  })
})

it('whatever the symptoms: each belongs to exactly one diagnosis, and their order changes nothing', () => {
  const ids = [...indicatorById.keys()]
  const some = fc.uniqueArray(
    fc.record({ id: fc.constantFrom(...ids), since: fc.integer({ min: 0, max: 10 * MINUTE }) }),
    { selector: ({ id }) => id },
  )
  fc.assert(
    fc.property(some, list => {
      const symptoms = list.map(({ id, since }) => symptom(id, since))
      const found = diagnose(symptoms)
      expect(found.flatMap(each => each.symptoms.map(({ id }) => id)).sort()).toEqual(
        list.map(({ id }) => id).sort(),
      )
      const keys = (of: typeof found) =>
        of.map(({ key, symptoms: has }) => [key, ...has.map(({ id }) => id).sort()].join()).sort()
      expect(keys(diagnose([...symptoms].reverse()))).toEqual(keys(found))
      for (const { confidence } of found) expect(confidence >= 0 && confidence <= 1).toBe(true)
    }),
  )
})
