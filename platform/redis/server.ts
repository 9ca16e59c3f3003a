// Commands to one server over a connection that is kept. Nothing waits while there is none, and no answer is waited for
// past its time.

import type { Note } from '../health/engine-health.ts'
import type { Log } from '../log/log.ts'
import { type Client, Connection } from './connection.ts'
import { RedisAway, type Reply } from './redis.ts'
import { isDemoted, isReply, sampleOf, sampleOfAttempt } from './redis-errors.ts'
import type { Where } from './where.ts'

/** A connection that answers nothing for so long is given up and made anew, ms. Until then a late answer revives it. */
const SILENCE_MS = 2_000

export type Args = readonly (string | number)[]

/** The tag of a key of one server, and a command to this one, even while it is silent. */
export interface Mark {
  readonly tag: string
  insist(args: Args): Promise<Reply>
}

export interface ServerOptions {
  readonly where: Where
  readonly ca: string | undefined
  /** Longest wait for an answer, ms. */
  readonly commandTimeout: number
  readonly log: Log | null
  /** Told what every call came to, and after how many ms. */
  readonly note: Note
  /** An attempt to connect failed. */
  readonly failed?: (error: Error) => void
}

export class Server {
  private readonly commandTimeout: number
  private readonly note: Note
  private readonly connection: Connection
  /** When anything was answered last; `performance.now()`. */
  private answered = 0
  /** Nothing was answered for `commandTimeout`: until something is, nobody waits for it. */
  private silence: NodeJS.Timeout | null = null

  constructor({ where, ca, commandTimeout, log, note, failed }: ServerOptions) {
    this.commandTimeout = commandTimeout
    this.note = note
    this.connection = new Connection({
      ...{ where, ca, log, protocol: 2, greet: expectPrimary },
      failed(error, ms) {
        note(sampleOfAttempt(error), ms)
        failed?.(error)
      },
    })
  }

  /** Resolves after the first attempt to connect, however it ended. */
  start(): Promise<void> {
    return this.connection.start()
  }

  /** Connected and answering, as far as is known. */
  get up(): boolean {
    return this.connection.client !== null && this.silence === null
  }

  /** As Redis.command; `within`: ms. */
  command<T>(args: Args, within = this.commandTimeout): Promise<T> {
    const { client } = this.connection
    if (client === null) return Promise.reject(new RedisAway('not connected'))
    if (this.silence !== null) return Promise.reject(new RedisAway('it does not answer'))
    return this.send(client, args, within)
  }

  /** Though it has been silent for a while. */
  insist(args: Args): Promise<Reply> {
    const { client } = this.connection
    // Its attempts to connect tell how it is.
    if (client === null) return Promise.reject(new RedisAway('not connected'))
    return this.send(client, args, this.commandTimeout)
  }

  /** Where a mark shows that it still has what was in it. */
  marks(): readonly Mark[] {
    return [{ tag: 'mark', insist: args => this.insist(args) }]
  }

  async close(): Promise<void> {
    if (this.silence !== null) clearTimeout(this.silence)
    this.silence = null
    await this.connection.close()
  }

  /** One command, its answer within its time. (A timer costs 0.1 µs; a list of deadlines of our own cost as much.) */
  private send<T>(client: Client, args: Args, within: number): Promise<T> {
    const { note } = this
    const began = performance.now()
    return new Promise<T>((resolve, reject) => {
      let late: NodeJS.Immediate | undefined
      const timer = setTimeout(() => {
        // This loop may have been busy for longer than that: answers that lie in the socket are read first.
        late = setImmediate(() => {
          note('hung', performance.now() - began)
          reject(new RedisAway(`no answer within ${within} ms`))
          this.noAnswer(client, began)
        })
      }, within)
      const ended = (): void => {
        clearTimeout(timer)
        clearImmediate(late)
      }
      client.sendCommand(args.map(String)).then(
        reply => {
          ended()
          this.heard()
          note('ok', this.answered - began)
          resolve(reply as T)
        },
        (error: Error) => {
          ended()
          note(sampleOf(error), performance.now() - began)
          if (isReply(error)) this.heard()
          reject(this.failure(client, error))
        },
      )
    })
  }

  private heard(): void {
    this.answered = performance.now()
    if (this.silence === null) return
    clearTimeout(this.silence)
    this.silence = null
  }

  private noAnswer(client: Client, began: number): void {
    if (this.silence !== null || this.answered > began || this.connection.client !== client) return
    this.silence = setTimeout(() => {
      this.silence = null
      this.connection.drop(client, new Error(`no answer for ${SILENCE_MS} ms`))
    }, SILENCE_MS)
  }

  private failure(client: Client, error: Error): Error {
    if (isReply(error)) return error
    // Another server may be the primary now: it is found by connecting anew.
    if (isDemoted(error)) this.connection.drop(client, error)
    return new RedisAway(this.connection.plain(error).message)
  }
}

/** A replica would take our reads and refuse our writes. */
async function expectPrimary(client: Client): Promise<void> {
  let role: unknown
  try {
    ;[role] = (await client.sendCommand(['ROLE'])) as unknown as [unknown]
  } catch (error) {
    // Whoever may not ask finds out by the first write.
    if ((error as Error).message.startsWith('NOPERM')) return
    throw error
  }
  if (role !== 'master') throw new Error(`READONLY it is a ${String(role)}, no primary`)
}
