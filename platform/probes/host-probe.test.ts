// On this machine, and on one that is made of files: what a control group says cannot be had everywhere.

import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { cpuBusy, readHost } from './host-probe.ts'
import { readProcess } from './process-probe.ts'

const never = new AbortController().signal
/** Long enough to use some hundredths of a second of processor time, ms. */
const WORK_MS = 60

function work(): void {
  const until = performance.now() + WORK_MS
  while (performance.now() < until);
}

describe.skipIf(process.platform !== 'linux')('this machine', () => {
  test('has a processor, memory, disks and a network', async () => {
    const before = await readHost({ folders: ['/', tmpdir()] }, never)
    work()
    const after = await readHost({ folders: ['/'] }, never)
    expect(cpuBusy(before, after)).toBeGreaterThan(0)
    expect(cpuBusy(before, after)).toBeLessThanOrEqual(1)
    expect(after.memory.ratio).toBeGreaterThan(0)
    expect(after.memory.ratio).toBeLessThan(1)
    expect(before.disks.map(({ folder }) => folder)).toEqual(['/', tmpdir()])
    for (const { ratio } of before.disks) expect(ratio >= 0 && ratio <= 1).toBe(true)
    expect(after.load).toHaveLength(3)
  })

  test('without a folder there is no reading', async () => {
    await expect(readHost({ folders: ['/no/such/folder'] }, never)).rejects.toMatchObject({ kind: 'gone' })
  })

  test('tells one process from another, and sees it stopped, gone on and ended', async () => {
    const own = await readProcess(process.pid, never)
    expect(own.resident).toBeGreaterThan(1_000_000)
    expect(own.files).toBeGreaterThan(2)
    expect(Math.abs(own.started! - (Date.now() - performance.now()))).toBeLessThan(600_000)
    const child = spawn('sleep', ['60'])
    const state = async () => (await readProcess(child.pid!, never)).state
    expect((await readProcess(child.pid!, never)).startedAfterBoot).toBeGreaterThanOrEqual(
      own.startedAfterBoot,
    )
    child.kill('SIGSTOP')
    await expect.poll(state).toBe('T')
    child.kill('SIGCONT')
    await expect.poll(state).toBe('S')
    child.kill('SIGKILL')
    await expect
      .poll(() => state().catch((error: { kind: string }) => error.kind), { timeout: 5_000 })
      .toBe('gone')
  })

  test('counts processor time', async () => {
    const before = await readProcess(process.pid, never)
    await expect
      .poll(async () => {
        work()
        return (await readProcess(process.pid, never)).cpu - before.cpu
      })
      .toBeGreaterThan(0.05)
  })
})

describe('a machine of files', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'levee-host-'))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const write = (name: string, text: string): void => {
    const file = path.join(folder, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  const roots = {
    proc: path.join(folder, 'proc'),
    cgroup: path.join(folder, 'cgroup'),
    block: path.join(folder, 'block'),
  }
  const read = () => readHost({ folders: [], roots }, never)

  test('whose control group limits it counts against that limit, the tightest one above it', async () => {
    write('proc/stat', 'cpu  0 0 0 1000 0 0 0 0\n')
    write('proc/meminfo', 'MemTotal: 1000 kB\nMemAvailable: 900 kB\n')
    write('proc/self/cgroup', '0::/slice/shop\n')
    write('cgroup/slice/shop/cpu.max', 'max 100000\n')
    write('cgroup/slice/shop/cpu.stat', 'usage_usec 1000000\nthrottled_usec 5\n')
    write('cgroup/slice/cpu.max', '50000 100000\n')
    write('cgroup/slice/cpu.stat', 'usage_usec 2000000\nthrottled_usec 500000\n')
    write('cgroup/slice/shop/memory.max', '1000\n')
    write('cgroup/slice/shop/memory.current', '950\n')
    write('cgroup/slice/shop/memory.stat', 'anon 1\ninactive_file 150\n')
    write('cgroup/slice/memory.max', 'max\n')
    const before = await read()
    expect(before.memory).toEqual({ used: 800, total: 1000, ratio: 0.8, of: 'group' })
    expect(before.cpuGroup).toEqual({ used: 2, limit: 0.5, throttled: 0.5 })
    const later = { ...before, at: before.at + 1_000, cpuGroup: { ...before.cpuGroup!, used: 2.4 } }
    expect(cpuBusy(before, later)).toBeCloseTo(0.8)
    expect(cpuBusy(later, { ...before, at: later.at + 1_000 })).toBeNull()
  })

  test('without limits counts against the whole machine', async () => {
    write('proc/stat', 'cpu  100 0 0 900 0 0 0 0\n')
    write('proc/meminfo', 'MemTotal: 1000 kB\nMemAvailable: 400 kB\n')
    write('proc/self/cgroup', '0::/\n')
    const before = await read()
    expect(before.memory).toMatchObject({ ratio: 0.6, of: 'host' })
    expect(before).toMatchObject({ cpuGroup: null, load: null, network: [], diskIo: [] })
    write('proc/stat', 'cpu  175 0 0 925 0 0 0 0\n')
    expect(cpuBusy(before, await read())).toBeCloseTo(0.75)
    expect(cpuBusy(before, before)).toBeNull()
  })

  test('that tells nothing of its memory has no reading', async () => {
    write('proc/stat', 'cpu  100 0 0 900 0 0 0 0\n')
    await expect(read()).rejects.toMatchObject({ name: 'ProbeFailed', kind: 'gone' })
  })
})
