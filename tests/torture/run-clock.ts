// Waiting in a run: a load is made of pauses. Each ends early when the run does, so that nobody is waited for in vain.

export class RunClock {
  private readonly over = Promise.withResolvers<void>()
  isOver = false

  async wait(ms: number): Promise<void> {
    const pause = Promise.withResolvers<void>()
    const timer = setTimeout(pause.resolve, ms)
    await Promise.race([pause.promise, this.over.promise])
    clearTimeout(timer)
  }

  end(): void {
    this.isOver = true
    this.over.resolve()
  }
}
