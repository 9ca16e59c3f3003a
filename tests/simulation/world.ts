// A world on a virtual clock: everything that happens is an event with a time and an owner, one after the other in one
// thread. Between two events all promises that can go on do. Who owns nothing that lives is not heard of any more: that
// is how a process dies.

import { Random } from './random.ts'
import { heard, real, rejected } from './virtual-globals.ts'

/** Something that can die: a shop process; or the world around them, which does not. */
export interface Owner {
  readonly name: string
  alive: boolean
}

interface Event {
  readonly time: number
  readonly turn: number
  readonly owner: Owner
  readonly run: () => void
  cancelled: boolean
}

/** Friday, 27 November 2026, 10:00 UTC: the sale begins. */
export const START = Date.UTC(2026, 10, 27, 10)
/** Events between two looks of the real loop: it has nothing to do here but to let the process be ended. */
const EVENTS_A_TURN = 2_000

export class World {
  readonly seed: number
  /** Of what happens around the shop: faults, delays, customers. The shop's own chance is another stream. */
  readonly random: Random
  readonly shopRandom: Random
  readonly outside: Owner = { name: 'world', alive: true }
  readonly began = START
  now = START
  current: Owner = this.outside
  /** Told what an owner threw and nobody caught; false: the world cannot go on. */
  thrown: (owner: Owner, error: unknown) => boolean = () => false
  /** Told after each event, before time goes on. */
  afterEach: (() => void) | null = null
  private readonly heap: Event[] = []
  private turns = 0
  private failure: unknown = null

  constructor(seed: number) {
    this.seed = seed
    this.random = new Random(seed, 1)
    this.shopRandom = new Random(seed, 2)
  }

  /** Of those at the same moment, the one asked for first comes first. */
  after(ms: number, owner: Owner, run: () => void): Event {
    const event = { time: this.now + Math.max(0, ms), turn: this.turns++, owner, run, cancelled: false }
    this.push(event)
    return event
  }

  /** For the owner at work. Of one that died in the middle of it, nothing comes any more. */
  pause(ms: number): Promise<void> {
    const owner = this.current
    return new Promise(resolve => this.after(ms, owner, resolve))
  }

  /** Runs events until `done` says so, which is asked after each; or until nothing is left. */
  run(done: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (): void => {
        try {
          if (this.steps(done)) resolve()
          else real.setImmediate(step)
        } catch (error) {
          reject(error)
        }
      }
      real.setImmediate(step)
    })
  }

  /** Something that must not happen in a sound world: it ends here. */
  fail(error: unknown): void {
    this.failure ??= error
  }

  private steps(done: () => boolean): boolean {
    for (let i = 0; i < EVENTS_A_TURN; i++) {
      const event = this.pop()
      if (event === undefined) return true
      if (event.cancelled || !event.owner.alive) continue
      if (event.time > this.now) this.now = event.time
      this.current = event.owner
      heard(this)
      try {
        event.run()
        real.drain()
      } catch (error) {
        this.caught(event.owner, error)
      } finally {
        heard(null)
        this.current = this.outside
      }
      const stray = rejected()
      if (stray !== null) this.caught(event.owner, stray)
      this.afterEach?.()
      if (this.failure !== null) throw this.failure
      if (done()) return true
    }
    return false
  }

  private caught(owner: Owner, error: unknown): void {
    if (!this.thrown(owner, error)) this.failure ??= error
  }

  private push(event: Event): void {
    const { heap } = this
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(event, heap[above]!)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = event
  }

  private pop(): Event | undefined {
    const { heap } = this
    const first = heap[0]
    const last = heap.pop()
    if (heap.length === 0 || last === undefined) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++
      if (!isBefore(heap[below]!, last)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = last
    return first
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.turn < b.turn)
}
