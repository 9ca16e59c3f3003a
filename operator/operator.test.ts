// The whole way, with an engine made of two variables: noticed, told, acted on, verified, recorded; and a restart in the middle.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { createLog } from '../platform/log/log.ts'
import { openSmallStore, type SmallStore } from '../platform/store/small-store.ts'
import { incidentSteps } from './incidents/incident-store.ts'
import { LEASE_MS, leaseSteps } from './lease.ts'
import { Operator } from './operator.ts'
import { actSteps } from './recovery/act-store.ts'

const log = createLog({ level: 'silent', name: 'test' })
/** Time goes so many times faster. */
const PACE = 60
const SOON = { timeout: 15_000, interval: 20 }

let store: SmallStore
let isUp: boolean
let helps: boolean
let restarts: number
let told: string[]
let escalated: string[]
let running: Operator[]
beforeEach(async () => {
  store = await openSmallStore(':memory:', [...incidentSteps, ...actSteps, ...leaseSteps])
  ;[isUp, helps, restarts, told, escalated, running] = [true, true, 0, [], [], []]
})
afterEach(async () => {
  await Promise.all(running.map(operator => operator.stop()))
  store.close()
})

const begin = Date.now()
const clock = () => begin + Math.round(performance.now() * PACE)

function operator(owner: string, skew = 0): Operator {
  const made = new Operator({
    ...{ store, log, owner, clock: () => clock() + skew },
    collectors: [
      {
        ...{ name: 'redis', every: 10, limit: 1_000 },
        read: async () => [{ name: 'levee_engine_up', labels: { engine: 'redis' }, value: isUp ? 1 : 0 }],
      },
    ],
    levers: {
      'restart-redis': async () => {
        restarts++
        isUp = helps
        return 'restarted'
      },
    },
    checks: { 'redis-answers': async () => ({ isTrue: isUp, evidence: isUp ? 'PONG' : 'refused' }) },
    tell: ({ what, incident }) => told.push(`${what} ${incident.number} ${incident.key}`),
    escalate: ({ number }, why) => escalated.push(`${number}: ${why}`),
  })
  running.push(made)
  made.start()
  return made
}
const wellSeen = (of: Operator) => expect.poll(() => of.watch.standing('redis-up')?.state, SOON).toBe('well')

it('notices, acts, verifies, and is done', async () => {
  const one = operator('one')
  await wellSeen(one)
  isUp = false
  await expect
    .poll(() => told, SOON)
    .toEqual(['opened 1 redis-down', 'recovering 1 redis-down', 'resolved 1 redis-down'])
  expect([restarts, escalated]).toEqual([1, []])
  expect(one.desk.incidents.facts(1).map(({ kind, fact }) => fact.what ?? kind)).toEqual([
    ...['opened', 'not yet', 'helped', 'recovering', 'resolved', 'impact'],
  ])
})

it('does not do again what does not help', async () => {
  const one = operator('one')
  await wellSeen(one)
  ;[isUp, helps] = [false, false]
  await expect.poll(() => restarts, SOON).toBe(1)
  one.acting = 'enough'
  isUp = true
  await expect.poll(() => told.at(-1), SOON).toBe('resolved 1 redis-down')
  expect(restarts).toBe(1)
})

it('with the red switch set watches, tells and does nothing', async () => {
  const one = operator('one')
  await wellSeen(one)
  one.acting = 'maintenance'
  isUp = false
  await expect.poll(() => escalated, SOON).toEqual(['1: redis-down: refused'])
  expect([told, restarts]).toEqual([['opened 1 redis-down'], 0])
})

it('goes on where another one died: nothing is told twice, and nothing forgotten', async () => {
  const one = operator('one')
  await wellSeen(one)
  one.acting = 'not yet'
  isUp = false
  await expect.poll(() => escalated.length, SOON).toBe(1)
  // It dies: nobody gives the lease back.
  await one.stop()
  running.pop()
  store.run('UPDATE lease SET owner = ?, until = ?', 'one', clock() + LEASE_MS)
  const two = operator('two')
  await expect
    .poll(() => told, SOON)
    .toEqual(['opened 1 redis-down', 'recovering 1 redis-down', 'resolved 1 redis-down'])
  expect(restarts).toBe(1)
  expect(two.desk.incidents.list(9)).toHaveLength(1)
})

it('does nothing while another one acts', async () => {
  const one = operator('one')
  await wellSeen(one)
  operator('two')
  isUp = false
  await expect.poll(() => told.at(-1), SOON).toBe('resolved 1 redis-down')
  expect([told.length, restarts]).toEqual([3, 1])
})
