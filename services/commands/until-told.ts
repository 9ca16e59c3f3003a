// A process that runs until it is told to stop, by a signal or by the end of whoever started it.

import { OK, PROBLEM } from './exit-codes.ts'

/** Resolves with the exit code when it was told to stop and has drained. A second signal ends it at once. */
export function untilTold(
  running: { stop(): Promise<boolean> },
  { endWithParent, told }: { endWithParent?: true; told?: () => void } = {},
): Promise<number> {
  return new Promise(resolve => {
    let stopping = false
    const stop = (): void => {
      if (stopping) return
      stopping = true
      told?.()
      void running.stop().then(inTime => resolve(inTime ? OK : PROBLEM))
    }
    const signalled = (): void => {
      if (stopping) process.exit(PROBLEM)
      stop()
    }
    process.on('SIGTERM', signalled)
    process.on('SIGINT', signalled)
    if (endWithParent === undefined) return
    // The other end of this pipe is held by the parent alone: however it goes, the pipe ends.
    process.stdin.on('error', stop)
    process.stdin.on('end', stop)
    process.stdin.resume()
    // It is watched, not waited for: a process that has stopped ends.
    ;(process.stdin as { unref?: () => void }).unref?.()
  })
}
