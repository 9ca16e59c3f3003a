// What falls through to the ledger is no more than it bears: so many at once, as many again that wait a moment, and the rest is
// told at once to come back.

import { Limiter, type LimiterBounds } from '../../resilience/limiter.ts'

/** More than can be done at the moment: come back in a second. Nothing was done. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded'
}

/** Longest wait for a turn, ms: whoever waits longer is better told to come back. */
const WAIT_MOST_MS = 500

export interface Limited {
  /** The work's own outcome; rejects with Overloaded where there is no turn for it in time. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** At it, waiting, and how many may be at it now. */
  readonly status: { readonly underWay: number; readonly waiting: number; readonly most: number }
}

export function limited(bounds: LimiterBounds): Limited {
  const limiter = new Limiter(bounds)
  const waiting = new Set<() => void>()

  /** The one that has waited longest. */
  function next(): void {
    const [first] = waiting
    if (first === undefined) return
    waiting.delete(first)
    first()
  }

  async function turn(): Promise<void> {
    const end = performance.now() + WAIT_MOST_MS
    while (!limiter.enter()) {
      const left = end - performance.now()
      if (left <= 0 || waiting.size >= limiter.most)
        throw new Overloaded(`more than ${limiter.most} are at it, and as many wait`)
      await new Promise<void>(resolve => {
        const timer = setTimeout(wake, left)
        function wake(): void {
          clearTimeout(timer)
          waiting.delete(wake)
          resolve()
        }
        waiting.add(wake)
      })
    }
  }

  return {
    async run(work) {
      await turn()
      const began = performance.now()
      let took: number | null = null
      try {
        const done = await work()
        took = performance.now() - began
        return done
      } finally {
        limiter.leave(took, performance.now())
        next()
      }
    },
    get status() {
      return { underWay: limiter.underWay, waiting: waiting.size, most: limiter.most }
    },
  }
}
