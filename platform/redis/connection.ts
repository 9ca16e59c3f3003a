// One connection to Redis that is kept: given up when it breaks, hangs or turns out to be a replica's, and made anew.

import { type Backoff, fullJitter } from '../../resilience/backoff.ts'
import type { Log } from '../log/log.ts'
import { secretsOf } from './address.ts'
import { type Client, clientOf } from './client-of.ts'
import { sayWhy, without } from './redis-errors.ts'
import type { Where } from './where.ts'

/** Longest wait for a connection with its greeting, ms: on one machine it takes two, across a country a hundred. */
export const CONNECT_MS = 1_000
/** Pauses between attempts to connect: one that refuses once and takes the next was restarted, and nobody need notice. */
const RECONNECT: Backoff = { first: 20, most: 500 }
/** Commands that wait for an answer: two seconds of a busy gate's. More are refused at once. */
const QUEUE_MOST = 20_000

export interface ConnectionOptions {
  /** Asked before each attempt. */
  readonly where: Where
  /** Certificates to trust, PEM; undefined: those that Node trusts. */
  readonly ca: string | undefined
  /** 3 where messages are listened to, and pings are wanted beside them; 2 has plainer answers. */
  readonly protocol: 2 | 3
  /** Null: another connection of this process tells of outages. */
  readonly log: Log | null
  /** Told how each attempt to connect failed, after how many ms. */
  readonly failed?: (error: Error, ms: number) => void
  /** What to settle before the connection is used. Throws: not this one. */
  greet(client: Client): Promise<void>
}

export type { Client }

export class Connection {
  /** Ready to be used; null: there is none. */
  client: Client | null = null
  private readonly options: ConnectionOptions
  private readonly secrets: readonly string[]
  private attempt = 0
  /** Once an outage, not once an attempt. */
  private told: string | null = null
  private timer: NodeJS.Timeout | null = null
  private closed = false
  private working: Promise<void> = Promise.resolve()

  constructor(options: ConnectionOptions) {
    this.options = options
    this.secrets = secretsOf(options.where.address)
  }

  /** Resolves after the first attempt, however it ended: it is tried on until `close`. */
  async start(): Promise<void> {
    await this.connect()
  }

  /** This connection is of no use any more. */
  drop(client: Client, error: Error): void {
    if (client !== this.client) return
    this.client = null
    client.destroy()
    this.again(error)
  }

  /** Resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.closed = true
    if (this.timer !== null) clearTimeout(this.timer)
    // A client that is destroyed while it connects leaves its socket behind, which keeps the process alive: first it
    // ends by itself, in CONNECT_MS at the latest.
    await this.working
    this.client?.destroy()
    this.client = null
  }

  /** What an error says, without the password. */
  plain(error: Error): Error {
    const message = without(this.secrets, error.message)
    const { code } = error as NodeJS.ErrnoException
    return Object.assign(new Error(message), { name: error.name, ...(code === undefined ? {} : { code }) })
  }

  private connect(): Promise<void> {
    this.working = this.attemptOnce()
    return this.working
  }

  private async attemptOnce(): Promise<void> {
    const began = performance.now()
    let why: Error | null = null
    try {
      for await (const url of this.options.where.candidates()) {
        if (this.closed) return
        try {
          this.take(await this.open(url))
          return
        } catch (error) {
          why = error as Error
        }
      }
    } catch (error) {
      why ??= error as Error
    }
    if (this.closed) return
    // Nobody who is known took us.
    why ??= new Error('nobody to connect to')
    this.options.failed?.(why, performance.now() - began)
    this.again(why)
  }

  /** A client that is connected and greeted, within CONNECT_MS. */
  private async open(url: string): Promise<Client> {
    const { protocol, ca } = this.options
    const client = clientOf({ url, protocol, ca, connectTimeout: CONNECT_MS, queueMost: QUEUE_MOST })
    client.on('error', (error: Error) => this.drop(client, error))
    // The client bounds only the wait for the socket: a stopped server takes that, and never answers the greeting.
    let late: Error | null = null
    const timer = setTimeout(() => {
      late = new Error(`no connection within ${CONNECT_MS} ms`)
      client.destroy()
    }, CONNECT_MS)
    try {
      await client.connect()
      await this.options.greet(client)
      if (!client.isReady) throw new Error('the connection ended')
      return client
    } catch (error) {
      if (late === null) client.destroy()
      throw late ?? error
    } finally {
      clearTimeout(timer)
    }
  }

  private take(client: Client): void {
    this.client = client
    this.attempt = 0
    if (this.told !== null) this.options.log?.info('Redis is back')
    this.told = null
  }

  private again(error: Error): void {
    if (this.closed) return
    this.tell(error)
    const pause = fullJitter(RECONNECT, ++this.attempt, Math.random())
    this.timer = setTimeout(() => void this.connect(), pause)
  }

  private tell(error: Error): void {
    const what = sayWhy(error)
    if (this.told === what) return
    this.told = what
    this.options.log?.warn({ err: this.plain(error) }, what)
  }
}
