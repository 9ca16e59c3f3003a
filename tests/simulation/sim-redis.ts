// A Redis with the failures of real ones, and what each process has of it: a connection, deadlines, and no trust.

import { randomUUID } from 'node:crypto'
import type { Note } from '../../platform/health/engine-health.ts'
import { type Redis, RedisAway, type RedisScript, type Reply } from '../../platform/redis/redis.ts'
import { RedisData } from './redis-data.ts'
import { modelOf } from './redis-scripts.ts'
import type { Owner, World } from './world.ts'

/**
 * - `refuse`: it is down; - `hang`: stopped, and does everything once it goes on; - `mute`: does all, and no answer gets through
 * - `full`, `replica`: refuses what writes
 */
export type RedisMode = 'well' | 'refuse' | 'hang' | 'mute' | 'slow' | 'full' | 'replica'

const ANSWER_MS = [0.1, 1.5] as const
const SLOW_MS = [60, 140] as const
/** As `redis.commandTimeout` says, ms. */
const TIMEOUT_MS = 100
/** Pauses between attempts to connect, ms; and from a silence to a new connection. */
const RECONNECT_MS = [20, 200] as const
const SILENCE_MS = 2_000
const READS = new Set(['MGET', 'GET', 'HGET', 'HGETALL', 'EXISTS', 'PING'])
/** Share of the messages that nobody hears. */
const UNHEARD = 0.1

type Work = (data: RedisData) => Reply

interface Listening {
  readonly client: SimRedis
  readonly channel: string
  readonly heard: (message: string) => void
}

export class RedisServer {
  readonly world: World
  readonly data: RedisData
  readonly clients = new Set<SimRedis>()
  readonly listening: Listening[] = []
  mode: RedisMode = 'well'
  /** Nothing fails over any more: nobody need follow. */
  followed = true
  /** What came while it was stopped. */
  private held: (() => void)[] = []
  /** What its replica has: a little behind. */
  private replica: RedisData

  constructor(world: World) {
    this.world = world
    this.data = new RedisData(() => world.now)
    this.replica = this.data.copy()
    this.replicate()
  }

  setMode(mode: RedisMode): void {
    this.mode = mode
    if (mode === 'refuse') this.breakAll()
    if (mode === 'hang') return
    for (const run of this.held.splice(0)) run()
  }

  /** All connections end, whoever is to blame. */
  breakAll(): void {
    this.held = []
    for (const client of this.clients) client.lost()
  }

  /** It is there again at once, and knows nothing. */
  restartEmpty(): void {
    this.data.clear()
    this.breakAll()
  }

  /** The replica is the primary now: what it had not heard of was acknowledged, and is gone. */
  failOver(): void {
    this.data.takeOver(this.replica.copy())
    this.breakAll()
  }

  arrive(run: () => void): void {
    if (this.mode === 'hang') this.held.push(run)
    else run()
  }

  tell(channel: string, message: string): number {
    for (const each of this.listening)
      if (each.channel === channel && !this.world.random.chance(UNHEARD))
        this.world.after(this.world.random.between(0.1, 20), each.client.owner, () => each.heard(message))
    return this.listening.length
  }

  private replicate(): void {
    this.world.after(this.world.random.between(50, 400), this.world.outside, () => {
      if (!this.followed) return
      if (this.mode !== 'hang' && this.mode !== 'refuse') this.replica = this.data.copy()
      this.replicate()
    })
  }
}

export class SimRedis implements Redis {
  readonly owner: Owner
  private readonly server: RedisServer
  private readonly note: Note
  private connected = true
  private silent = false
  private answered = 0
  /** Which connection this is. */
  private connection = 0
  private readonly waiting = new Set<(error: Error) => void>()
  /** Commands of one connection arrive in order. */
  private lastArrival = 0
  private mark: string | null = null

  constructor(server: RedisServer, owner: Owner, note: Note) {
    this.server = server
    this.owner = owner
    this.note = note
    server.clients.add(this)
    if (server.mode === 'refuse') this.lost()
  }

  get up(): boolean {
    return this.connected && !this.silent
  }

  command<T = Reply>(...args: readonly (string | number)[]): Promise<T> {
    if (!this.connected) return Promise.reject(new RedisAway('not connected'))
    if (this.silent) return Promise.reject(new RedisAway('it does not answer'))
    const [name, ...rest] = args.map(String) as [string, ...string[]]
    return this.send(data => this.perform(data, name, rest), !READS.has(name))
  }

