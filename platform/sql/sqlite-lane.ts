// Batches on SQLite: small ones on the main thread, where nothing is quicker; big ones in a thread of their own.

import { type LaneThread, ThreadChain } from './lane-thread.ts'
import type { Lane } from './ledger.ts'
import type { Mutex } from './mutex.ts'
import { type Run, runsOf, type SqliteBatches } from './sqlite-connection.ts'
import { type LaneWrite, type Row, rowsOf, type Select, type Write } from './statements.ts'

/** The thread's turn to write. What follows while it has it joins, unless somebody else waits. */
export class ThreadTurn {
  private readonly turn: Mutex
  private current: { users: number; readonly release: () => void } | null = null

  constructor(turn: Mutex) {
    this.turn = turn
  }

  /** Null: one has to wait for `acquire`. */
  join(): (() => void) | null {
    const { current } = this
    if (current === null || this.turn.waiting > 0) return null
    current.users++
    return () => this.leave(current)
  }

  async acquire(): Promise<() => void> {
    const current = { users: 1, release: await this.turn.acquire() }
    this.current = current
    return () => this.leave(current)
  }

  private leave(turn: { users: number; readonly release: () => void }): void {
    if (--turn.users > 0) return
    if (this.current === turn) this.current = null
    turn.release()
  }
}

export interface SqliteParts {
  readonly writer: SqliteBatches
  readonly reader: SqliteBatches
  readonly turn: Mutex
  readonly thread: LaneThread<readonly Run[]>
  readonly threadTurn: ThreadTurn
}

export class SqliteLane implements Lane {
  private readonly parts: SqliteParts
  private readonly chain: ThreadChain<readonly Run[]>

  constructor(name: string, parts: SqliteParts) {
    this.parts = parts
    this.chain = new ThreadChain(name, parts.thread)
  }

  get chains(): boolean {
    return this.chain.busy
  }

  transact(reads: readonly Select[], decide: (sets: readonly Row[][]) => readonly Write[]): Promise<void> {
    const { writer } = this.parts
    return this.write(() => runsOf(decide(reads.map(read => writer.select(read)))))
  }

  attempt(_locks: readonly Select[], writes: readonly LaneWrite[]): Promise<void> {
    const runs = runsOf(writes)
    return this.chain.takes(rowsOf(writes)) ? this.inThread(runs) : this.write(() => runs)
  }

  async read(reads: readonly Select[]): Promise<Row[][]> {
    return reads.map(read => this.parts.reader.select(read))
  }

  async close(): Promise<void> {}

  private async write(work: () => readonly Run[]): Promise<void> {
    const release = await this.parts.turn.acquire()
    try {
      this.parts.writer.transact(work)
    } finally {
      release()
    }
  }

  private inThread(runs: readonly Run[]): Promise<void> {
    const { threadTurn } = this.parts
    return this.chain.add(runs, () => threadTurn.join() ?? threadTurn.acquire())
  }
}
