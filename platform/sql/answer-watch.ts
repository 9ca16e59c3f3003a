// A limit on the wait for answers that come one after the other: not each in itself, but from one to the next.

export class AnswerWatch {
  private readonly most: number
  private readonly onSilence: () => void
  private readonly waiting = new Set<(error: Error) => void>()
  private timer: NodeJS.Timeout | null = null

  /** After `most` ms without an answer all who wait hear so, and then `onSilence` is called. */
  constructor(most: number, onSilence: () => void) {
    this.most = most
    this.onSilence = onSilence
  }

  /** The answer, or an error with the code ETIMEDOUT. */
  over<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.waiting.add(reject)
      if (this.waiting.size === 1) this.restart()
      const heard = (): void => {
        // Told of the silence already: this is no answer any more.
        if (!this.waiting.delete(reject)) return
        this.restart()
      }
      answer.then(
        value => {
          heard()
          resolve(value)
        },
        (error: unknown) => {
          heard()
          reject(error)
        },
      )
    })
  }

  /** All who wait hear so now. */
  giveUp(): void {
    if (this.waiting.size > 0) this.silence()
  }

  private restart(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = this.waiting.size === 0 ? null : setTimeout(() => this.silence(), this.most)
  }

  private silence(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    const error = Object.assign(new Error(`no answer for ${this.most} ms`), { code: 'ETIMEDOUT' })
    for (const reject of this.waiting) reject(error)
    this.waiting.clear()
    this.onSilence()
  }
}
