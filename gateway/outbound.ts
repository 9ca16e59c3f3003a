// Answers leave together, after what arrived in the same turn of the loop was read: whoever receives them on this
// machine (a proxy, another service) is woken once for many of them. A lone answer waits for nothing, its turn ends with it.

export class Outbound {
  private readonly onError: (error: unknown) => void
  private waiting: Array<() => void> = []

  /** `onError` hears of an answer that could not be written; the others are. */
  constructor(onError: (error: unknown) => void) {
    this.onError = onError
  }

  /** `write` is called before the loop waits again. */
  add(write: () => void): void {
    if (this.waiting.push(write) === 1) setImmediate(() => this.flush())
  }

  private flush(): void {
    const writes = this.waiting
    this.waiting = []
    for (const write of writes) {
      try {
        write()
      } catch (error) {
        this.onError(error)
      }
    }
  }
}
