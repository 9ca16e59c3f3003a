// Against a stand-in made from systemctl(1), and against the real program where it is here without a systemd that runs.

import { existsSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeSystemctl } from '../../tests/support/stand-ins/systemctl.ts'
import { findProgram } from '../engines/find-program.ts'
import type { Supervisor } from './supervisor.ts'
import { parseShow, systemdSupervisor } from './systemd.ts'

const never = new AbortController().signal
/** For a program that is to end by itself, on a busy machine, ms; and for one that never does. */
const ROOMY_MS = 10_000
const SHORT_MS = 500

describe('systemd', () => {
  let fake: FakeSystemctl
  let systemd: Supervisor
  const driver = (changeLimit: number): Supervisor =>
    systemdSupervisor({ env: fake.env, units: { mysql: 'mariadb' }, changeLimit })
  beforeEach(() => {
    fake = new FakeSystemctl({
      redis: { active: 'active', sub: 'running', pid: 7 },
      mariadb: { active: 'inactive', sub: 'dead', pid: 0 },
      kafka: { active: 'failed', sub: 'failed', pid: 0 },
    })
    systemd = driver(ROOMY_MS)
  })
  afterEach(() => fake.drop())

  it('tells how a unit is', async () => {
    const running = await systemd.state('redis', never)
    expect(running).toMatchObject({ running: 'yes', pid: 7, detail: 'active, running' })
    expect(Math.abs(Date.now() - 5_000 - running.since!)).toBeLessThan(3_000)
    expect(await systemd.state('mysql', never)).toMatchObject({ running: 'no', pid: null })
    expect(await systemd.state('kafka', never)).toMatchObject({
      running: 'no',
      detail: 'failed, failed, exit-code',
    })
  })

  it('restarts, stops and starts by the name that the unit has here', async () => {
    expect(await systemd.restart('redis', never)).toMatchObject({ running: 'yes', pid: 1_007 })
    expect(await systemd.start('mysql', never)).toMatchObject({ running: 'yes', pid: 1_000 })
    expect(await systemd.start('mysql', never)).toMatchObject({ running: 'yes', pid: 1_000 })
    expect(await systemd.stop('mysql', never)).toMatchObject({ running: 'no', pid: null })
    expect(fake.calls).toContain('["restart","--no-ask-password","--","redis"]')
  })

  it('takes no name that could be something else', async () => {
    for (const name of ['--force', '-H host', 'redis; reboot', 'a b', '', '$(reboot)', '../redis'])
      await expect(systemd.restart(name, never)).rejects.toMatchObject({ kind: 'unknown_unit' })
    expect(fake.calls).toEqual([])
  })

  it.each([
    ['denied', 'denied', /Access denied/],
    ['job fails', 'failed', /control process exited/],
    ['no systemd', 'away', /not been booted/],
    ['still old', 'failed', /after restart/],
    ['hang', 'hung', /within/],
  ] as const)('%s: %s', async (fault, kind, says) => {
    fake.fault(fault)
    const restart = driver(kind === 'hung' ? SHORT_MS : ROOMY_MS).restart('redis', never)
    await expect(restart).rejects.toMatchObject({ name: 'SupervisorFailed', kind })
    await expect(restart).rejects.toThrow(says)
  })

  it('does not know a unit that is not there, or answers in other words', async () => {
    await expect(systemd.state('none', never)).rejects.toMatchObject({ kind: 'unknown_unit' })
    expect(() => parseShow('redis', 'LoadState=loaded\n')).toThrow(/says nothing/)
  })

  it('ends a program that hangs when whoever asked gives up', async () => {
    fake.fault('hang all')
    const asker = new AbortController()
    const state = systemd.state('redis', asker.signal)
    await expect.poll(() => fake.calls.length).toBe(1)
    asker.abort(new Error('no more'))
    await expect(state).rejects.toThrow('no more')
  })

  it('is away where there is no such program', async () => {
    const none = systemdSupervisor({ program: 'no-such-systemctl' })
    await expect(none.state('redis', never)).rejects.toMatchObject({ kind: 'away' })
  })

  it.skipIf(findProgram('systemctl') === null || existsSync('/run/systemd/system'))(
    'the real program, without a systemd that runs, is understood',
    async () => {
      await expect(systemdSupervisor().state('redis', never)).rejects.toMatchObject({ kind: 'away' })
    },
  )
})
