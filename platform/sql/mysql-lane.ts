// Batches on MariaDB and MySQL: whole transactions as one or two texts, each lane on a connection of its own. An
// attempt is sent while the one before is still at work, so that the engine finds it there when it is through.

import { createConnection, SqlError } from 'mariadb'
import { invariant } from '../contract/result.ts'
import { AnswerWatch } from './answer-watch.ts'
import { CommitUnknown, LedgerUnavailable, sampleOf, trouble } from './errors.ts'
import { Behind, type Lane } from './ledger.ts'
import { CONNECT_TIMEOUT_MS, type MysqlOptions, serverOf, sessionSetup } from './mysql-connection.ts'
import { renderLock, renderSelect, renderWrite } from './render-mysql.ts'
import type { LaneWrite, Row, Select, Write } from './statements.ts'

type Connection = Awaited<ReturnType<typeof createConnection>>

/** Longest that the engine may take from one answer to the next, ms: two lock waits and a slow disk. */
const ANSWER_MOST_MS = 10_000

/** Attempts that rest on each other. */
interface Chain {
  /** Sent and not answered. */
  under: number
  /** One of them failed: what was sent behind it was not tried. */
  broken: boolean
}

export class MysqlLane implements Lane {
  private readonly name: string
  private readonly options: MysqlOptions
  private readonly watch = new AnswerWatch(ANSWER_MOST_MS, () => this.forget(this.opening))
  /** The connection, or how it is being opened. */
  private opening: Promise<Connection> | null = null
  private chain: Chain = { under: 0, broken: false }
  /** Number of the last attempt. */
  private sent = 0
  /** A second BEGIN would commit what the first has written so far. */
  private inTransaction = false

  constructor(name: string, options: MysqlOptions) {
    this.name = name
    this.options = options
  }

  get chains(): boolean {
    return this.chain.under > 0
  }

  async attempt(locks: readonly Select[], writes: readonly LaneWrite[]): Promise<void> {
    invariant(!this.inTransaction, `lane ${this.name}: one transaction at a time`)
    if (this.chain.broken || this.chain.under === 0) this.chain = { under: 0, broken: false }
    const { chain } = this
    const number = ++this.sent
    const after = chain.under === 0 ? [] : [committedIs(number - 1)]
    const work = [...locks.map(renderLock), ...writes.flatMap(renderWrite)]
    chain.under++
    try {
      await this.commit([...after, 'BEGIN', ...work, 'COMMIT', `SET @levee_committed=${number}`])
    } catch (error) {
      const behind = chain.broken && trouble(error) === 'guard'
      chain.broken = true
      if (behind) throw new Behind('the attempt before it failed')
      // Behind what was sent meanwhile, which does not begin, and before all that is sent from now on.
      this.rollback()
      throw error
    } finally {
      chain.under--
    }
  }

  async transact(
    reads: readonly Select[],
    decide: (sets: readonly Row[][]) => readonly Write[],
  ): Promise<void> {
    invariant(!this.inTransaction && !this.chains, `lane ${this.name}: one transaction at a time`)
    this.inTransaction = true
    try {
      const sets = await this.ask(['BEGIN', ...reads.map(renderSelect)])
      const work = decide(sets).flatMap(renderWrite)
      if (work.length === 0) this.rollback()
      else await this.commit([...work, 'COMMIT'])
    } catch (error) {
      this.rollback()
      throw error
    } finally {
      this.inTransaction = false
    }
  }

  read(reads: readonly Select[]): Promise<Row[][]> {
    return this.ask(['DO 0', ...reads.map(renderSelect)])
  }

  /** The primary is given up: nobody waits for its answers any more. */
  giveUp(): void {
    this.watch.giveUp()
  }

  async close(): Promise<void> {
    const { opening } = this
    this.opening = null
    const connection = await opening?.catch(() => null) // it never was one
    await connection?.end().catch(() => connection.destroy())
  }

  /** The result sets of the statements after the first. */
  private async ask(statements: readonly string[]): Promise<Row[][]> {
    try {
      const sets = await this.send(statements)
      return sets.slice(1) as Row[][]
    } catch (error) {
      if (trouble(error) !== 'connection') throw error
      throw new LedgerUnavailable(`lane ${this.name}: the ledger cannot be reached`, { cause: error })
    }
  }

  private async commit(statements: readonly string[]): Promise<void> {
    try {
      await this.send(statements)
    } catch (error) {
      if (error instanceof LedgerUnavailable || trouble(error) !== 'connection') throw error
      throw new CommitUnknown(`lane ${this.name}: the answer to COMMIT was lost`, { cause: error })
    }
  }

  /** Sent without waiting: the connection works in order, so what comes next begins after it. */
  private rollback(): void {
    const { opening } = this
    // One that breaks meanwhile rolls back by itself.
    opening?.then(connection => connection.query('ROLLBACK')).catch(() => this.forget(opening))
  }

  private async send(statements: readonly string[]): Promise<unknown[]> {
    const opening = this.connect()
    // One step of waiting for each, so that all are sent in the order of the calls.
    const connection = await opening
    const began = performance.now()
    try {
      const sets = await this.watch.over(connection.query<unknown[]>(statements.join(';')))
      this.options.note?.('ok', performance.now() - began)
      return sets
    } catch (error) {
      this.options.note?.(sampleOf(error), performance.now() - began)
      if (trouble(error) === 'connection') this.forget(opening)
      throw withoutText(error)
    }
  }

  private connect(): Promise<Connection> {
    if (this.opening !== null) return this.opening
    const opening = this.open()
    this.opening = opening
    // Without a listener a broken idle connection would end the process.
    opening.then(
      connection => connection.on('error', () => this.forget(opening)),
      () => this.forget(opening),
    )
    return opening
  }

  private async open(): Promise<Connection> {
    try {
      return await createConnection({
        ...serverOf(this.options),
        initSql: [...sessionSetup(this.options.lockWait)],
        multipleStatements: true,
        pipelining: true,
        // The guards count the rows that an update found, not those that it changed.
        foundRows: true,
        // Numbers as the ledger's other connections give them; beyond 2^53 it is an error, not another number.
        bigIntAsNumber: true,
        insertIdAsNumber: true,
        checkNumberRange: true,
        connectTimeout: this.options.connectTimeout ?? CONNECT_TIMEOUT_MS,
      })
    } catch (error) {
      this.options.note?.(sampleOf(error), 0)
      throw new LedgerUnavailable(`lane ${this.name}: the ledger cannot be reached`, { cause: error })
    }
  }

  /** What is sent from now on goes over another connection. The server rolls back what this one has not committed. */
  private forget(opening: Promise<Connection> | null): void {
    if (this.opening === opening) this.opening = null
    opening?.then(
      connection => connection.destroy(),
      () => undefined, // it never was one, and whoever asked for it was told
    )
  }
}

/** The connector's errors repeat the whole text, which is hundreds of orders and their customers: not for a log. */
function withoutText(error: unknown): unknown {
  if (!(error instanceof SqlError)) return error
  const { sqlMessage, errno, code, sqlState, fatal } = error
  return Object.assign(new Error(sqlMessage ?? code ?? 'no message'), { errno, code, sqlState, fatal })
}

/**
 * Fails (error 1242) unless attempt `number` of this connection was the last one committed. The engine begins what was
 * sent ahead whether or not the attempt before it failed, and its BEGIN would commit the part that was written.
 */
const committedIs = (number: number): string =>
  `SELECT IF(@levee_committed=${number},1,(SELECT 1 UNION ALL SELECT 2))`
