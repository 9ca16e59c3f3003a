// The pulse of the primary: written through a connection of its own, so that neither a full pool nor a long batch is taken
// for a sick server.

import { type Connection, createConnection } from 'mysql2'
import { LedgerUnavailable, sampleOf } from './errors.ts'
import { connectionOptions, type MysqlOptions } from './mysql-connection.ts'

/** Longest that any step may take, ms: three that hang are told of within two seconds. */
const STEP_MS = 500
/**
 * Longest wait for the row, s, which is the least there is. Nobody hears of a beat after STEP_MS, but at a server whose commits
 * hang it goes on waiting for the one before it: with a server's own 50 s they would take up all its connections.
 */
const LOCK_WAIT_S = 1

const NOW = 'ROUND(UNIX_TIMESTAMP(NOW(3))*1000)'
const LOOK = `SELECT @@global.read_only AS readOnly, ${NOW} AS now`
/** By the server's own clock, as a replica tells it too. */
const BEAT = `UPDATE ledger_pulse SET at=${NOW} WHERE id=1`
/** UTC: elsewhere one hour of the year has two beginnings. */
const SESSION = `SET SESSION innodb_lock_wait_timeout=${LOCK_WAIT_S}, SESSION time_zone='+00:00'`

export class Pulse {
  private readonly options: MysqlOptions
  private connection: Connection | null = null

  constructor(options: MysqlOptions) {
    this.options = options
  }

  /** Rejects when it could not be written; what that was is noted. */
  async beat(): Promise<void> {
    const { note = () => undefined } = this.options
    const began = performance.now()
    try {
      const [row] = (await this.ask(LOOK)) as { readOnly: number; now: string }[]
      this.options.heardTime?.(Number(row?.now), began, performance.now())
      if (row?.readOnly !== 0) {
        note('wrong_role', performance.now() - began)
        throw new LedgerUnavailable('the server is read-only')
      }
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) this.failed(sampleOf(error), began)
      throw error
    }
    try {
      await this.ask(BEAT)
      note('wrote', performance.now() - began)
    } catch (error) {
      const kind = sampleOf(error)
      this.failed(kind === 'hung' ? 'stuck' : kind, began)
      throw error
    }
  }

  close(): void {
    this.connection?.destroy()
    this.connection = null
  }

  private failed(kind: ReturnType<typeof sampleOf>, began: number): void {
    // No such table yet, or no right to it: the server is there.
    this.options.note?.(kind, performance.now() - began)
    if (kind !== 'ok') this.close()
  }

  private ask(statement: string): Promise<unknown> {
    this.connection ??= this.open()
    const { connection } = this
    return new Promise((resolve, reject) =>
      connection.query({ sql: statement, timeout: STEP_MS }, (error, rows) =>
        error ? reject(error) : resolve(rows),
      ),
    )
  }

  private open(): Connection {
    const connection = createConnection({ ...connectionOptions(this.options), connectTimeout: STEP_MS })
    // Shows where it is used.
    connection.on('error', () => {
      if (this.connection === connection) this.connection = null
    })
    connection.query(SESSION, error => error && connection.destroy())
    return connection
  }
}
