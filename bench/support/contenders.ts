// Servers side by side: each under the same load, in turns, so that a machine's moods meet all of them.

import type { RunningMariadb } from '../../platform/engines/start-mariadb.ts'
import { type BenchShop, type Beside, OUTBOX_BOUND_S } from './bench-shop.ts'
import { type Counters, perSuccess, readCounters, toldCounters } from './engine-counters.ts'
import { median, type Run } from './measure.ts'
import { cpuTime, isThere, type Yardstick } from './processes.ts'
import { type Profile, profiled, topTimes } from './profiler.ts'
import { countOf, type Load, type LoadResult, load, unexpected } from './wrk.ts'

/** The judged number of connections. */
export const CONNECTIONS = 512
/** Before anything counts, s: pools and caches are filled, and code is compiled: a shop's takes some 60,000 orders. */
const WARM_UP_S = 8
/** Above this share of a core wrk may itself be what is measured. */
const GENERATOR_BUSY = 0.95

type Engine = Pick<RunningMariadb, 'pid' | 'adminUrl'>

export interface Contender {
  readonly name: string
  readonly url: string
  /** Process that answers; of a split shop all of its processes, as they are now. */
  servers(): readonly Beside[]
  /** Its database server, if it has one. */
  readonly engine: Engine | null
  /** Other engines that it uses: their CPU is told beside. */
  readonly beside?: readonly Beside[]
  /** Present: Levee. After a load its events must have arrived. */
  readonly shop?: BenchShop
  /** Asked before each load. */
  load(): Promise<Load> | Load
  /** Waited for after each load: what was accepted comes to its end. Null, or what is wrong. */
  settle?(): Promise<string | null>
  /** What else goes on during each load. */
  alongside?(): { stop(): Promise<void> }
  /** Answers that count, such as `201`. */
  readonly successes: readonly string[]
  /** Answers that are right but do not count. */
  readonly expected?: readonly string[]
}

export const contenderOf = (shop: BenchShop) => ({
  name: shop.name,
  url: shop.url,
  servers: () => shop.processes,
  engine: shop.engine,
  beside: shop.beside,
  shop,
})
export const yardstickOf = (name: string, { url, pid }: Yardstick, engine: Engine | null = null) => ({
  name,
  url,
  servers: () => [{ name, pid }],
  engine,
})

/** One load on one contender. CPU times in µs a success, all work for it included, also what came after the load. */
export interface Figures {
  readonly rate: number
  readonly serverCpu: number
  readonly engineCpu: number
  /** By name: of several servers each, and of engines beside the database server. */
  readonly cpuOf: Readonly<Record<string, number>>
  /** ms */
  readonly p50: number
  readonly p99: number
  /** ms */
  readonly oldest: number
  /** s; null: it has no outbox. */
  readonly outbox: number | null
  readonly busy: number
  /** What its database server counted; null: it has none. */
  readonly counters: Counters | null
}

export class Contest {
  readonly problems: string[] = []
  private readonly run: Run
  private readonly figures = new Map<string, Figures[]>()
  /** The last of each shop. */
  private readonly profiles = new Map<string, Profile>()

  constructor(run: Run) {
    this.run = run
  }

  /**
   * Warms up, then rounds in which every contender has its turn at 512 connections, then once at the others. `also`: what
   * else is measured in each round, told the round's number.
   */
  async hold(
    contenders: readonly Contender[],
    also: (round: number) => Promise<void> = async () => undefined,
  ): Promise<void> {
    for (const contender of contenders) await this.turn(contender, CONNECTIONS, WARM_UP_S)
    this.figures.clear()
    for (let round = 0; round < this.run.rounds; round++) {
      for (const contender of contenders) await this.step(contender, CONNECTIONS)
      await also(round)
    }
    for (const connections of this.run.beside)
      for (const contender of contenders) await this.step(contender, connections)
  }

  static steps(contenders: number, run: Run): number {
    return contenders * (run.rounds + run.beside.length)
  }

  /** Median of the rounds' ratios: what slowed a whole round down cancels out. */
  ratio(of: Contender, by: Contender): number {
    const below = this.of(by, CONNECTIONS)
    return median(this.of(of, CONNECTIONS).map((figures, round) => figures.rate / below[round]!.rate))
  }

  /** Of a round at 512 connections. */
  round(of: Contender, round: number): Figures {
    return this.of(of, CONNECTIONS)[round]!
  }

  /** Medians at this number of connections. */
  middle(contender: Contender, connections: number): Figures {
    const all = this.of(contender, connections)
    const of = (key: Exclude<keyof Figures, 'outbox' | 'counters' | 'cpuOf'>): number =>
      median(all.map(figures => figures[key]))
    const outboxes = all.flatMap(({ outbox }) => (outbox === null ? [] : [outbox]))
    return {
      rate: of('rate'),
      serverCpu: of('serverCpu'),
      engineCpu: of('engineCpu'),
      cpuOf: this.cpuOf(all),
      p50: of('p50'),
      p99: of('p99'),
      oldest: Math.max(...all.map(({ oldest }) => oldest)),
      outbox: outboxes.length === 0 ? null : Math.max(...outboxes),
      busy: of('busy'),
      counters: all.at(-1)?.counters ?? null,
    }
  }

  /** A line for each contender and number of connections. */
  notes(contenders: readonly Contender[], what: string): string[] {
    const figures = [CONNECTIONS, ...this.run.beside].flatMap(connections =>
      contenders.map(contender => noteOf(contender, connections, this.middle(contender, connections), what)),
    )
    const profiles = [...this.profiles].flatMap(([name, profile]) => [
      `${name}, profile:`,
      ...topTimes(profile),
    ])
    return [...figures, ...profiles]
  }

