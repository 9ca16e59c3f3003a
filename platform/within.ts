// A time limit around work that reaches outside of this process.

/** The limit was over before the work was: it hangs, as far as is known. */
export class OverTime extends Error {
  override readonly name = 'OverTime'
}

/**
 * Settles when the work does, when `ms` are over (rejects with OverTime) or when `signal` is aborted (rejects with its
 * reason), whichever comes first. The work is told by its own signal to let go of what it holds; nobody waits for that.
 */
export async function within<T>(
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const limit = new AbortController()
  const either = AbortSignal.any([signal, limit.signal])
  const timer = setTimeout(() => limit.abort(new OverTime(`no answer within ${ms} ms`)), ms)
  const { promise: over, reject } = Promise.withResolvers<never>()
  const end = (): void => reject(either.reason)
  either.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([work(either), over])
  } finally {
    clearTimeout(timer)
    either.removeEventListener('abort', end)
  }
}

/** Calls `end` when the signal is aborted, at once where it was; the function returned takes that back. */
export function onAbort(signal: AbortSignal, end: () => void): () => void {
  if (signal.aborted) end()
  else signal.addEventListener('abort', end, { once: true })
  return () => signal.removeEventListener('abort', end)
}
