// Accepting comes before deciding: what lies in the line is safe, and somebody waits for the answer to a claim. A process
// that has no time left leaves most of it to accepting while claims come, and decides more of them in one transaction
// then. One that has some, and a consumer in a process of its own, never rests.

/** The next batch waits so many times as long as the last one took, */
const REST_PART = 2
/** and no longer, ms: the line is never given up for the door. */
const REST_MOST_MS = 200
/** Part of the time at work from which on a process has none left. */
const NO_TIME_LEFT = 0.95
/** Time looked at, ms: in a shorter one every process is busy now and then. */
const WINDOW_MS = 300

export class Yield {
  private readonly atWork: () => number
  private came = 0

  /** `atWork`: part of a short while ago in which this process's loop was at work, 0 to 1. */
  constructor(atWork: () => number = loopAtWork()) {
    this.atWork = atWork
  }

  /** A claim came to this process, to be accepted. */
  noteClaim(): void {
    this.came++
  }

  /** Pause before the next batch, ms, after one that took `ms`. */
  restAfter(ms: number): number {
    const { came } = this
    this.came = 0
    return this.atWork() < NO_TIME_LEFT || came === 0 ? 0 : Math.min(REST_MOST_MS, ms * REST_PART)
  }
}

function loopAtWork(): () => number {
  let before = performance.eventLoopUtilization()
  let since = performance.now()
  let last = 0
  return () => {
    const now = performance.now()
    if (now - since < WINDOW_MS) return last
    const until = performance.eventLoopUtilization()
    last = performance.eventLoopUtilization(until, before).utilization
    before = until
    since = now
    return last
  }
}
