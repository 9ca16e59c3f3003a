import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSmallStore, type SmallStore } from '../../platform/store/small-store.ts'
import { ActStore, actSteps } from './act-store.ts'
import { ACTS_AN_HOUR, COOL_DOWN_MS } from './limits.ts'
import type { Playbook, Step } from './playbook.ts'
import { playbooks } from './playbooks.ts'
import { type Progress, type RunnerDeps, runPlaybook } from './run-playbook.ts'

const step = (id: string, more: Partial<Step> = {}): Step => ({
  ...{ id, what: { en: id, ko: id }, act: 'restart-redis', on: 'redis', check: 'redis-answers', limit: 50 },
  ...{ otherwise: 'escalate', ...more },
})
const book = (...steps: readonly Step[]): Playbook => ({
  id: 'test',
  name: { en: 'test', ko: 'test' },
  steps,
})

let store: SmallStore
let acts: ActStore
let now: number
/** Redis answers; what a restart makes of that; how often it was done. */
let answers: boolean
let helps: boolean
let restarts: number
let said: string[]
let forbid: string | null
let seen: boolean
let deps: RunnerDeps
let stopping: AbortController
beforeEach(async () => {
  store = await openSmallStore(':memory:', actSteps)
  acts = new ActStore(store)
  stopping = new AbortController()
  ;[now, answers, helps, restarts, said, forbid, seen] = [1_000_000, false, true, 0, [], null, true]
  deps = {
    acts,
    clock: () => now,
    levers: {
      'restart-redis': async () => {
        restarts++
        answers = helps
        return 'restarted'
      },
    },
    checks: {
      'redis-answers': async () => ({ isTrue: answers, evidence: answers ? 'PONG' : 'refused' }),
      'ranking-is-right': async () => ({ isTrue: true, evidence: '0 differences' }),
    },
    mayAct: () => forbid,
    sees: () => seen,
    wait: () => Promise.resolve(),
    stopping: stopping.signal,
  }
})
afterEach(() => store.close())

const run = (playbook: Playbook, incident = 1, dryRun = false) =>
  runPlaybook(deps, playbook, { incident, dryRun, progress: progress => said.push(told(progress)) })
const told = ({ step: { id }, what }: Progress) => `${id}: ${what}`

it('does nothing about what is well', async () => {
  answers = true
  expect(await run(book(step('restart')))).toBe('well')
  expect([said, restarts]).toEqual([['restart: true already'], 0])
})

it('does, verifies and writes down', async () => {
  const compare = step('compare', { act: null, check: 'ranking-is-right' })
  expect(await run(book(step('restart'), compare))).toBe('well')
  expect(said).toEqual(['restart: helped', 'compare: true already'])
  expect(acts.ofIncident(1)).toMatchObject([
    { act: 'restart-redis', step: 'restart', at: now, outcome: 'helped', evidence: 'restarted; then: PONG' },
  ])
})

it('escalates what did not help, and does not do it again for this incident', async () => {
  helps = false
  expect(await run(book(step('restart'), step('after')))).toBe('helpless')
  expect(said).toEqual(['restart: in vain'])
  now += 10 * COOL_DOWN_MS
  expect(await run(book(step('restart')))).toBe('refused')
  expect([said.at(-1), restarts]).toEqual(['restart: refused', 1])
  // Another incident is another matter.
  helps = true
  expect(await run(book(step('restart')), 2)).toBe('well')
})

it('goes on to the next step where the playbook says so', async () => {
  const wait = step('wait', { act: null, otherwise: 'next' })
  expect(await run(book(wait, step('restart')))).toBe('well')
  expect(said).toEqual(['wait: not yet', 'restart: helped'])
})

it('waits before it does the same again, and not for ever', async () => {
  for (let i = 0; i < ACTS_AN_HOUR; i++) {
    answers = false
    expect(await run(book(step('restart')), i)).toBe('well')
    answers = false
    expect(await run(book(step('restart')), i)).toBe('refused')
    expect(said.at(-1)).toBe('restart: refused')
    now += COOL_DOWN_MS
  }
  expect(await run(book(step('restart')), 9)).toBe('refused')
  expect(restarts).toBe(ACTS_AN_HOUR)
  now += 3_600_000
  expect(await run(book(step('restart')), 9)).toBe('well')
})

it('does not repeat blindly what it died over', async () => {
  acts.begin({
    ...{ incident: 1, playbook: 'test', step: 'restart', act: 'restart-redis' },
    target: 'redis',
    at: now,
  })
  expect(await run(book(step('restart')))).toBe('refused')
  expect([said, restarts]).toEqual([['restart: refused'], 0])
})

it.each([
  ['the red switch is set', () => (forbid = 'the red switch is set')],
  ['it is blind', () => (seen = false)],
  ['it has no such lever', () => (deps = { ...deps, levers: {} })],
])('does nothing when %s', async (_, set) => {
  set()
  expect(await run(book(step('restart')))).toBe('refused')
  expect([said, restarts]).toEqual([['restart: refused'], 0])
})

it('says in a dry run what it would do, and does nothing', async () => {
  expect(await run(book(step('wait', { act: null, otherwise: 'next' }), step('restart')), 1, true)).toBe(
    'well',
  )
  expect(said).toEqual(['wait: would do', 'restart: would do'])
  expect([restarts, acts.ofIncident(1)]).toEqual([0, []])
})

it('takes what nobody can tell for not true', async () => {
  deps = {
    ...deps,
    checks: {
      'redis-answers': () =>
        restarts > 0 ? Promise.resolve({ isTrue: true, evidence: '' }) : Promise.reject(new Error('?')),
    },
  }
  expect(await run(book(step('restart')))).toBe('well')
  expect(restarts).toBe(1)
})

it('writes down what could not be done', async () => {
  deps = { ...deps, levers: { 'restart-redis': () => Promise.reject(new Error('no such unit')) } }
  expect(await run(book(step('restart')))).toBe('helpless')
  expect(said).toEqual(['restart: failed'])
  expect(acts.ofIncident(1)).toMatchObject([
    { outcome: 'failed', evidence: 'it could not be done: no such unit' },
  ])
})

it('ends with the operator, and leaves what was begun as begun', async () => {
  deps = {
    ...deps,
    levers: {
      'restart-redis': signal =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')))
          stopping.abort()
        }),
    },
  }
  expect(await run(book(step('restart'), step('after')))).toBe('stopped')
  expect(said).toEqual([])
  expect(acts.ofIncident(1)).toMatchObject([{ outcome: null, endedAt: null }])
})

it('every playbook has steps of its own names', () => {
  for (const { steps } of playbooks) expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length)
  expect(new Set(playbooks.map(({ id }) => id)).size).toBe(playbooks.length)
})
