// The requests being worked on: how many, until when, under which keys.

import type { Exchange } from './exchange.ts'

export class InFlight {
  private readonly list: Exchange[] = []
  private readonly keys = new Set<string>()
  private waiting: Array<() => void> = []

  get size(): number {
    return this.list.length
  }

  add(exchange: Exchange): void {
    exchange.slot = this.list.length
    this.list.push(exchange)
  }

  /** Claims an idempotency key for this request; false: a twin holds it. */
  claim(exchange: Exchange, key: string): boolean {
    if (this.keys.has(key)) return false
    this.keys.add(key)
    exchange.key = key
    return true
  }

  remove(exchange: Exchange): void {
    if (exchange.key !== null) this.keys.delete(exchange.key)
    if (exchange.slot < 0) return
    const last = this.list.pop()!
    if (last !== exchange) {
      this.list[exchange.slot] = last
      last.slot = exchange.slot
    }
    exchange.slot = -1
    if (this.list.length === 0 && this.waiting.length > 0)
      for (const resolve of this.waiting.splice(0)) resolve()
  }

  /** Those whose deadline has passed and who have no answer yet. */
  expired(now: number): Exchange[] {
    return this.list.filter(exchange => !exchange.answered && exchange.deadline <= now)
  }

  /** Resolves when nothing is worked on. */
  empty(): Promise<void> {
    if (this.list.length === 0) return Promise.resolve()
    return new Promise(resolve => this.waiting.push(resolve))
  }
}
