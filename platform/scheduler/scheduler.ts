// Runs the sweeps of the modules: each in its own rhythm, never beside itself, on until told to stop. Several
// processes may run the same sweep at once: each is safe by its own compare-and-set, and a random first pause
// keeps a fleet that started together from coming together.

import { type Backoff, fullJitter } from '../../resilience/backoff.ts'
import type { Log } from '../log/log.ts'
import type { Clock, Sweep } from '../module.ts'

export interface Timers {
  /** Calls `fn` once after `ms`; returns what `clear` takes. */
  set(fn: () => void, ms: number): unknown
  clear(handle: unknown): void
}

export interface SchedulerDeps {
  readonly sweeps: readonly Sweep[]
  readonly clock: Clock
  readonly log: Log
  /** Default: the system's. */
  readonly timers?: Timers
  /** In [0, 1); default `Math.random`. */
  readonly random?: () => number
}

export interface SweepStatus {
  readonly name: string
  /** Epoch ms; null while it rests. */
  readonly runningSince: number | null
  readonly runs: number
  /** What its runs did, summed. */
  readonly done: number
  /** Failures since the last run that went well. */
  readonly failures: number
}

export interface Scheduler {
  start(): void
  /** No new runs; resolves when the running ones have ended. */
  stop(): Promise<void>
  status(): SweepStatus[]
}

/** Longest pause after failures, ms: an engine that is back should not wait for its sweeps. */
const FAILED_MOST_MS = 60_000
/**
 * After a full run the next follows after as long as the run took, and at least this, ms: a sweep that has fallen
 * far behind leaves half of the time to others.
 */
const FULL_LEAST_MS = 10
/** From a call to the run, ms: what is called for meanwhile goes with it. */
const CALLED_MS = 10

export function createScheduler(deps: SchedulerDeps): Scheduler {
  const loops = deps.sweeps.map(sweep => new SweepLoop(sweep, deps))
  return {
    start: () => {
      for (const loop of loops) loop.start()
    },
    async stop() {
      await Promise.all(loops.map(loop => loop.stop()))
    },
    status: () => loops.map(loop => loop.status()),
  }
}

const SYSTEM_TIMERS: Timers = {
  set: (fn, ms) => setTimeout(fn, ms),
  clear: handle => clearTimeout(handle as NodeJS.Timeout),
}

class SweepLoop {
  private readonly sweep: Sweep
  private readonly deps: SchedulerDeps
  private readonly timers: Timers
  private readonly random: () => number
  private readonly backoff: Backoff
  private timer: unknown = null
  private running: Promise<void> | null = null
  private runningSince: number | null = null
  private stopped = true
  /** Called since its last run began: the next comes soon. */
  private called = false
  private runs = 0
  private done = 0
  private failures = 0

  constructor(sweep: Sweep, deps: SchedulerDeps) {
    this.sweep = sweep
    this.deps = deps
    this.timers = deps.timers ?? SYSTEM_TIMERS
    this.random = deps.random ?? Math.random
    this.backoff = { first: sweep.every * 2, most: Math.max(FAILED_MOST_MS, sweep.every) }
  }

  start(): void {
    if (!this.stopped) return
    this.stopped = false
    this.sweep.wake?.onCall(() => this.soon())
    this.after(this.random() * this.sweep.every)
  }

  async stop(): Promise<void> {
    this.stopped = true
    this.timers.clear(this.timer)
    await this.running
  }

  status(): SweepStatus {
    const { runningSince, runs, done, failures } = this
    return { name: this.sweep.name, runningSince, runs, done, failures }
  }

  /** After failures its pauses are for the engine's good: nobody shortens them. */
  private soon(): void {
    if (this.stopped || this.failures > 0 || this.called) return
    this.called = true
    if (this.runningSince !== null) return
    this.timers.clear(this.timer)
    this.after(CALLED_MS)
  }

  private after(ms: number): void {
    if (this.stopped) return
    this.timer = this.timers.set(() => {
      this.running = this.run()
    }, ms)
  }

  private async run(): Promise<void> {
    const began = this.deps.clock()
    this.runningSince = began
    this.called = false
    let pause = this.sweep.every
    try {
      const done = await this.sweep.run(began)
      this.runs++
      this.done += done
      this.failures = 0
      if (this.sweep.bound !== undefined && done >= this.sweep.bound)
        pause = Math.min(pause, Math.max(FULL_LEAST_MS, this.deps.clock() - began))
      else if (this.called) pause = Math.min(pause, CALLED_MS)
    } catch (error) {
      this.failures++
      this.deps.log.error({ sweep: this.sweep.name, failures: this.failures, err: error }, 'sweep failed')
      // Never sooner than it would have come anyway.
      pause += fullJitter(this.backoff, this.failures, this.random())
    }
    this.runningSince = null
    this.running = null
    this.after(pause)
  }
}
