// The ledger as one shop process sees it: the shop's own statements on the shared rows, answers after a while, and all
// that a server across a network may do: refuse, hang, take no writes, commit and not say so.

import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { CommitUnknown, LedgerUnavailable, trouble } from '../../platform/sql/errors.ts'
import {
  Behind,
  CONFLICT_RETRIES,
  conflictPause,
  type Lane,
  type Ledger,
  type Tx,
} from '../../platform/sql/ledger.ts'
import { runsOf } from '../../platform/sql/sqlite-connection.ts'
import type { LaneWrite, Row, Select, Write } from '../../platform/sql/statements.ts'
import type { SampleKind } from '../../resilience/detector.ts'
import type { Random } from './random.ts'
import type { Store } from './store.ts'
import type { Owner, World } from './world.ts'

/**
 * - `refuse`: nobody takes the connection; - `hang`: no answer in its time, and nothing happens
 * - `read-only`: writes are refused; - `doubt`: now and then a COMMIT's answer is lost, whether it happened or not
 */
export type LedgerMode = 'well' | 'refuse' | 'hang' | 'read-only' | 'doubt'

/** What stands before all processes alike. */
export interface LedgerServer {
  readonly store: Store
  mode: LedgerMode
}

/** Answers take so long, ms. */
const ANSWER_MS = [0.1, 2.5] as const
/** Longest wait for an answer, ms. */
const HANG_MS = 400
/** Share of the commits in doubt. */
const DOUBT = 0.25

export interface LedgerSeat {
  readonly world: World
  readonly owner: Owner
  readonly server: LedgerServer
  note(kind: SampleKind, ms: number): void
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined)

/** What each way to the ledger has in common. */
class Wire {
  readonly seat: LedgerSeat
  source: 'primary' | 'replica' = 'primary'

  constructor(seat: LedgerSeat) {
    this.seat = seat
  }

  get random(): Random {
    return this.seat.world.random
  }

  get store(): Store {
    return this.seat.server.store
  }

  /** The way there, or back. Of a process that died nothing comes back. */
  travel(): Promise<void> {
    const { world, owner } = this.seat
    if (!owner.alive) return never()
    return world.pause(this.random.between(...ANSWER_MS))
  }

  /** Throws what stands in the way. */
  async arrive(writes: boolean): Promise<void> {
    const { server, note, owner } = this.seat
    await this.travel()
    if (!writes && this.source === 'replica') return
    if (server.mode === 'refuse') {
      note('refused', 1)
      throw new LedgerUnavailable('the ledger refuses')
    }
    if (server.mode === 'hang') {
      await this.seat.world.pause(HANG_MS)
      note('hung', HANG_MS)
      throw new LedgerUnavailable('the ledger does not answer')
    }
    if (writes && server.mode === 'read-only') {
      note('wrong_role', 1)
      throw new LedgerUnavailable('the ledger takes no writes')
    }
    if (!owner.alive) return never()
  }

  /** One transaction, whole or not at all; its answer may be lost. */
  async transaction<R>(work: () => R | Promise<R>): Promise<R> {
    const { server, note, owner } = this.seat
    await this.arrive(true)
    const lost = server.mode === 'doubt' && this.random.chance(DOUBT)
    const unknown = (): CommitUnknown => {
      note('broke', 1)
      return new CommitUnknown('the answer was lost')
    }
    if (lost && this.random.chance(0.5)) throw unknown()
    const release = await this.store.turn.acquire()
    let result: R
    try {
      result = await work()
    } catch (error) {
      release()
      await this.travel()
      throw error
    }
    release()
    if (lost && owner.alive) throw unknown()
    await this.travel()
    note('wrote', 1)
    return result
  }
}

class Connection implements DatabaseConnection {
  private readonly wire: Wire
  private readonly alone: boolean

  /** `alone`: each statement by itself. */
  constructor(wire: Wire, alone: boolean) {
    this.wire = wire
    this.alone = alone
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { wire } = this
    if (!this.alone) return run<R>(wire.store, sql, parameters)
    await wire.arrive(false)
    const release = await wire.store.turn.acquire()
    let result: QueryResult<R>
    try {
      result = run<R>(wire.store, sql, parameters)
    } finally {
      release()
    }
    await wire.travel()
    if (wire.source === 'primary') wire.seat.note('ok', 1)
    return result
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query)
  }
}

