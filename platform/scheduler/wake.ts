// Calls a sweep before its time, for what a person waits for. Whoever has no scheduler in its process calls nobody:
// the sweep's own rhythm is enough, only later.

export class Wake {
  private listener: (() => void) | null = null

  /** One sweep a wake. */
  onCall(listener: () => void): void {
    this.listener = listener
  }

  call(): void {
    this.listener?.()
  }
}
