// How many calls may be repeated: a tenth of what went well, so that a service in trouble is not asked twice as much.

/** Repeats earned by each call that went well. */
const EARNED = 0.1
/** Most repeats saved up: what one instance may have in hand when it is killed in a rush. */
const SAVED_MOST = 1_000
/** Repeats before anything went well: a process that has just begun. */
const AT_FIRST = 20

export class RetryBudget {
  private saved = AT_FIRST

  wentWell(): void {
    if (this.saved < SAVED_MOST) this.saved += EARNED
  }

  /** True: one more may be repeated. */
  take(): boolean {
    if (this.saved < 1) return false
    this.saved--
    return true
  }
}
