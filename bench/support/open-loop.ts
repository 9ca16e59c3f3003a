// So many pieces of work a second whatever becomes of them (an open loop): who is slow is not asked less often for it.

/** How often due work is begun, ms. */
const TICK_MS = 10
/** Told at most; the rest is alike. */
const PROBLEMS_MOST = 5

export class OpenLoop {
  readonly problems: string[] = []
  /** Begun so far. */
  begun = 0
  private readonly perSecond: number
  private readonly most: number
  private readonly work: (number: number) => Promise<void>
  private readonly open = new Set<Promise<void>>()
  private timer: NodeJS.Timeout | null = null

  /** `work` is told its number, from 0. `most`: under way at once; what is due beyond that is a problem. */
  constructor(options: {
    readonly perSecond: number
    readonly most: number
    readonly work: (number: number) => Promise<void>
  }) {
    this.perSecond = options.perSecond
    this.most = options.most
    this.work = options.work
  }

  /** `count`: ends by itself after so many. */
  start(count = Number.POSITIVE_INFINITY): void {
    const started = performance.now()
    const first = this.begun
    this.timer = setInterval(() => {
      const due = Math.min(count, ((performance.now() - started) / 1000) * this.perSecond)
      while (this.begun - first < due) this.begin(this.begun++)
      if (this.begun - first >= count) this.pause()
    }, TICK_MS)
  }

  /** No more; resolves when what was begun has ended. */
  async stop(): Promise<void> {
    this.pause()
    await Promise.all(this.open)
  }

  tell(problem: string): void {
    if (this.problems.length < PROBLEMS_MOST) this.problems.push(problem)
  }

  private begin(number: number): void {
    if (this.open.size >= this.most) {
      this.tell(`more than ${this.most} are under way`)
      return
    }
    const piece = this.work(number).catch((error: Error) => this.tell(error.message))
    this.open.add(piece)
    void piece.finally(() => this.open.delete(piece))
  }

  private pause(): void {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
  }
}