  run<T = Reply>(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<T> {
    if (!this.up) return Promise.reject(new RedisAway('not connected'))
    const model = modelOf(script)
    const told = (channel: string, message: string): void => void this.server.tell(channel, message)
    return this.send(data => model(data, keys, args.map(String), told), true)
  }

  async listen(channel: string, heard: (message: string) => void): Promise<void> {
    this.server.listening.push({ client: this, channel, heard })
  }

  async ping(): Promise<void> {
    await this.command('PING')
  }

  /** As the real one: leaves a mark, and says when it is another one. */
  async probe(): Promise<void> {
    if (!this.connected) throw new RedisAway('not connected')
    const ours = this.mark ?? randomUUID()
    const began = this.now
    const found = await this.send<string | null>(data => {
      const mark = data.get('probe')
      data.set('probe', mark ?? ours, 60_000)
      return mark
    }, true)
    this.note('wrote', this.now - began)
    const was = this.mark
    this.mark = found ?? ours
    if (was !== null && found !== was) this.note('empty', 0)
  }

  async close(): Promise<void> {
    this.server.clients.delete(this)
    this.connected = false
  }

  /** The connection ended. Another one is looked for until there is one. */
  lost(): void {
    this.connected = false
    this.silent = false
    this.connection++
    const { world } = this.server
    for (const reject of [...this.waiting])
      world.after(0, this.owner, () => reject(new RedisAway('it broke')))
    if (this.waiting.size > 0) world.after(0, this.owner, () => this.note('broke', 1))
    this.waiting.clear()
    this.reconnect()
  }

  private get now(): number {
    return this.server.world.now
  }

  private reconnect(): void {
    const { world } = this.server
    const connection = this.connection
    world.after(world.random.between(...RECONNECT_MS), this.owner, () => {
      if (this.connected || connection !== this.connection || !this.server.clients.has(this)) return
      if (this.server.mode === 'refuse') this.note('refused', 1)
      else if (this.server.mode === 'hang') this.note('hung', TIMEOUT_MS)
      else if (this.server.mode === 'replica') this.note('wrong_role', 1)
      else this.connected = true
      if (!this.connected) this.reconnect()
    })
  }

  private send<T>(work: Work, writes: boolean): Promise<T> {
    const { server, owner } = this
    const { world } = server
    if (!owner.alive) return new Promise<T>(() => undefined)
    const began = world.now
    const connection = this.connection
    return new Promise<T>((resolve, reject) => {
      let over = false
      const end = (finish: () => void): void => {
        if (over) return
        over = true
        this.waiting.delete(fail)
        finish()
      }
      const fail = (error: Error): void => end(() => reject(error))
      this.waiting.add(fail)
      world.after(TIMEOUT_MS, owner, () =>
        end(() => {
          this.note('hung', TIMEOUT_MS)
          reject(new RedisAway(`no answer within ${TIMEOUT_MS} ms`))
          if (connection === this.connection && this.answered <= began) this.fallSilent(connection)
        }),
      )
      const span: readonly [number, number] = server.mode === 'slow' ? SLOW_MS : ANSWER_MS
      const way = world.random.between(...span) / 2
      this.lastArrival = Math.max(this.lastArrival, world.now + way)
      // Once it is on its way, it arrives though its sender may have died.
      world.after(this.lastArrival - world.now, world.outside, () =>
        server.arrive(() => {
          if (server.mode === 'refuse' || connection !== this.connection) return
          const answer = this.answer(work, writes)
          if (server.mode === 'mute') return
          world.after(way, owner, () => {
            if (connection !== this.connection) return
            this.answered = world.now
            this.silent = false
            end(() => this.take(answer, began, resolve as (reply: Reply) => void, reject))
          })
        }),
      )
    })
  }

  private answer(work: Work, writes: boolean): Reply | Error {
    const { mode, data } = this.server
    if (writes && mode === 'full') return new Error('OOM command not allowed')
    if (writes && mode === 'replica') return new Error('READONLY it is a replica')
    try {
      return work(data)
    } catch (error) {
      return error as Error
    }
  }

  private take(
    answer: Reply | Error,
    began: number,
    resolve: (reply: Reply) => void,
    reject: (error: Error) => void,
  ): void {
    const ms = this.now - began
    if (!(answer instanceof Error)) {
      this.note('ok', ms)
      resolve(answer)
      return
    }
    const full = answer.message.startsWith('OOM')
    const demoted = answer.message.startsWith('READONLY')
    this.note(full ? 'full' : demoted ? 'wrong_role' : 'ok', ms)
    reject(full || demoted ? new RedisAway(answer.message) : answer)
    if (demoted) this.lost()
  }

  private fallSilent(connection: number): void {
    if (this.silent) return
    this.silent = true
    this.server.world.after(SILENCE_MS, this.owner, () => {
      if (this.silent && connection === this.connection) this.lost()
    })
  }

  private perform(data: RedisData, name: string, args: readonly string[]): Reply {
    const [key, value] = args as [string, string]
    switch (name) {
      case 'PING':
        return 'PONG'
      case 'GET':
        return data.get(key)
      case 'MGET':
        return args.map(each => data.get(each))
      case 'EXISTS':
        return args.filter(each => data.has(each)).length
      case 'DEL':
      case 'UNLINK':
        return data.remove(...args)
      case 'HGET':
        return data.hash(key)?.get(value) ?? null
      case 'HGETALL':
        return [...(data.hash(key) ?? [])].flat()
      case 'SET': {
        if (args.includes('NX') && data.has(key)) return null
        data.set(key, value, Number(args[args.indexOf('PX') + 1]))
        return 'OK'
      }
      case 'PUBLISH':
        return this.server.tell(key, value)
      default:
        throw new Error(`ERR unknown command ${name}`)
    }
  }
}
