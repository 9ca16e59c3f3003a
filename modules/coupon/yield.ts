// Accepting comes before deciding: what lies in the line is safe, and somebody waits for the answer to a claim. A process
// that does both leaves most of its time to accepting while claims come, and decides more of them in one transaction
// then. A consumer in a process of its own never rests.

/** The next batch waits so many times as long as the last one took, */
const REST_PART = 2
/** and no longer, ms: at a steady pace a claim is decided within this and two batches. */
const REST_MOST_MS = 200

export class Yield {
  private came = 0

  /** A claim came to this process, to be accepted. */
  noteClaim(): void {
    this.came++
  }

  /** Pause before the next batch, ms, after one that took `ms`. */
  restAfter(ms: number): number {
    const { came } = this
    this.came = 0
    return came === 0 ? 0 : Math.min(REST_MOST_MS, ms * REST_PART)
  }
}
