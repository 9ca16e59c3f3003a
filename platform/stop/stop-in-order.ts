// What runs is stopped one part after the other; a part that takes long is named, so that nobody has to guess at it.

import type { Log } from '../log/log.ts'

/** From here on a part that stops is told of, ms: each has less than that to do, unless an engine is away. */
const LONG_MS = 3_000

export interface Stopping {
  /** As a log shows it. */
  readonly part: string
  stop(): unknown
}

/** In the order given. A part that takes long is logged while it does: what follows is bound by whoever asked for the stop. */
export async function stopInOrder(log: Log, parts: readonly Stopping[]): Promise<void> {
  for (const { part, stop } of parts) {
    const began = performance.now()
    const long = setTimeout(() => log.warn({ part }, 'takes long to stop'), LONG_MS)
    long.unref()
    try {
      await stop()
    } finally {
      clearTimeout(long)
    }
    const ms = Math.round(performance.now() - began)
    if (ms >= LONG_MS) log.warn({ part, ms }, 'has stopped')
  }
}
