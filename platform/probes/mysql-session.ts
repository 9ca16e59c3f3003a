// One connection of a probe's own to MariaDB or MySQL, kept while it is well. Never one of the shop's pool: that may be
// what has to be looked at.

import { type Connection, createConnection } from 'mysql2'
import { serverOf } from '../sql/mysql-connection.ts'
import { onAbort, within } from '../within.ts'
import { PROBE_MS } from './probe.ts'
import { probeFailure } from './probe-failed.ts'

export interface MysqlProbeOptions {
  /** `mysql://user:password@host:port/database`. To see others' transactions it needs PROCESS, for replication REPLICATION CLIENT (MySQL) or BINLOG MONITOR and SLAVE MONITOR (MariaDB), to end connections CONNECTION ADMIN or SUPER. */
  readonly url: string
  /** ms */
  readonly timeLimit?: number
}

export type Row = Readonly<Record<string, string | number | null>>
export type Ask = (statement: string, values?: readonly (string | number)[]) => Promise<readonly Row[]>

/** The session's own waits are short, reads take no locks, and times are those of the server's clock, as InnoDB writes them. */
const SET_UP =
  "SET SESSION time_zone='SYSTEM', SESSION innodb_lock_wait_timeout=1, SESSION lock_wait_timeout=1"

/** Spelled as a statement because the variable's name differs between the two engines. */
const ISOLATION = 'SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED'

export class MysqlSession {
  private readonly options: MysqlProbeOptions
  private kept: Connection | null = null

  constructor(options: MysqlProbeOptions) {
    this.options = options
  }

  /**
   * Statements one after the other, all of them within one time limit. `fresh`: ms that a new connection took.
   * @throws ProbeFailed
   */
  async run<T>(
    signal: AbortSignal,
    work: (ask: Ask, fresh: number | null) => Promise<T>,
    timeLimit: number = this.options.timeLimit ?? PROBE_MS,
  ): Promise<T> {
    let connection = this.kept
    this.kept = null
    try {
      return await within(timeLimit, signal, async inner => {
        let fresh: number | null = null
        const began = performance.now()
        const isNew = connection === null
        const used = connection ?? this.open(timeLimit)
        connection = used
        const release = onAbort(inner, () => used.destroy())
        const ask: Ask = (statement, values) => query(used, statement, values)
        try {
          if (isNew) {
            await ask(SET_UP)
            await ask(ISOLATION)
            fresh = performance.now() - began
          }
          const result = await work(ask, fresh)
          if (this.kept === null && !inner.aborted) this.kept = used
          else used.destroy()
          return result
        } finally {
          release()
        }
      })
    } catch (error) {
      connection?.destroy()
      const { password } = serverOf({ ...this.options, poolSize: 1, lockWait: 1 })
      throw probeFailure('MySQL', error, password === '' ? [] : [password])
    }
  }

  close(): void {
    this.kept?.destroy()
    this.kept = null
  }

  private open(connectTimeout: number): Connection {
    const server = serverOf({ ...this.options, poolSize: 1, lockWait: 1 })
    const connection = createConnection({
      ...{ ...server, charset: 'utf8mb4', connectTimeout },
      // Numbers beyond 2^53 and times come as they are written.
      ...{ supportBigNumbers: true, bigNumberStrings: false, dateStrings: true },
    })
    // A kept one that breaks shows at once; one in use shows by its statement.
    connection.on('error', () => {
      if (this.kept === connection) this.kept = null
    })
    return connection
  }
}

function query(
  connection: Connection,
  statement: string,
  values: readonly (string | number)[] = [],
): Promise<readonly Row[]> {
  return new Promise((resolve, reject) =>
    connection.query(statement, [...values], (error, rows) => {
      if (error) reject(error)
      // A statement without rows answers with how it went.
      else resolve(Array.isArray(rows) ? (rows as Row[]) : [])
    }),
  )
}

/** `Variable_name`, `Value` rows of SHOW STATUS and SHOW VARIABLES, names in lower case. */
export function named(rows: readonly Row[]): ReadonlyMap<string, string> {
  return new Map(rows.map(row => [String(row.Variable_name).toLowerCase(), String(row.Value)]))
}
