/** First come, first served. Who waits is bounded by the queues in front of it. */
export class Mutex {
  held = false
  private readonly queue: Array<() => void> = []

  get waiting(): number {
    return this.queue.length
  }

  /** Resolves to the function that gives it back. */
  async acquire(): Promise<() => void> {
    if (this.held) await new Promise<void>(resolve => this.queue.push(resolve))
    this.held = true
    let released = false
    return () => {
      if (released) return
      released = true
      const next = this.queue.shift()
      if (next === undefined) this.held = false
      else next()
    }
  }
}
