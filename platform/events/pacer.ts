// The pauses of a loop that polls: short after work, longer the longer nothing came, ended by a nudge.

export interface Pauses {
  /** Pause after a turn that had something to do, ms; a nudge does not shorten it, so that turns stay worth it. */
  readonly busy: number
  /** Longest pause while nothing comes, ms. */
  readonly idle: number
}

export class Pacer {
  private readonly pauses: Pauses
  private next: number
  private nudged = false
  private wake: (() => void) | null = null

  constructor(pauses: Pauses) {
    this.pauses = pauses
    this.next = pauses.busy
  }

  /** Cheap enough for every commit. */
  nudge(): void {
    this.nudged = true
    this.wake?.()
  }

  /** Waits until the next turn is due. `worked`: the last one had something to do. */
  async rest(worked: boolean): Promise<void> {
    this.next = worked ? this.pauses.busy : Math.min(this.next * 2, this.pauses.idle)
    if (worked) await new Promise<void>(resolve => setTimeout(resolve, this.pauses.busy))
    else if (!this.nudged) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, this.next)
        this.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.wake = null
    }
    this.nudged = false
  }
}
