// Notices how late this process's own loop comes round: what hung or took long meanwhile is not the engines' fault.

/** Looked at so often, ms. */
const EVERY_MS = 20
/** Later than that is a hold-up, ms: an answer lay in the socket for so long. */
const LATE_MS = 50

export interface LoopWatch {
  /** The loop was held up for the `ms` until now. */
  heldUp(ms: number): void
  /** At each look: how late it came, ms. */
  late(ms: number): void
}

/** Returns how to stop. */
export function watchLoop({ heldUp, late }: LoopWatch): () => void {
  let due = performance.now() + EVERY_MS
  const timer = setInterval(() => {
    const now = performance.now()
    late(Math.max(0, now - due))
    if (now - due > LATE_MS) heldUp(now - due + EVERY_MS)
    due = now + EVERY_MS
  }, EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}
