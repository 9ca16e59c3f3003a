// Against a stand-in made from the description of the Engine API.

import { createServer } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeDocker } from '../../tests/support/stand-ins/docker.ts'
import { dockerSupervisor, parseContainer } from './docker.ts'
import type { Supervisor } from './supervisor.ts'

const never = new AbortController().signal
const STARTED = '2026-01-02T03:04:05.123456789Z'
const NEVER = '0001-01-01T00:00:00Z'
/** For what is to be answered, on a busy machine, ms; and for what never is. */
const ROOMY_MS = 10_000
const SHORT_MS = 200

describe('Docker', () => {
  let fake: FakeDocker
  let docker: Supervisor
  const driver = (changeLimit: number): Supervisor =>
    dockerSupervisor({
      ...{ base: fake.base, units: { redis: 'shop-redis-1' }, grace: 1 },
      ...{ stateLimit: ROOMY_MS, changeLimit },
    })
  beforeEach(async () => {
    const running = { status: 'running', pid: 7, startedAt: STARTED, finishedAt: NEVER, exitCode: 0 } as const
    fake = await FakeDocker.open({
      'shop-redis-1': { ...running, health: 'unhealthy' },
      kafka: { ...running, status: 'exited', pid: 0, finishedAt: STARTED, exitCode: 137 },
      slow: { ...running, status: 'restarting' },
    })
    docker = driver(ROOMY_MS)
  })
  afterEach(() => fake.close())

  it('tells how a container is', async () => {
    expect(await docker.state('redis', never)).toEqual({
      ...{ running: 'yes', pid: 7, since: Date.parse(STARTED), detail: 'running, unhealthy' },
    })
    expect(await docker.state('kafka', never)).toEqual({
      ...{ running: 'no', pid: null, since: Date.parse(STARTED) },
      detail: 'exited, exit code 137, killed for want of memory',
    })
    expect(await docker.state('slow', never)).toMatchObject({ running: 'unknown', detail: 'restarting' })
  })

  it('restarts, stops and starts', async () => {
    const after = await docker.restart('redis', never)
    expect(after).toMatchObject({ running: 'yes', pid: 1_007 })
    expect(after.since).toBeGreaterThan(Date.parse(STARTED))
    expect(fake.calls).toContain('POST /v1.47/containers/shop-redis-1/restart?t=1')
    expect(await docker.restart('kafka', never)).toMatchObject({ running: 'yes' })
    // What is so already is no error.
    for (const _ of [1, 2])
      expect(await docker.stop('kafka', never)).toMatchObject({ running: 'no', pid: null })
    for (const _ of [1, 2]) expect(await docker.start('kafka', never)).toMatchObject({ running: 'yes' })
  })

  it('takes no name that would lead elsewhere', async () => {
    for (const name of ['../images', 'a/b', 'a?force=1', '', '-x', 'a b'])
      await expect(docker.stop(name, never)).rejects.toMatchObject({ kind: 'unknown_unit' })
    expect(fake.calls).toEqual([])
  })

  it.each([
    [409, 'conflict', /marked for removal/],
    [500, 'failed', /500/],
    ['nothing happens', 'failed', /after restart/],
    ['hang', 'hung', /within/],
  ] as const)('%s: %s', async (fault, kind, says) => {
    fake.fault = fault
    const restart = driver(kind === 'hung' ? SHORT_MS : ROOMY_MS).restart('redis', never)
    await expect(restart).rejects.toMatchObject({ name: 'SupervisorFailed', kind })
    await expect(restart).rejects.toThrow(says)
  })

  it('is away where nobody listens, and does not know a container that is not there', async () => {
    await expect(docker.state('none', never)).rejects.toMatchObject({ kind: 'unknown_unit' })
    const nobody = dockerSupervisor({ base: 'unix:///no/such.sock' })
    await expect(nobody.state('redis', never)).rejects.toMatchObject({ kind: 'away' })
    const closed = dockerSupervisor({ base: 'http://127.0.0.1:1' })
    await expect(closed.state('redis', never)).rejects.toMatchObject({ kind: 'away' })
  })

  it('by HTTP, of something that is no Docker, says so', async () => {
    const server = createServer((_request, response) => response.end('hello'))
    const { promise, resolve } = Promise.withResolvers<void>()
    server.listen(0, '127.0.0.1', resolve)
    await promise
    const { port } = server.address() as { port: number }
    const other = dockerSupervisor({ base: `http://127.0.0.1:${port}` })
    await expect(other.state('redis', never)).rejects.toMatchObject({ kind: 'failed' })
    server.close()
  })

  it('an answer that says nothing of the state is no state', () => {
    for (const text of ['', '[]', '{"State":{}}', 'null', '<html>'])
      expect(() => parseContainer(text)).toThrow(/says nothing|null/)
  })
})
