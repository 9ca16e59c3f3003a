// A thread that writes batches, so that the ledger's work overlaps with the shop's: while one batch commits, the
// next is decided and lies ready in the thread, which begins it without asking the main thread. Started with the
// first batch that is big enough; a shop at rest has none.

import { Worker } from 'node:worker_threads'
import { CommitUnknown, GuardFailed, LedgerUnavailable } from './errors.ts'
import { Behind } from './ledger.ts'

/** Batches that write fewer rows are not worth the way to the thread, some 50 µs: about twenty orders. */
export const THREAD_ROWS = 100

/** One attempt on its way to the thread. `work`: what the engine's side understands. */
export interface Job<Work> {
  readonly id: number
  /** One lane's own: two may have one name. */
  readonly lane: string
  /** Attempts of a lane form a chain: when one fails, those behind it in the chain are not tried. */
  readonly chain: number
  readonly work: Work
}

export type Done =
  | { readonly id: number; readonly failure?: undefined }
  | { readonly id: number; readonly failure: Failure }

/** An error as it crosses threads: only plain errors keep their kind on the way. */
export interface Failure {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly errno: number | undefined
  readonly errcode: number | undefined
  readonly code: string | undefined
}

export function failureOf(error: unknown): Failure {
  const { name, message, stack, errno, errcode, code } = error as Failure & Error
  return { name, message, stack, errno, errcode, code }
}

const KINDS: Readonly<Record<string, new (message: string) => Error>> = {
  Behind,
  CommitUnknown,
  GuardFailed,
  LedgerUnavailable,
}

export function errorOf(failure: Failure): Error {
  const { name, message, stack, errno, errcode, code } = failure
  const error = new (KINDS[name] ?? Error)(message)
  if (stack !== undefined) error.stack = stack
  if (errcode !== undefined) return Object.assign(error, { errcode })
  return Object.assign(error, errno === undefined ? {} : { errno }, code === undefined ? {} : { code })
}

interface Waiting {
  resolve(): void
  reject(error: Error): void
}

export class LaneThread<Work> {
  private readonly entry: URL
  private readonly data: unknown
  private worker: Worker | null = null
  private readonly waiting = new Map<number, Waiting>()
  private lastId = 0
  private lanes = 0

  /** `entry`: the file that the thread runs; `data` is given to it. */
  constructor(entry: URL, data: unknown) {
    this.entry = entry
    this.data = data
  }

  /** A name for a lane that no other one has. */
  laneName(name: string): string {
    return `${name}#${++this.lanes}`
  }

  /** Resolves when the work is committed. Rejects as `Lane.attempt` does. */
  run(lane: string, chain: number, work: Work): Promise<void> {
    this.worker ??= this.start()
    const job: Job<Work> = { id: ++this.lastId, lane, chain, work }
    this.worker.postMessage(job)
    return new Promise((resolve, reject) => this.waiting.set(job.id, { resolve, reject }))
  }

  /** What was handed over is finished first: callers wait for their attempts before they close. */
  async close(): Promise<void> {
    const { worker } = this
    this.worker = null
    if (worker === null) return
    const gone = new Promise<void>(resolve => worker.once('exit', () => resolve()))
    worker.postMessage(null)
    await gone
  }

  private start(): Worker {
    const worker = new Worker(this.entry, { workerData: this.data })
    worker.on('message', (done: Done) => {
      const waiting = this.waiting.get(done.id)
      this.waiting.delete(done.id)
      if (done.failure === undefined) waiting?.resolve()
      else waiting?.reject(errorOf(done.failure))
    })
    let cause: unknown = null
    worker.on('error', error => {
      cause = error
    })
    // Always comes, after an error too; only then may another thread begin.
    worker.on('exit', () => this.lost(worker, cause))
    return worker
  }

  /** The thread is gone. What it had in hand may be committed or not: that is looked up. The next batch starts another. */
  private lost(worker: Worker, cause: unknown): void {
    if (this.worker === worker) this.worker = null
    for (const { reject } of this.waiting.values())
      reject(new CommitUnknown('the thread that wrote it ended', { cause }))
    this.waiting.clear()
  }
}

type Release = () => void
const free = (): Release => () => undefined

/** One lane's attempts in the thread. */
export class ThreadChain<Work> {
  private readonly lane: string
  private readonly thread: LaneThread<Work>
  private chain = 0
  private under = 0
  private handingOver: Promise<void> = Promise.resolve()

  constructor(lane: string, thread: LaneThread<Work>) {
    this.lane = thread.laneName(lane)
    this.thread = thread
  }

  /** True while an attempt is in the thread: the next one has to follow it there. */
  get busy(): boolean {
    return this.under > 0
  }

  /** Whether an attempt that writes so many rows goes to the thread. */
  takes(rows: number): boolean {
    return this.busy || rows >= THREAD_ROWS
  }

  /** `turn`: what has to be waited for before the thread may begin, and given back afterwards. */
  async add(work: Work, turn: () => Release | Promise<Release> = free): Promise<void> {
    const { chain } = this
    this.under++
    // Handed over in the order of the calls, whoever waits for a turn.
    const before = this.handingOver
    let handedOver = (): void => undefined
    this.handingOver = new Promise(resolve => {
      handedOver = resolve
    })
    try {
      await before
      const release = await turn()
      if (chain !== this.chain) {
        release()
        throw new Behind('the attempt before it failed')
      }
      const running = this.thread.run(this.lane, chain, work)
      handedOver()
      await running.finally(release)
    } catch (error) {
      // What comes from here on knows of the failure.
      if (this.chain === chain) this.chain++
      throw error
    } finally {
      handedOver()
      this.under--
    }
  }
}
