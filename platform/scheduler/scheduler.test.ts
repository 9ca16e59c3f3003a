import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { Sweep } from '../module.ts'
import { createScheduler, type Scheduler, type Timers } from './scheduler.ts'
import { Wake } from './wake.ts'

/** Time that passes only when told; a run's promise settles in between. */
class Bench implements Timers {
  now = 0
  private readonly due: { at: number; fn: () => void }[] = []

  set(fn: () => void, ms: number): unknown {
    const entry = { at: this.now + ms, fn }
    this.due.push(entry)
    return entry
  }
  clear(handle: unknown): void {
    const i = this.due.indexOf(handle as { at: number; fn: () => void })
    if (i >= 0) this.due.splice(i, 1)
  }
  get pending(): number {
    return this.due.length
  }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms
    for (;;) {
      const next = this.due.filter(entry => entry.at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.clear(next)
      this.now = next.at
      next.fn()
      await settled()
    }
    this.now = end
  }
  scheduler(sweep: Sweep, random = 0): Scheduler {
    const log = pino({ level: 'silent' })
    const deps = { sweeps: [sweep], clock: () => this.now, log, timers: this, random: () => random }
    return createScheduler(deps)
  }
}

/** Lets every promise that can settle do so. */
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe('scheduler', () => {
  it('runs a sweep in its rhythm, first after a random part of it', async () => {
    const bench = new Bench()
    const at: number[] = []
    const run = async (now: number) => at.push(now)
    bench.scheduler({ name: 'x', every: 100, run }, 0.4).start()
    await bench.pass(350)
    expect(at).toEqual([40, 140, 240, 340])
  })

  it('never runs a sweep beside itself', async () => {
    const bench = new Bench()
    let open = (): void => {}
    let running = 0
    let most = 0
    const scheduler = bench.scheduler({
      name: 'slow',
      every: 10,
      async run() {
        most = Math.max(most, ++running)
        await new Promise<void>(resolve => {
          open = resolve
        })
        running--
        return 0
      },
    })
    scheduler.start()
    scheduler.start()
    await bench.pass(1_000)
    expect(scheduler.status()[0]).toMatchObject({ runs: 0, runningSince: 0 })
    open()
    await settled()
    await bench.pass(50)
    expect(most).toBe(1)
  })

  it('follows a full run at once, and a run that was not full in its rhythm', async () => {
    const bench = new Bench()
    const share = [5, 5, 3, 0]
    const at: number[] = []
    const scheduler = bench.scheduler({
      name: 'x',
      every: 1_000,
      bound: 5,
      async run(now) {
        at.push(now)
        return share.shift() ?? 0
      },
    })
    scheduler.start()
    await bench.pass(1_500)
    expect(at).toEqual([0, 10, 20, 1_020])
    expect(scheduler.status()[0]).toMatchObject({ done: 13, runs: 4 })
  })

  it('backs off while it fails and comes back to its rhythm', async () => {
    const bench = new Bench()
    let ill = true
    const at: number[] = []
    const scheduler = bench.scheduler(
      {
        name: 'x',
        every: 100,
        async run(now) {
          at.push(now)
          if (ill) throw new Error('ill')
          return 0
        },
      },
      0.5,
    )
    scheduler.start()
    await bench.pass(1_600)
    // Pauses of 100 and half of 200, 400, 800: the random of this test is a half.
    expect(at).toEqual([50, 250, 550, 1_050])
    expect(scheduler.status()[0]!.failures).toBe(4)
    ill = false
    await bench.pass(60_000)
    const [last, before] = [at.at(-1)!, at.at(-2)!]
    expect(last - before).toBe(100)
    expect(scheduler.status()[0]!.failures).toBe(0)
  })

  it('runs soon when it is called, once for many calls, and again when called while it ran', async () => {
    const bench = new Bench()
    const wake = new Wake()
    const at: number[] = []
    const scheduler = bench.scheduler({
      name: 'x',
      every: 1_000,
      wake,
      async run(now) {
        at.push(now)
        if (at.length === 2) wake.call()
        return 0
      },
    })
    scheduler.start()
    await bench.pass(100)
    wake.call()
    await bench.pass(5)
    wake.call()
    await bench.pass(995)
    expect(at).toEqual([0, 110, 120])
    await bench.pass(100)
    expect(at.at(-1)).toBe(1_120)
    await scheduler.stop()
    wake.call()
    expect(bench.pending).toBe(0)
  })

  it('does not come sooner for a call while it fails', async () => {
    const bench = new Bench()
    const wake = new Wake()
    const at: number[] = []
    const run = async (now: number): Promise<number> => {
      at.push(now)
      throw new Error('ill')
    }
    bench.scheduler({ name: 'x', every: 100, wake, run }, 0.5).start()
    for (let ms = 0; ms < 500; ms += 20) {
      await bench.pass(20)
      wake.call()
    }
    // The first of the calls came before anything had failed.
    expect(at).toEqual([30, 230])
  })

  it('stops when the running sweep has ended, and starts none after', async () => {
    const bench = new Bench()
    let open = (): void => {}
    const gate = new Promise<void>(resolve => {
      open = resolve
    })
    let ended = false
    const scheduler = bench.scheduler({
      name: 'x',
      every: 10,
      async run() {
        await gate
        ended = true
        return 0
      },
    })
    scheduler.start()
    await bench.pass(10)
    const stopping = scheduler.stop().then(() => expect(ended).toBe(true))
    open()
    await stopping
    expect(bench.pending).toBe(0)
  })
})
