// The thread's side of `lane-thread.ts`: attempts in the order they came, each lane's by itself.

import { parentPort } from 'node:worker_threads'
import { invariant } from '../contract/result.ts'
import { type Done, failureOf, type Job } from './lane-thread.ts'
import { Behind } from './ledger.ts'

/** `write` commits one attempt; `close` ends what it uses. Until the main thread says that it is over. */
export function serveLanes<Work>(
  write: (lane: string, work: Work) => Promise<void> | void,
  close: () => Promise<void>,
): void {
  const port = parentPort
  invariant(port !== null, 'this file is run by a thread')
  const tails = new Map<string, Promise<void>>()
  /** By lane: the chain whose rest is not tried. */
  const broken = new Map<string, number>()

  const attempt = async ({ id, lane, chain, work }: Job<Work>): Promise<void> => {
    let done: Done = { id }
    try {
      if (broken.get(lane) === chain) throw new Behind('the attempt before it failed')
      await write(lane, work)
    } catch (error) {
      broken.set(lane, chain)
      done = { id, failure: failureOf(error) }
    }
    port.postMessage(done)
  }
  port.on('message', (job: Job<Work> | null) => {
    if (job === null) {
      void Promise.all(tails.values())
        .then(close)
        .finally(() => port.close())
      return
    }
    const before = tails.get(job.lane)
    tails.set(job.lane, before === undefined ? attempt(job) : before.then(() => attempt(job)))
  })
}