function run<R>(store: Store, sql: string, parameters: readonly unknown[]): QueryResult<R> {
  const { statement, reads } = store.prepared(sql)
  const values = parameters as (string | number | null)[]
  if (reads) return { rows: statement.all(...values) as R[] }
  const { changes, lastInsertRowid } = statement.run(...values)
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
}

function driver(wire: Wire, alone: boolean): Driver {
  const connection = new Connection(wire, alone)
  const exec = (text: string): void => wire.store.database.exec(text)
  return {
    init: async () => undefined,
    acquireConnection: async () => connection,
    beginTransaction: async () => exec('BEGIN IMMEDIATE'),
    commitTransaction: async () => exec('COMMIT'),
    rollbackTransaction: async () => {
      if (wire.store.database.isTransaction) exec('ROLLBACK')
    },
    releaseConnection: async () => undefined,
    destroy: async () => undefined,
  }
}

export function kyselyOn(wire: Wire, alone: boolean): Kysely<unknown> {
  return new Kysely<unknown>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => driver(wire, alone),
      createIntrospector: db => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
}

class SimLane implements Lane {
  private readonly wire: Wire
  private chain = 0
  private under = 0
  private last: Promise<void> = Promise.resolve()

  constructor(wire: Wire) {
    this.wire = wire
  }

  /** Attempts follow each other, as they do where a thread or a server takes them in turn. */
  get chains(): boolean {
    return this.under > 0
  }

  async transact(
    reads: readonly Select[],
    decide: (sets: readonly Row[][]) => readonly Write[],
  ): Promise<void> {
    await this.last.catch(() => undefined)
    const { batches } = this.wire.store
    return this.wire.transaction(() =>
      batches.transact(() => runsOf(decide(reads.map(read => batches.select(read))))),
    )
  }

  attempt(_locks: readonly Select[], writes: readonly LaneWrite[]): Promise<void> {
    const { chain } = this
    this.under++
    const before = this.last
    const ended = (async () => {
      try {
        await before.catch(() => undefined)
        if (chain !== this.chain) throw new Behind('the attempt before it failed')
        await this.wire.transaction(() => this.wire.store.batches.transact(() => runsOf(writes)))
      } catch (error) {
        if (this.chain === chain) this.chain++
        throw error
      } finally {
        this.under--
      }
    })()
    this.last = ended
    return ended
  }

  async read(reads: readonly Select[]): Promise<Row[][]> {
    const { wire } = this
    await wire.arrive(false)
    const release = await wire.store.turn.acquire()
    const sets = reads.map(read => wire.store.batches.select(read))
    release()
    await wire.travel()
    return sets
  }

  async close(): Promise<void> {}
}

export function simLedger(seat: LedgerSeat): Ledger {
  const wire = new Wire(seat)
  const reads = kyselyOn(wire, true)
  const writes = kyselyOn(wire, false)
  return {
    dialect: 'sqlite',
    reads: <Tables>() => reads as Kysely<Tables>,
    async write<Tables, R>(work: (tx: Tx<Tables>) => Promise<R>): Promise<R> {
      for (let attempt = 1; ; attempt++) {
        try {
          return await wire.transaction(() => (writes as Kysely<Tables>).transaction().execute(work))
        } catch (error) {
          if (trouble(error) !== 'conflict' || attempt > CONFLICT_RETRIES) throw error
        }
        await seat.world.pause(conflictPause(attempt, Math.random()))
      }
    },
    lane: () => new SimLane(wire),
    snapshot: <Tables, R>(work: (tx: Tx<Tables>) => Promise<R>) =>
      wire.transaction(() => (writes as Kysely<Tables>).transaction().execute(work)),
    migrator: () => writes,
    probe: () => wire.transaction(() => undefined),
    readFrom: source => {
      wire.source = source
    },
    currentTo: async now => now,
    async ping() {
      await wire.arrive(false)
    },
    pool: () => ({ used: 0, idle: 1, waiting: 0 }),
    close: async () => undefined,
  }
}
