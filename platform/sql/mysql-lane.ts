// Batches on MariaDB and MySQL: whole transactions as one or two texts. Small ones go from the main thread, big
// ones from a thread of their own.

import mysql, { type Connection } from 'mysql2'
import { invariant } from '../contract/result.ts'
import { CommitUnknown, LedgerUnavailable, trouble } from './errors.ts'
import { type LaneThread, ThreadChain } from './lane-thread.ts'
import type { Lane } from './ledger.ts'
import { connectionOptions, type MysqlOptions, setUp } from './mysql-connection.ts'
import { renderLock, renderSelect, renderWrite } from './render-mysql.ts'
import { type LaneWrite, type Row, rowsOf, type Select, type Write } from './statements.ts'

/** Longest wait for the answer to a batch, ms: two lock waits and a slow disk. */
const BATCH_TIMEOUT_MS = 10_000

export class MysqlLane implements Lane {
  private readonly connection: MysqlConnection
  private readonly chain: ThreadChain<string>

  constructor(name: string, options: MysqlOptions, thread: LaneThread<string>) {
    this.connection = new MysqlConnection(name, options)
    this.chain = new ThreadChain(name, thread)
  }

  get chains(): boolean {
    return this.chain.busy
  }

  transact(reads: readonly Select[], decide: (sets: readonly Row[][]) => readonly Write[]): Promise<void> {
    return this.connection.transact(reads, decide)
  }

  attempt(locks: readonly Select[], writes: readonly LaneWrite[]): Promise<void> {
    const text = ['BEGIN', ...locks.map(renderLock), ...writes.flatMap(renderWrite)].join(';')
    return this.chain.takes(rowsOf(writes)) ? this.chain.add(text) : this.connection.write(text)
  }

  read(reads: readonly Select[]): Promise<Row[][]> {
    return this.connection.read(reads)
  }

  close(): Promise<void> {
    return this.connection.close()
  }
}

/** One connection for batches, made when it is needed. */
export class MysqlConnection {
  private connection: Connection | null = null
  private readonly name: string
  private readonly options: MysqlOptions
  /** A second BEGIN would commit what the first has written so far. */
  private inTransaction = false

  constructor(name: string, options: MysqlOptions) {
    this.name = name
    this.options = options
  }

  transact(reads: readonly Select[], decide: (sets: readonly Row[][]) => readonly Write[]): Promise<void> {
    return this.alone(() => this.decideAndWrite(reads, decide))
  }

  /** Runs `text`, which begins with BEGIN, and commits. Throws as `Lane.attempt` does. */
  write(text: string): Promise<void> {
    return this.alone(() => this.commit(text))
  }

  private async alone(work: () => Promise<void>): Promise<void> {
    invariant(!this.inTransaction, `lane ${this.name}: one transaction at a time`)
    this.inTransaction = true
    try {
      await work()
    } finally {
      this.inTransaction = false
    }
  }

  private async decideAndWrite(
    reads: readonly Select[],
    decide: (sets: readonly Row[][]) => readonly Write[],
  ): Promise<void> {
    const sets = await this.query(`BEGIN;${reads.map(renderSelect).join(';')}`).catch(error =>
      this.rolledBack(error),
    )
    let text: string[]
    try {
      text = decide(sets.slice(1) as Row[][]).flatMap(renderWrite)
    } catch (error) {
      this.rollback()
      throw error
    }
    if (text.length === 0) return this.rollback()
    return this.commit(text.join(';'))
  }

  private async commit(text: string): Promise<void> {
    try {
      await this.query(`${text};COMMIT`)
    } catch (error) {
      if (trouble(error) === 'connection') {
        this.drop()
        throw new CommitUnknown(`lane ${this.name}: the answer to COMMIT was lost`, { cause: error })
      }
      return this.rolledBack(error)
    }
  }

  async read(reads: readonly Select[]): Promise<Row[][]> {
    const sets = await this.query(`DO 0;${reads.map(renderSelect).join(';')}`).catch(error =>
      this.rolledBack(error),
    )
    return sets.slice(1) as Row[][]
  }

  close(): Promise<void> {
    const connection = this.connection
    this.connection = null
    if (connection === null) return Promise.resolve()
    return new Promise(resolve => connection.end(() => resolve()))
  }

  /** Nothing of the batch stays: rolls back, or drops a broken connection (the server rolls back then). */
  private rolledBack(error: unknown): never {
    if (trouble(error) === 'connection') {
      this.drop()
      throw new LedgerUnavailable(`lane ${this.name}: the ledger cannot be reached`, { cause: error })
    }
    this.rollback()
    throw error
  }

  /** Sent without waiting: the connection works in order, so the next batch begins after it. */
  private rollback(): void {
    this.connection?.query('ROLLBACK', error => error && this.drop())
  }

  private drop(): void {
    this.connection?.destroy()
    this.connection = null
  }

  private query(sql: string): Promise<unknown[]> {
    const connection = this.connect()
    return new Promise((resolve, reject) =>
      connection.query({ sql, timeout: BATCH_TIMEOUT_MS }, (error, sets) =>
        error ? reject(error) : resolve(sets as unknown[]),
      ),
    )
  }

  private connect(): Connection {
    if (this.connection !== null) return this.connection
    const connection = mysql.createConnection({
      ...connectionOptions(this.options),
      multipleStatements: true,
    })
    // Without a listener a broken idle connection would end the process.
    connection.on('error', () => {
      if (this.connection === connection) this.connection = null
    })
    setUp(connection, this.options.lockWait)
    this.connection = connection
    return connection
  }
}
