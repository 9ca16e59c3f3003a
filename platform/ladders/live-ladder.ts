// Where this process stands on one ladder, and which rung the next call takes. Every process decides by itself: nothing
// unsafe follows from two of them on different rungs.

import { Climb } from '../../resilience/climb.ts'
import { engineOf, type Ladder, type Rung } from '../../resilience/ladders.ts'
import type { Pin } from '../../resilience/pins.ts'
import { Sampling } from '../../resilience/sampling.ts'
import type { EngineHealth } from '../health/engine-health.ts'
import type { Log } from '../log/log.ts'
import type { Clock } from '../module.ts'
import type { Standing } from './standing.ts'

/** Share of the calls that take the next rung for real, and the most of them a second: it is never first tried in need. */
const PRACTICE_SHARE = 0.01
const PRACTICE_PER_SECOND = 5
/** Share of the live reads that are also asked of the ledger, and the most of them a second. */
const COMPARED_SHARE = 0.01
const COMPARED_PER_SECOND = 5
/** Longest that a rung may take to become ready, ms; then it is looked at again. */
export const READY_MOST_MS = 5_000

export interface RungStatus {
  readonly rung: string
  readonly phase: 'in' | 'out' | 'trial'
  /** Why it is out, or was last; null: it never was. */
  readonly cause: string | null
  /** Epoch ms. */
  readonly since: number
  /** How long it stays out when it is, or was last, ms. */
  readonly stay: number
}

export interface LadderStatus {
  readonly ladder: Ladder
  readonly standing: string
  readonly pin: Pin | null
  readonly rungs: readonly RungStatus[]
}

export interface LiveLadderOptions<L extends Ladder> {
  readonly ladder: L
  /** Those there are, best first; the last one needs nothing but the ledger. */
  readonly rungs: readonly Rung<L>[]
  readonly health: ReadonlyMap<string, EngineHealth>
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  /** Whether some calls take the next rung for real, for practice. Reads are compared instead. */
  readonly practises: boolean
  /** Where it stands has changed. */
  moved(): void
}

interface Step<R> {
  readonly rung: R
  readonly health: EngineHealth | null
  readonly climb: Climb
  /** Makes what it holds right again and compares it with the ledger. */
  ready: (() => Promise<boolean>) | null
  checking: boolean
}

export class LiveLadder<L extends Ladder> implements Standing<L> {
  readonly name: L
  private readonly options: LiveLadderOptions<L>
  private readonly steps: readonly Step<Rung<L>>[]
  private readonly movers: (() => void)[] = []
  private readonly practice = new Sampling(PRACTICE_SHARE, PRACTICE_PER_SECOND)
  private readonly comparing = new Sampling(COMPARED_SHARE, COMPARED_PER_SECOND)
  /** Of the best rung that is in. */
  private top = 0
  /** Better than `top`, and on trial. */
  private onTrial: Step<Rung<L>> | null = null
  private pinned: Pin | null = null
  /** Where the log has it. */
  private said: Rung<L>

  constructor(options: LiveLadderOptions<L>) {
    this.options = options
    this.name = options.ladder
    const now = options.clock()
    this.steps = options.rungs.map(rung => ({
      rung,
      health: options.health.get(engineOf(rung) ?? '') ?? null,
      climb: new Climb(now),
      ready: null,
      checking: false,
    }))
    this.said = this.standing
  }

  get standing(): Rung<L> {
    return this.pinnedRung() ?? this.steps[this.top]!.rung
  }

  choose(): Rung<L> {
    const { steps, top, onTrial } = this
    if (this.pinned !== null) {
      const rung = this.pinnedRung()
      if (rung !== null) return rung
    }
    if (onTrial?.climb.permit(this.options.clock(), this.options.random())) return onTrial.rung
    if (this.options.practises && top + 1 < steps.length) {
      const { random, clock } = this.options
      if (this.practice.takes(random(), clock())) return steps[top + 1]!.rung
    }
    return steps[top]!.rung
  }

