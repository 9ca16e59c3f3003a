// What goes wrong in a seed, and when: engines that fail in all their ways, and processes that die between two statements.

import type { Engines } from './engines.ts'
import type { Fleet } from './fleet.ts'
import type { KafkaMode } from './kafka-broker.ts'
import type { Random } from './random.ts'
import type { Recorder } from './recorder.ts'
import type { ShopProcess } from './shop-process.ts'
import type { LedgerMode } from './sim-ledger.ts'
import type { RedisMode } from './sim-redis.ts'

/** How long faults last, ms. */
const LASTS_MS = [100, 900] as const
/** Between two, ms. */
const APART_MS = [20, 500] as const
/** Of the newest records of each log, at most so many are lost where a leader had less. */
const TAIL_MOST = 3

const redisModes: readonly RedisMode[] = ['refuse', 'hang', 'mute', 'slow', 'full', 'replica']
const kafkaModes: readonly KafkaMode[] = ['refuse', 'hang', 'unacknowledged', 'too-few']
const ledgerModes: readonly LedgerMode[] = ['refuse', 'hang', 'read-only', 'doubt']

export class Faults {
  /** Kafka said that it had records, and lost them: what was accepted may be lost by it. */
  kafkaLied = false
  /** What groups have read is lost too, and a log that is emptied leaves their offsets as they were. */
  private readonly harsh: boolean
  private readonly engines: Engines
  private readonly fleet: Fleet
  private readonly recorder: Recorder
  private readonly random: Random
  private over = false

  constructor(engines: Engines, fleet: Fleet, recorder: Recorder, harsh: boolean) {
    this.harsh = harsh
    this.engines = engines
    this.fleet = fleet
    this.recorder = recorder
    this.random = engines.world.random
  }

  /** One after the other, and overlapping, until `end`. */
  begin(): void {
    this.engines.provider.trouble = this.random.pick([0, 0.05, 0.3])
    for (let i = 0; i < 2; i++) this.plan()
  }

  /** All is well again, and stays so. */
  end(): void {
    this.over = true
    const { redisServer, broker, ledgerServer, provider } = this.engines
    redisServer.setMode('well')
    redisServer.followed = false
    broker.setMode('well')
    ledgerServer.mode = 'well'
    provider.trouble = 0
    this.recorder.fault('all', 'end')
  }

  private plan(): void {
    this.later(this.random.between(...APART_MS), () => {
      this.happen()
      this.plan()
    })
  }

  private happen(): void {
    const { redisServer, broker, ledgerServer } = this.engines
    const { random } = this
    const kinds = [
      () => this.last('redis', redisServer.mode, random.pick(redisModes), mode => redisServer.setMode(mode)),
      () => this.last('kafka', broker.mode, random.pick(kafkaModes), mode => broker.setMode(mode)),
      () =>
        this.last('ledger', ledgerServer.mode, random.pick(ledgerModes), mode => {
          ledgerServer.mode = mode
        }),
      () => this.once('redis starts empty', () => redisServer.restartEmpty()),
      () => this.once('redis fails over', () => redisServer.failOver()),
      () => this.once('redis is emptied', () => redisServer.data.clear()),
      () => this.once('redis connections break', () => redisServer.breakAll()),
      () => this.loseRecords(),
      () => this.killOne(),
      () => this.killOne(),
    ]
    random.pick(kinds)()
  }

  private loseRecords(): void {
    const { broker } = this.engines
    if (this.random.chance(0.7)) {
      this.once('kafka loses its newest records', () => {
        if (broker.loseTail(TAIL_MOST, !this.harsh) > 0) this.kafkaLied = true
      })
    } else {
      this.once('kafka starts empty', () => broker.restartEmpty(!this.harsh || this.random.chance(0.7)))
      this.kafkaLied = true
    }
  }

  private killOne(): void {
    const process = this.fleet.any()
    if (process !== null) this.fleet.kill(process, 'killed')
  }

  private last<M extends string>(
    engine: string,
    now: M | 'well',
    mode: M,
    set: (mode: M | 'well') => void,
  ): void {
    if (now !== 'well') return
    this.recorder.fault(`${engine} ${mode}`, 'begin')
    set(mode)
    this.later(this.random.between(...LASTS_MS), () => {
      set('well')
      this.recorder.fault(`${engine} ${mode}`, 'end')
    })
  }

  private once(name: string, happen: () => void): void {
    this.recorder.fault(name, 'begin')
    happen()
    this.recorder.fault(name, 'end')
  }

  private later(ms: number, what: () => void): void {
    const { world } = this.engines
    world.after(ms, world.outside, () => !this.over && what())
  }
}

/** Where a process is to die: at a statement by its name, or at the so-manieth of any name. */
interface Plan {
  readonly point: string | null
  left: number
}

/** Statements that a life lasts at most where it is counted. */
const LIFE_MOST = 400

export class Deaths {
  /** Points that were passed, and those at which somebody died. */
  readonly seen = new Set<string>()
  readonly hit = new Set<string>()
  on = false
  private readonly plans = new Map<ShopProcess, Plan>()
  private readonly engines: Engines
  private readonly fleet: Fleet
  private readonly points: readonly string[]
  /** Whose tables the transaction under way has written. */
  private module = 'nobody'

  constructor(engines: Engines, fleet: Fleet, points: readonly string[]) {
    this.engines = engines
    this.fleet = fleet
    this.points = points
  }

  /** Half of the processes have a death ahead of them. */
  readonly meet = (process: ShopProcess): void => {
    const { random } = this.engines.world
    if (!this.on || random.chance(0.4)) return
    const named = random.chance(0.75) && this.points.length > 0
    this.plans.set(
      process,
      named
        ? { point: random.pick(this.points), left: 1 + random.below(3) }
        : { point: null, left: 1 + random.below(LIFE_MOST) },
    )
  }

  /** Throws where the process at work dies here. */
  readonly guard = (statement: string): void => {
    const ends = statement === 'commit' || statement === 'committed'
    if (!ends) this.module = statement.slice(0, statement.indexOf(':'))
    const point = ends ? `${this.module}: ${statement}` : statement
    if (!this.on) return
    this.seen.add(point)
    const process = this.engines.world.current as ShopProcess
    const plan = this.plans.get(process)
    if (plan === undefined || !process.alive) return
    if (plan.point !== null && plan.point !== point) return
    if (--plan.left > 0) return
    this.plans.delete(process)
    this.hit.add(point)
    this.fleet.kill(process, `at ${point}`)
    throw new Error('died here')
  }
}
