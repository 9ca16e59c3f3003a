// What the sandbox provider tells the shop by itself: signed, tried again, and on demand twice, late or out of order.

import { createHmac, randomUUID } from 'node:crypto'

export interface WebhookOptions {
  /** Where they go; empty: nowhere. */
  readonly url: string
  /** Shared with the shop. */
  readonly key: string
  /** How late `tok_webhook_late` is, ms. */
  readonly lateFor: number
}

/** Tries of one webhook and the first pause between them, ms; it doubles. */
const TRIES = 5
const FIRST_PAUSE_MS = 200
const TIMEOUT_MS = 5_000
/** Webhooks on their way; more are not sent, as with a real provider whose queue is full. */
const QUEUE_MOST = 10_000

export class Webhooks {
  options: WebhookOptions
  /** Answered by the shop with 2xx. */
  delivered = 0
  private queued = 0
  private readonly timers = new Set<NodeJS.Timeout>()
  /** Of `tok_webhook_reordered`: held back until the next event of the payment went out. */
  private readonly held = new Map<string, string>()
  private readonly ending = new AbortController()

  constructor(options: WebhookOptions) {
    this.options = options
  }

  tell(type: string, paymentId: string, token: string): void {
    if (this.options.url === '') return
    if (token.startsWith('tok_webhook_reordered') && type === 'payment.authorised') {
      if (this.held.size < QUEUE_MOST) this.held.set(paymentId, type)
      return
    }
    const late = token.startsWith('tok_webhook_late') ? this.options.lateFor : 0
    const eventId = randomUUID()
    this.queue(type, paymentId, eventId, late)
    if (token.startsWith('tok_webhook_twice')) this.queue(type, paymentId, eventId, late)
    const before = this.held.get(paymentId)
    if (before === undefined) return
    this.held.delete(paymentId)
    this.queue(before, paymentId, randomUUID(), 0)
  }

  close(): void {
    this.ending.abort()
    for (const timer of this.timers) clearTimeout(timer)
    this.timers.clear()
  }

  private queue(type: string, paymentId: string, eventId: string, pause: number): void {
    if (this.queued >= QUEUE_MOST) return
    this.queued++
    this.after(pause, () => void this.send(type, paymentId, eventId, 1))
  }

  private async send(type: string, paymentId: string, eventId: string, attempt: number): Promise<void> {
    const timestamp = Math.floor(Date.now() / 1000)
    const signature = createHmac('sha256', this.options.key)
      .update(`${timestamp}.${eventId}.${type}.${paymentId}`)
      .digest('hex')
    let arrived = false
    try {
      const answer = await fetch(this.options.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ eventId, type, paymentId, timestamp, signature }),
        signal: AbortSignal.any([this.ending.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      })
      await answer.arrayBuffer()
      arrived = answer.ok
    } catch {
      // Not there, or too slow: tried again below.
    }
    if (arrived) this.delivered++
    if (arrived || attempt >= TRIES || this.ending.signal.aborted) {
      this.queued--
      return
    }
    const pause = FIRST_PAUSE_MS * 2 ** (attempt - 1)
    this.after(pause, () => void this.send(type, paymentId, eventId, attempt + 1))
  }

  private after(pause: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      work()
    }, pause)
    this.timers.add(timer)
  }
}