  /** What the database servers counted at 512 connections. */
  engineNotes(contenders: readonly Contender[]): string[] {
    return contenders.flatMap(contender => {
      const { counters } = this.middle(contender, CONNECTIONS)
      return counters === null ? [] : [`${contender.name}, ${toldCounters(counters)}`]
    })
  }

  /** Of each process the median. */
  private cpuOf(all: readonly Figures[]): Record<string, number> {
    const names = Object.keys(all[0]?.cpuOf ?? {})
    return Object.fromEntries(
      names.map(name => [name, median(all.map(figures => figures.cpuOf[name] ?? Number.NaN))]),
    )
  }

  private of(contender: Contender, connections: number): readonly Figures[] {
    return this.figures.get(`${contender.name} ${connections}`) ?? []
  }

  private async step(contender: Contender, connections: number): Promise<void> {
    const judged = connections === CONNECTIONS
    await this.turn(contender, connections, judged ? this.run.seconds : Math.ceil(this.run.seconds / 2))
    this.run.step()
  }

  private async turn(contender: Contender, connections: number, seconds: number): Promise<void> {
    const { engine, shop, beside = [] } = contender
    const servers = contender.servers()
    const what = await contender.load()
    const engineCpu = () => (engine === null ? 0 : cpuTime(engine.pid))
    const counters = async () => (engine === null ? null : await readCounters(engine.adminUrl))
    const all = [...servers, ...beside]
    // One that has died used what nobody can tell any more.
    const cpus = () => all.map(({ pid }) => (isThere(pid) ? cpuTime(pid) : Number.NaN))
    const before = { engine: engineCpu(), cpus: cpus(), counters: await counters() }
    const other = contender.alongside?.()
    const result = await this.watched(contender, () =>
      load({ ...what, url: contender.url, connections, seconds }),
    )
    await other?.stop()
    const unsettled = (await contender.settle?.()) ?? null
    const outbox = shop === undefined ? null : await shop.outboxEmpty()
    const count = countOf(result, contender.successes)
    const label = `${contender.name} at ${connections} connections`
    this.judge(label, contender, result, outbox)
    for (const { name, pid } of all) if (!isThere(pid)) this.problems.push(`${label}: ${name} has died`)
    if (unsettled !== null) this.problems.push(`${label}: ${unsettled}`)
    const figures = this.figures.get(`${contender.name} ${connections}`) ?? []
    this.figures.set(`${contender.name} ${connections}`, figures)
    const used = cpus().map((cpu, i) => (cpu - before.cpus[i]!) / count)
    const cpuOf: Record<string, number> = {}
    for (const [i, { name }] of all.entries()) cpuOf[name] = (cpuOf[name] ?? 0) + used[i]!
    figures.push({
      rate: count / result.seconds,
      serverCpu: used.slice(0, servers.length).reduce((sum, cpu) => sum + cpu, 0),
      engineCpu: (engineCpu() - before.engine) / count,
      cpuOf,
      p50: result.p50,
      p99: result.p99,
      oldest: result.oldest,
      outbox,
      busy: result.busy,
      counters: before.counters && perSuccess(before.counters, (await counters())!, count),
    })
  }

  /** Profiles a shop while it is under load, if that is asked for. */
  private async watched(contender: Contender, work: () => Promise<LoadResult>): Promise<LoadResult> {
    // Of a split shop nobody knows whose profile it would be.
    if (!this.run.profile || contender.shop === undefined || contender.servers().length > 1) return work()
    const { result, profile } = await profiled(contender.shop.running.log, work)
    this.profiles.set(contender.name, profile)
    return result
  }

  private judge(label: string, contender: Contender, result: LoadResult, outbox: number | null): void {
    const strange = unexpected(result, [...contender.successes, ...(contender.expected ?? [])])
    if (strange !== null) this.problems.push(`${label}: ${strange}`)
    if (outbox !== null && outbox > OUTBOX_BOUND_S)
      this.problems.push(`${label}: the outbox was empty only after ${outbox.toFixed(1)} s`)
    if (result.busy > GENERATOR_BUSY && contender.shop === undefined)
      this.problems.push(
        `${label}: the load generator was the limit (${(result.busy * 100).toFixed(0)} % busy)`,
      )
  }
}

function noteOf(contender: Contender, connections: number, figures: Figures, what: string): string {
  const { rate, serverCpu, engineCpu, cpuOf, p50, p99, outbox, busy } = figures
  const told = (name: string, cpu: number): string => `${name} ${cpu.toFixed(0)} µs`
  const { beside = [] } = contender
  const names = [...new Set(contender.servers().map(each => each.name))]
  const each = names.length > 1 ? ` (${names.map(name => told(name, cpuOf[name]!)).join(', ')})` : ''
  const engines = [
    ...(contender.engine === null ? [] : [told('engine', engineCpu)]),
    ...beside.map(({ name }) => told(name, cpuOf[name]!)),
  ].map(text => ` + ${text}`)
  const parts = [
    `${contender.name}, ${connections} connections: ${Math.round(rate).toLocaleString('en-GB')} ${what}/s`,
    `${told('CPU', serverCpu)}${each}${engines.join('')}`,
    `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
  ]
  if (outbox !== null) parts.push(`outbox empty after ${outbox.toFixed(1)} s`)
  parts.push(`generator ${(busy * 100).toFixed(0)} % busy`)
  return parts.join(' · ')
}
