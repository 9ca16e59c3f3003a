import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSmallStore, type SmallStore } from '../../platform/store/small-store.ts'
import { diagnose, type Symptom } from '../diagnosis/diagnose.ts'
import { HOLD_MS } from './incident.ts'
import { IncidentDesk } from './incident-desk.ts'
import { incidentSteps } from './incident-store.ts'

const symptom = (id: string): Symptom => ({ id, since: 500, level: 'critical', value: 0, labels: {} })

let folder: string
let store: SmallStore
let told: string[]
let fails: boolean
async function open(): Promise<IncidentDesk> {
  store = await openSmallStore(path.join(folder, 'operator.db'), incidentSteps)
  return new IncidentDesk({
    store,
    tell({ what, incident }) {
      if (fails) throw new Error('died')
      told.push(`${what} ${incident.number}`)
    },
  })
}
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'levee-desk-'))
  told = []
  fails = false
})
afterEach(() => {
  store.close()
  rmSync(folder, { recursive: true })
})

it('goes on after a restart with what it knew', async () => {
  let desk = await open()
  desk.take(diagnose([symptom('redis-up')]), 1_000)
  store.close()
  desk = await open()
  expect(desk.take(diagnose([symptom('redis-up')]), 2_000)).toEqual([])
  expect(desk.incidents.acknowledge(1, 'dba', 2_500)).toBe(true)
  expect(desk.incidents.acknowledge(1, 'another', 2_600)).toBe(false)
  desk.take([], 3_000)
  desk.take([], 3_000 + HOLD_MS)
  expect(told).toEqual(['opened 1', 'recovering 1', 'resolved 1'])
  expect(desk.incidents.find(1)).toMatchObject({
    ...{ key: 'redis-down', state: 'resolved', since: 500, openedAt: 1_000, endedAt: 3_000 },
    ...{ acknowledgedBy: 'dba' },
  })
  expect(desk.incidents.facts(1).map(({ kind, at }) => [kind, at])).toEqual([
    ['opened', 1_000],
    ['acknowledged', 2_500],
    ['recovering', 3_000],
    ['resolved', 3_000 + HOLD_MS],
  ])
  desk.take(diagnose([symptom('redis-up')]), 60_000)
  expect(desk.incidents.list(10).map(({ number, state }) => [number, state])).toEqual([
    [2, 'open'],
    [1, 'resolved'],
  ])
})

it('has told exactly of what it has', async () => {
  const desk = await open()
  fails = true
  expect(() => desk.take(diagnose([symptom('redis-up')]), 1_000)).toThrow('died')
  expect(desk.incidents.list(10)).toEqual([])
  fails = false
  desk.take(diagnose([symptom('redis-up')]), 1_100)
  expect([told, desk.incidents.list(10).length]).toEqual([['opened 1'], 1])
})
