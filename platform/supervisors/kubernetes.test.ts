// Against a stand-in made from the API's reference.

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeKubernetes } from '../../tests/support/stand-ins/kubernetes.ts'
import { findProgram } from '../engines/find-program.ts'
import { kubernetesSupervisor } from './kubernetes.ts'
import type { Supervisor } from './supervisor.ts'

const never = new AbortController().signal
/** For what is to be answered, on a busy machine, ms; and for what never is. */
const ROOMY_MS = 10_000
const SHORT_MS = 300

describe.skipIf(findProgram('openssl') === null)('Kubernetes', () => {
  let fake: FakeKubernetes
  let kubernetes: Supervisor
  const driver = (changeLimit = ROOMY_MS): Supervisor =>
    kubernetesSupervisor({
      ...fake.access,
      units: { redis: 'statefulset/redis' },
      stateLimit: ROOMY_MS,
      changeLimit,
      grace: 5,
    })
  beforeEach(async () => {
    fake = await FakeKubernetes.open()
    kubernetes = driver()
  })
  afterEach(() => fake.close())

  it('tells how a workload and a pod are', async () => {
    expect(await kubernetes.state('deployment/shop', never)).toEqual({
      ...{ running: 'yes', pid: null, since: Date.parse('2026-01-02T03:04:05Z'), detail: '2 of 2 ready' },
    })
    expect(await kubernetes.state('redis', never)).toMatchObject({ running: 'yes', detail: '1 of 1 ready' })
    expect(await kubernetes.state('pod/redis-0', never)).toMatchObject({
      ...{ running: 'yes', detail: 'Running, ready, 3 restarts' },
    })
  })

  it.each([
    ['deployment/shop', 'deployments', 'shop'],
    ['redis', 'statefulsets', 'redis'],
  ])('rolls %s over, and waits until all of it is new and ready', async (unit, kind, name) => {
    expect(await kubernetes.restart(unit, never)).toMatchObject({ running: 'yes' })
    const patch = fake.calls.find(call => call.startsWith('PATCH'))!
    expect(patch).toMatch(/strategic-merge-patch\+json .*kubectl\.kubernetes\.io\/restartedAt":"\d{4}-/)
    expect(fake.get(kind, name)!.status).toMatchObject({ observedGeneration: 2, currentRevision: 'next' })
  })

  it('goes on when a watch is too old to go on from', async () => {
    fake.fault = 'gone watches'
    expect(await kubernetes.restart('deployment/shop', never)).toMatchObject({ running: 'yes' })
  })

  it('stops to nothing, and starts as many as there were', async () => {
    expect(await kubernetes.stop('deployment/shop', never)).toMatchObject({
      running: 'no',
      detail: '0 of 0 ready',
    })
    expect(await kubernetes.stop('deployment/shop', never)).toMatchObject({ running: 'no' })
    expect(await kubernetes.start('deployment/shop', never)).toMatchObject({ detail: '2 of 2 ready' })
    expect(await kubernetes.start('deployment/shop', never)).toMatchObject({ running: 'yes' })
    expect(fake.get('deployments', 'shop')!.metadata.annotations).toEqual({})
    // One that does not run is started by a restart.
    await kubernetes.stop('redis', never)
    expect(await kubernetes.restart('redis', never)).toMatchObject({ detail: '1 of 1 ready' })
  })

  it('deletes exactly the pod it has seen, and waits for the other of its name', async () => {
    const before = fake.get('pods', 'redis-0')!.metadata.uid
    expect(await kubernetes.restart('pod/redis-0', never)).toMatchObject({ running: 'yes' })
    const order = fake.calls.find(call => call.startsWith('DELETE'))!
    expect(order).toContain(`"preconditions":{"uid":"${before}"}`)
    expect(order).toContain('"gracePeriodSeconds":5')
    expect(fake.get('pods', 'redis-0')!.metadata.uid).not.toBe(before)
  })

  it('deletes no pod that would come back under another name, and scales none', async () => {
    await expect(kubernetes.restart('pod/shop-abc', never)).rejects.toThrow(/ReplicaSet.*deployment/)
    await expect(kubernetes.stop('pod/redis-0', never)).rejects.toMatchObject({ kind: 'failed' })
    expect(fake.calls.filter(call => !call.startsWith('GET'))).toEqual([])
  })

  it('says so where nothing is replaced by itself', async () => {
    await expect(kubernetes.restart('statefulset/by-hand', never)).rejects.toThrow(/OnDelete/)
  })

  it.each([
    [403, 'denied', /403/],
    [409, 'conflict', /409/],
    [500, 'failed', /500/],
    ['deadline', 'failed', /longer than it may/],
    ['hang', 'hung', /within/],
    ['stuck', 'hung', /within/],
  ] as const)('%s: %s', async (fault, kind, says) => {
    fake.fault = fault
    const restart = driver(kind === 'hung' ? SHORT_MS : ROOMY_MS).restart('deployment/shop', never)
    await expect(restart).rejects.toMatchObject({ name: 'SupervisorFailed', kind })
    await expect(restart).rejects.toThrow(says)
  })

  it('is denied with another token, and reads it anew each time', async () => {
    const token = path.join(fake.folder, 'token')
    writeFileSync(token, 'another')
    await expect(kubernetes.state('redis', never)).rejects.toMatchObject({ kind: 'denied' })
    writeFileSync(token, 'a-token-of-a-service-account')
    expect(await kubernetes.state('redis', never)).toMatchObject({ running: 'yes' })
  })

  it('trusts no server of another authority, and is away where there is none', async () => {
    const { caFile: _, ...access } = fake.access
    const own = path.join(fake.folder, 'redis.key')
    await expect(
      kubernetesSupervisor({ ...access, caFile: own }).state('redis', never),
    ).rejects.toMatchObject({ name: 'SupervisorFailed' })
    const nobody = kubernetesSupervisor({ ...fake.access, base: 'https://127.0.0.1:1' })
    await expect(nobody.state('deployment/shop', never)).rejects.toMatchObject({ kind: 'away' })
    await expect(kubernetesSupervisor().state('pod/redis-0', never)).rejects.toMatchObject({ kind: 'away' })
  })

  it('takes no name that would lead elsewhere', async () => {
    for (const name of ['secret/x', 'deployment/../x', 'deployment/', 'pod/A', 'x', 'deployment/a?b'])
      await expect(kubernetes.restart(name, never)).rejects.toMatchObject({ kind: 'unknown_unit' })
    await expect(kubernetes.state('deployment/none', never)).rejects.toMatchObject({ kind: 'unknown_unit' })
    expect(fake.calls).toHaveLength(1)
  })
})
