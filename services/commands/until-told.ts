// A process that runs until it is told to stop: by a signal, or by the end of whoever started it.

import { OK, PROBLEM } from './exit-codes.ts'

/** How often a shop that npm started looks whether npm is still there, ms: a stop is seconds, a look costs nothing. */
const LOOK_FOR_NPM_MS = 500

/**
 * How long a stop may take beyond its drain, ms. Each of its steps has a bound of its own; should one of them not keep it, what
 * is left is as a kill would leave it, which costs nothing but a repeat.
 */
const STOP_MOST_MS = 10_000

/** How long a process that has stopped is left to end by itself, ms: its last lines are written by then. */
const LINGER_MS = 500

interface Told {
  /** Longest that what was accepted is finished for, ms. */
  readonly drain: number
  /** Stops as well when standard input ends, whose other end the parent holds. */
  readonly endWithParent?: true
  /** Called once, when it begins to stop. */
  told?(): unknown
}

/** Resolves with the exit code when it was told to stop and has drained. A second signal ends it at once. */
export function untilTold(running: { stop(): Promise<boolean> }, options: Told): Promise<number> {
  return new Promise(resolve => {
    let stopping = false
    const stop = (): void => {
      if (stopping) return
      stopping = true
      options.told?.()
      // It keeps nothing alive: a process that has ended by then is not waited for.
      const late = setTimeout(() => process.exit(PROBLEM), options.drain + STOP_MOST_MS).unref()
      void running.stop().then(inTime => {
        clearTimeout(late)
        const code = inTime ? OK : PROBLEM
        resolve(code)
        // A client of Kafka that is in the middle of joining keeps its process for seconds after it was closed.
        setTimeout(() => process.exit(code), LINGER_MS).unref()
      })
    }
    const signalled = (): void => {
      if (stopping) process.exit(PROBLEM)
      stop()
    }
    process.on('SIGTERM', signalled)
    process.on('SIGINT', signalled)
    if (options.endWithParent) whenInputEnds(stop)
    if (process.env.npm_lifecycle_event === 'start') whenNpmIsGone(stop)
  })
}

/** However the parent goes, the pipe ends. */
function whenInputEnds(stop: () => void): void {
  const { stdin } = process
  stdin.on('error', stop)
  stdin.on('end', stop)
  stdin.resume()
  // It is watched, not waited for: a process that has stopped ends.
  ;(stdin as { unref?: () => void }).unref?.()
}

/** npm hands a SIGTERM to the shell between us, which ends and does not pass it on: then somebody else is our parent. */
function whenNpmIsGone(stop: () => void): void {
  const parent = process.ppid
  const look = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(look)
    stop()
  }, LOOK_FOR_NPM_MS)
  look.unref()
}