  watch<T>(rung: Rung<L>, answer: Promise<T>): Promise<T> {
    const { onTrial } = this
    if (onTrial?.rung !== rung) return answer
    const ended = (good: boolean): void => onTrial.climb.ended(good, this.options.clock())
    answer.then(
      () => ended(true),
      () => ended(false),
    )
    return answer
  }

  whenBack(rung: Rung<L>, ready: () => Promise<boolean>): void {
    const step = this.steps.find(each => each.rung === rung)
    if (step !== undefined) step.ready = ready
  }

  onMove(moved: () => void): void {
    this.movers.push(moved)
  }

  differs(rung: Rung<L>, what: string): void {
    const step = this.steps.find(each => each.rung === rung)
    if (step === undefined || step.climb.phase === 'out') return
    step.climb.down(what, this.options.clock())
    this.settle()
  }

  compares(rung: Rung<L>): boolean {
    const { random, clock } = this.options
    return this.standing === rung && this.comparing.takes(random(), clock())
  }

  has(rung: Rung<L>): boolean {
    return this.steps.some(each => each.rung === rung)
  }

  get pin(): Pin | null {
    return this.pinnedRung() === null ? null : this.pinned
  }

  /** Null: released. */
  setPin(pin: Pin | null): void {
    this.pinned = pin
    this.settle()
  }

  get status(): LadderStatus {
    return {
      ladder: this.name,
      standing: this.standing,
      pin: this.pin,
      rungs: this.steps.map(({ rung, climb: { phase, cause, since, stay } }) => ({
        ...{ rung, phase, cause, since, stay },
      })),
    }
  }

  /** An engine's health changed, or time has passed. */
  tick(): void {
    const now = this.options.clock()
    for (const step of this.steps) {
      const { health, climb } = step
      if (health !== null && health.finding !== 'well') climb.down(`${health.name} is ${saidOf(health)}`, now)
      else if (climb.isDue(now)) void this.lookAt(step)
      else climb.advance(now)
    }
    this.settle()
  }

  /** Every rung is in, and nobody pinned any: nothing to be looked at until an engine says so. */
  get isAtRest(): boolean {
    return this.pinned === null && this.steps.every(({ climb }) => climb.phase === 'in')
  }

  private async lookAt(step: Step<Rung<L>>): Promise<void> {
    if (step.checking) return
    step.checking = true
    const { climb, health } = step
    const { clock } = this.options
    const ready = await within(READY_MOST_MS, step.ready?.() ?? Promise.resolve(true))
    step.checking = false
    if (climb.phase !== 'out' || (health !== null && health.finding !== 'well')) return
    if (ready === true) climb.try(clock())
    else climb.notReady(ready === false ? 'it is not ready' : ready, clock())
    this.settle()
  }

  private settle(): void {
    const before = this.said
    this.top = this.steps.findIndex(({ climb }) => climb.phase === 'in')
    if (this.top < 0) this.top = this.steps.length - 1
    this.onTrial = this.steps.slice(0, this.top).find(({ climb }) => climb.phase === 'trial') ?? null
    const { standing } = this
    if (standing === before) return
    this.said = standing
    const { log } = this.options
    const pin = this.pin
    const left = this.steps.find(({ rung }) => rung === before)
    const cause =
      pin !== null ? `pinned: ${pin.reason}` : left?.climb.phase === 'out' ? left.climb.cause : null
    log.warn({ ladder: this.name, from: before, to: standing, cause }, 'a ladder moved')
    this.options.moved()
    for (const moved of this.movers) moved()
  }

  private pinnedRung(): Rung<L> | null {
    const { pinned } = this
    if (pinned === null || this.options.clock() >= pinned.until) return null
    return this.steps.find(({ rung }) => rung === pinned.rung)?.rung ?? null
  }
}

/** True: ready. False, or why not. Ends in its time. */
async function within(ms: number, work: Promise<boolean>): Promise<boolean | string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>(resolve => {
    timer = setTimeout(() => resolve(`it was not ready within ${ms} ms`), ms)
  })
  try {
    return await Promise.race([work, late])
  } catch (error) {
    return `it could not be made ready: ${(error as Error).message}`
  } finally {
    clearTimeout(timer)
  }
}

const saidOf = ({ finding }: EngineHealth): string => finding.replace('_', ' ')
