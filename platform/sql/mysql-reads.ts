// Reads of committed rows: from the primary, or from a replica while that is away. A read that is under way when the primary
// is given up is given up too, so that whoever asked can ask again elsewhere; and none takes longer than its bound.

import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  type QueryResult,
} from 'kysely'
import type { Pool, PoolConnection } from 'mysql2'
import type { SampleKind } from '../../resilience/detector.ts'
import { LedgerUnavailable, sampleOf } from './errors.ts'

/** Longest that one read may take, ms: as long as a request. */
const READ_MOST_MS = 10_000

export type Source = 'primary' | 'replica'

interface Held extends DatabaseConnection {
  readonly connection: PoolConnection
  readonly source: Source
  /** Its last read was given up and may still be under way. */
  torn: boolean
}

export class Reads {
  private readonly pools: Readonly<Record<Source, Pool | null>>
  private readonly note: (kind: SampleKind, ms: number) => void
  private source: Source = 'primary'
  /** Of all that is asked of the source and not answered yet. */
  private readonly waiting = new Set<(error: Error) => void>()

  /** `note`: told what reads from the primary came to. */
  constructor(primary: Pool, replica: Pool | null, note: (kind: SampleKind, ms: number) => void) {
    this.pools = { primary, replica }
    this.note = note
  }

  get from(): Source {
    return this.source
  }

  /** Reads under way at a primary that is left are given up. Without a replica there is nowhere else to go. */
  readFrom(source: Source): void {
    if (source === this.source) return
    if (this.pools.replica !== null) this.source = source
    // What the replica still answers is as good as it was.
    if (source === 'primary') return
    const error = new LedgerUnavailable('the primary is given up')
    for (const reject of this.waiting) reject(error)
    this.waiting.clear()
  }

  dialect(): Dialect {
    return {
      createAdapter: () => new MysqlAdapter(),
      createDriver: () => this.driver(),
      createIntrospector: database => new MysqlIntrospector(database),
      createQueryCompiler: () => new MysqlQueryCompiler(),
    }
  }

  private driver(): Driver {
    const refuse = (): Promise<never> => Promise.reject(new Error('reads have no transactions'))
    return {
      init: async () => undefined,
      acquireConnection: () => this.acquire(),
      beginTransaction: refuse,
      commitTransaction: refuse,
      rollbackTransaction: refuse,
      releaseConnection: async held => release(held as Held),
      destroy: async () => undefined,
    }
  }

  private async acquire(): Promise<Held> {
    const { source } = this
    const pool = this.pools[source]!
    const acquired = new Promise<PoolConnection>((resolve, reject) =>
      pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection))),
    )
    try {
      return this.hold(await this.unlessGivenUp(acquired), source)
    } catch (error) {
      if (source === 'primary' && !(error instanceof LedgerUnavailable)) this.note(sampleOf(error), 0)
      // Should it come all the same, nobody waits for it.
      acquired.then(
        connection => connection.release(),
        () => undefined,
      )
      if (source === 'primary' || error instanceof LedgerUnavailable) throw error
      // Whatever is wrong with it, a password too: there is nothing else to read from.
      throw new LedgerUnavailable('the replica cannot be read', { cause: error })
    }
  }

  /** (A race with one lasting promise would keep every answer for as long as that lasts.) */
  private unlessGivenUp<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.waiting.add(reject)
      answer.then(
        value => {
          this.waiting.delete(reject)
          resolve(value)
        },
        (error: unknown) => {
          this.waiting.delete(reject)
          reject(error)
        },
      )
    })
  }

  private hold(connection: PoolConnection, source: Source): Held {
    const held: Held = {
      connection,
      source,
      torn: false,
      executeQuery: async <R>(query: CompiledQuery): Promise<QueryResult<R>> => {
        const began = performance.now()
        const rows = ask<R>(connection, query)
        const tell = (kind: SampleKind): void => {
          if (source === 'primary') this.note(kind, performance.now() - began)
        }
        try {
          const read = await this.unlessGivenUp(rows)
          tell('ok')
          return { rows: read }
        } catch (error) {
          if (!(error instanceof LedgerUnavailable)) tell(sampleOf(error))
          held.torn = error instanceof LedgerUnavailable || isLate(error)
          rows.catch(() => undefined)
          throw error
        }
      },
      // biome-ignore lint/correctness/useYield: there is no reading row by row here
      streamQuery: async function* () {
        throw new Error('reads are whole')
      },
    }
    return held
  }
}

function ask<R>(connection: PoolConnection, { sql, parameters }: CompiledQuery): Promise<R[]> {
  return new Promise((resolve, reject) =>
    connection.query(
      // mysql2 looks through the whole text for places of values even if there are none.
      parameters.length === 0
        ? { sql, timeout: READ_MOST_MS }
        : { sql, values: parameters as unknown[], timeout: READ_MOST_MS },
      (error, rows) => (error ? reject(error) : resolve(rows as R[])),
    ),
  )
}

/** A connection whose read may still be under way is of no use to the next one. */
function release({ connection, torn }: Held): void {
  if (torn) connection.destroy()
  else connection.release()
}

const isLate = (error: unknown): boolean => (error as { code?: string }).code === 'PROTOCOL_SEQUENCE_TIMEOUT'
