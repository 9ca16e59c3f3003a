// The shop processes of one seed: started, asked, killed, started again.

import type { Result } from '../../platform/contract/result.ts'
import type { Composed } from '../../services/compose.ts'
import type { Engines } from './engines.ts'
import type { Recorder } from './recorder.ts'
import { ShopProcess, type Swaps } from './shop-process.ts'

/** From a death to the next start, ms. */
const RESTART_MS = [50, 800] as const
/** To and from a process, ms. */
const WAY_MS = [0.2, 3] as const

export class Fleet {
  private readonly engines: Engines
  private readonly recorder: Recorder
  private readonly swaps: Swaps
  private readonly processes: ShopProcess[] = []
  private started = 0
  /** Nobody is started any more. */
  closed = false
  /** Told of every process that begins to live. */
  onStart: (process: ShopProcess) => void = () => undefined

  constructor(engines: Engines, recorder: Recorder, swaps: Swaps) {
    this.engines = engines
    this.recorder = recorder
    this.swaps = swaps
  }

  get alive(): readonly ShopProcess[] {
    return this.processes.filter(process => process.alive)
  }

  start(): void {
    const process = new ShopProcess(`shop-${++this.started}`, this.engines)
    this.processes.push(process)
    this.recorder.fault(`${process.name} starts`, 'end')
    this.engines.world.after(0, process, () => {
      process.start(this.swaps).then(
        () => this.onStart(process),
        error => this.engines.world.fail(error),
      )
    })
  }

  /** One that takes calls; null: there is none. */
  any(): ShopProcess | null {
    const ready = this.alive.filter(process => process.doors !== null)
    return ready.length === 0 ? null : this.engines.world.random.pick(ready)
  }

  kill(process: ShopProcess, why: string): void {
    if (!process.alive) return
    process.die()
    this.recorder.fault(`${process.name} died: ${why}`, 'begin')
    const { world } = this.engines
    if (!this.closed)
      world.after(world.random.between(...RESTART_MS), world.outside, () => !this.closed && this.start())
  }

  /** Null: nothing came back in time, or the process died. To be called by the world. */
  ask<T>(
    process: ShopProcess,
    patience: number,
    ask: (composed: Composed) => Promise<Result<T>>,
  ): Promise<Result<T> | null> {
    const { world } = this.engines
    const { random } = world
    return new Promise(resolve => {
      world.after(patience, world.outside, () => resolve(null))
      world.after(random.between(...WAY_MS), process, () => {
        const back = (answer: Result<T> | null): void =>
          void world.after(random.between(...WAY_MS), world.outside, () => resolve(answer))
        // A 500 to the customer: nobody knows.
        ask(process.composed!).then(back, error => {
          this.recorder.fault(`${process.name} threw ${String(error)}`, 'begin')
          back(null)
        })
      })
    })
  }

  /** Everywhere, one after the other. */
  async sweepAll(): Promise<void> {
    const { world } = this.engines
    for (const process of this.alive)
      await new Promise<void>(resolve => {
        world.after(0, process, () => {
          void process.sweep().then(() => world.after(0, world.outside, resolve))
        })
      })
  }

  async stop(): Promise<void> {
    this.closed = true
    const { world } = this.engines
    await Promise.all(
      this.alive.map(
        process =>
          new Promise<void>(resolve => {
            world.after(
              0,
              process,
              () => void process.stop().then(() => world.after(0, world.outside, resolve)),
            )
            // What does not end by itself is ended.
            world.after(20_000, world.outside, () => {
              process.die()
              resolve()
            })
          }),
      ),
    )
  }
}
