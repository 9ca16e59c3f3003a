// Signed internal identity: who sends a request to an internal door, when, and that nothing of it was changed.
// HMAC-SHA256 over name of the service, time, number and digest of the body.

import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../module.ts'
import type { KeyRing } from './key-ring.ts'

/** How far apart two machines' clocks may be, and how long a request may be on its way, ms. */
const WINDOW_MS = 10_000
/** Most numbers remembered for each half of the window: 20,000 requests a second, each of many calls. */
const SEEN_MOST = 200_000
/** Names of services, and ours of keys: nothing that could be mistaken for another field. */
const NAME = /^[a-z0-9-]{1,40}$/
const NUMBER = /^[A-Za-z0-9_-]{8,40}$/

export type Stranger = 'unsigned' | 'unknown key' | 'wrong signature' | 'out of time' | 'repeated'

/** Signs what one service sends. Numbers are unique: a start of the process, and a count. */
export class Signer {
  private readonly service: string
  private readonly keys: KeyRing
  private readonly clock: Clock
  private readonly start = randomBytes(9).toString('base64url')
  private count = 0

  constructor(service: string, keys: KeyRing, clock: Clock) {
    this.service = service
    this.keys = keys
    this.clock = clock
  }

  headers(body: string): Record<string, string> {
    const { kid, secret } = this.keys.current()
    const time = String(this.clock())
    const number = `${this.start}-${(this.count++).toString(36)}`
    return {
      'x-levee-service': this.service,
      'x-levee-key': kid,
      'x-levee-time': time,
      'x-levee-number': number,
      'x-levee-signature': signature(secret, this.service, time, number, body),
    }
  }
}

/** Knows a request of a sibling from a stranger's. */
export class Verifier {
  private readonly keys: KeyRing
  private readonly clock: Clock
  /** Numbers of this half of the window and of the one before: a request is taken once. */
  private seen = new Set<string>()
  private before = new Set<string>()
  private halfUntil = 0

  constructor(keys: KeyRing, clock: Clock) {
    this.keys = keys
    this.clock = clock
  }

  /** The name of the service that sent it, or what is wrong. */
  check(headers: IncomingHttpHeaders, body: Buffer): { readonly service: string } | Stranger {
    const service = headers['x-levee-service']
    const kid = headers['x-levee-key']
    const time = headers['x-levee-time']
    const number = headers['x-levee-number']
    const given = headers['x-levee-signature']
    if (!fits(service, NAME) || !fits(kid, NAME) || !fits(number, NUMBER)) return 'unsigned'
    if (typeof time !== 'string' || typeof given !== 'string') return 'unsigned'
    const key = this.keys.find(kid)
    if (key === null) return 'unknown key'
    if (!same(signature(key.secret, service, time, number, body), given)) return 'wrong signature'
    const now = this.clock()
    // Written so that a time that is no number is out of time.
    if (!(Math.abs(now - Number(time)) <= WINDOW_MS)) return 'out of time'
    return this.isFirst(number, now) ? { service } : 'repeated'
  }

  private isFirst(number: string, now: number): boolean {
    // A time may lie ahead by a window: what is forgotten after two windows is out of time by then.
    if (now >= this.halfUntil || this.seen.size >= SEEN_MOST) {
      this.before = this.seen
      this.seen = new Set()
      this.halfUntil = now + 2 * WINDOW_MS
    }
    if (this.seen.has(number) || this.before.has(number)) return false
    this.seen.add(number)
    return true
  }
}

function signature(
  secret: Buffer,
  service: string,
  time: string,
  number: string,
  body: string | Buffer,
): string {
  const digest = hash('sha256', body, 'base64url')
  return createHmac('sha256', secret).update(`${service}\n${time}\n${number}\n${digest}`).digest('base64url')
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

const fits = (text: unknown, form: RegExp): text is string => typeof text === 'string' && form.test(text)
