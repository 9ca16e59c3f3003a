// Notices when this process's own loop was held up: what hung meanwhile is not the engines' fault.

/** Looked at so often, ms. */
const EVERY_MS = 20
/** Later than that is trouble of our own, ms: an answer lay in the socket for so long. */
const LATE_MS = 50

/** `late`: the loop was held up for the `ms` until now. Returns how to stop. */
export function watchLoop(late: (ms: number) => void): () => void {
  let due = performance.now() + EVERY_MS
  const timer = setInterval(() => {
    const now = performance.now()
    if (now - due > LATE_MS) late(now - due + EVERY_MS)
    due = now + EVERY_MS
  }, EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}
