// Everything that one measure starts, ended in reverse order whatever happens.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createScratchDatabase } from '../../platform/engines/scratch-database.ts'
import { type RunningKafka, startKafka } from '../../platform/engines/start-kafka.ts'
import { type RunningMariadb, startMariadb } from '../../platform/engines/start-mariadb.ts'
import { type RunningRedis, startRedis } from '../../platform/engines/start-redis.ts'
import type { LedgerEngine } from '../../tests/support/engines.ts'
import { BenchShop } from './bench-shop.ts'
import type { Run } from './measure.ts'
import { prepareNaive } from './prepare-naive.ts'
import { startScript, type Yardstick } from './processes.ts'
import { INSPECTED } from './profiler.ts'

/** The server's memory for rows, MiB: all rows of a measure fit, as they would on a database machine. */
const BUFFER_POOL_MIB = 1_024
/** Its redo log, MiB: with the default of 96 a load of minutes would be one of checkpoints. */
const REDO_LOG_MIB = 1_024
/** Redis' most memory, MiB: what is looked at is how much of it is used, never a full one. */
const REDIS_MIB = 1_024
/** What is over may be kept until it is counted. */
const REDIS_EXTRA = ['enable-debug-command local']

const say = (line: string): void => console.error(line)

const BASELINES = path.resolve(import.meta.dirname, '../baselines')

export interface ShopWishes {
  /** Retail file whose products the shop sells; absent: none. */
  readonly catalogue?: string
  /** Engines beside the ledger. */
  readonly with?: readonly ('redis' | 'kafka')[]
  /** Every service a process of its own; so many of some: `order=2`, or empty. */
  readonly split?: string
  readonly env?: Readonly<Record<string, string>>
}

export class Arena {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'levee-bench-'))
  private readonly ends: Array<() => Promise<unknown>> = []
  private mariadb: Promise<RunningMariadb> | null = null
  private theRedis: Promise<RunningRedis> | null = null
  private theKafka: Promise<RunningKafka> | null = null
  private readonly run: Run

  constructor(run: Run) {
    this.run = run
  }

  /** A file of these lines, for wrk to take its requests from. */
  file(name: string, lines: readonly string[]): string {
    const file = path.join(this.folder, name)
    writeFileSync(file, `${lines.join('\n')}\n`)
    return file
  }

  /** Ends with the arena, before the engines. */
  atEnd(end: () => Promise<unknown>): void {
    this.ends.push(end)
  }

  /** One Levee: one process, with everything on, on a ledger of its own. */
  async shop(engine: LedgerEngine['name'], wishes: ShopWishes = {}): Promise<BenchShop> {
    const { catalogue, env, split, with: beside = [] } = wishes
    const inspector = this.run.profile ? { NODE_OPTIONS: INSPECTED } : {}
    const shop = await BenchShop.open({
      mariadb: engine === 'mariadb' ? await this.server() : null,
      redis: beside.includes('redis') ? await this.redis() : null,
      kafka: beside.includes('kafka') ? await this.kafka() : null,
      ...{ catalogue, split },
      env: { ...inspector, ...env },
      split,
    })
    this.ends.push(() => shop.drop())
    return shop
  }

  /** The naive way, on a database of its own on the same server, with this shop's products and stock. */
  async naive(like: BenchShop): Promise<Yardstick> {
    const { url, drop } = await createScratchDatabase((await this.server()).url)
    this.ends.push(drop)
    await prepareNaive(url, like.ledger)
    return this.script('naive.ts', { BENCH_MYSQL_URL: url })
  }

  /** Bare Fastify; `answers` are what its GETs say, by path. */
  bareFastify(answers: Readonly<Record<string, object>> = {}): Promise<Yardstick> {
    return this.script('bare-fastify.ts', {
      BENCH_ANSWERS: this.file('answers.json', [JSON.stringify(answers)]),
    })
  }

  /** The shop's reads as they would be without its caches: the ledger is asked for each. */
  uncachedReads(shop: BenchShop): Promise<Yardstick> {
    return this.script('uncached-reads.ts', { BENCH_MYSQL_URL: shop.ledgerUrl })
  }

  server(): Promise<RunningMariadb> {
    this.mariadb ??= this.outliving(
      startMariadb({ bufferPool: BUFFER_POOL_MIB, extra: [`--innodb-log-file-size=${REDO_LOG_MIB}M`] }),
    )
    return this.mariadb
  }

  redis(): Promise<RunningRedis> {
    this.theRedis ??= this.outliving(startRedis({ maxMemory: REDIS_MIB, extra: REDIS_EXTRA, say }))
    return this.theRedis
  }

  kafka(): Promise<RunningKafka> {
    this.theKafka ??= this.outliving(startKafka({ say }))
    return this.theKafka
  }

  async close(): Promise<void> {
    for (const end of this.ends.reverse()) await end()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** An engine ends after everything that uses it. */
  private async outliving<E extends { stop(): Promise<void> }>(starting: Promise<E>): Promise<E> {
    const engine = await starting
    this.ends.unshift(() => engine.stop())
    return engine
  }

  private async script(name: string, env: Readonly<Record<string, string>>): Promise<Yardstick> {
    const yardstick = await startScript(path.join(BASELINES, name), env)
    this.ends.push(yardstick.stop)
    return yardstick
  }
}

export async function inArena<T>(run: Run, work: (arena: Arena) => Promise<T>): Promise<T> {
  const arena = new Arena(run)
  try {
    return await work(arena)
  } finally {
    await arena.close()
  }
}
