// For tests of what is read from Redis: a few of its commands on a clock that the test moves.

import { SET_ALL } from '../../platform/cache/redis-tier.ts'
import { type Redis, RedisAway, type RedisScript } from '../../platform/redis/redis.ts'

type Args = readonly (string | number)[]

export class FakeRedis implements Redis {
  readonly texts = new Map<string, { text: string; until: number }>()
  /** What was told, and to whom. */
  readonly listeners: { channel: string; heard: (message: string) => void }[] = []
  up = true
  /** Messages are lost. */
  deaf = false
  private readonly clock: () => number

  constructor(clock: () => number) {
    this.clock = clock
  }

  command<T>(...args: Args): Promise<T> {
    if (!this.up) return Promise.reject(new RedisAway('not connected'))
    return Promise.resolve(this.answer(args) as T)
  }
  /** Of scripts it knows that of the tier. */
  async run<T>(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<T> {
    if (script !== SET_ALL) throw new Error('no such script here')
    for (const [i, key] of keys.entries())
      await this.command('SET', key, args[2 * i]!, 'PX', args[2 * i + 1]!)
    return keys.length as T
  }
  async listen(channel: string, heard: (message: string) => void): Promise<void> {
    this.listeners.push({ channel, heard })
  }
  async ping(): Promise<void> {}
  async probe(): Promise<void> {}
  async close(): Promise<void> {}

  private answer([name, ...rest]: Args): unknown {
    const keys = rest.map(String)
    switch (name) {
      case 'MGET':
        return keys.map(key => this.get(key))
      case 'DEL':
        return keys.filter(key => this.texts.delete(key)).length
      case 'SET': {
        const [key, text, , life] = keys
        this.texts.set(key!, { text: text!, until: this.clock() + Number(life) })
        return 'OK'
      }
      case 'PUBLISH': {
        const [channel, message] = keys
        if (this.deaf) return 0
        for (const each of this.listeners) if (each.channel === channel) each.heard(message!)
        return this.listeners.length
      }
      default:
        throw new Error(`ERR unknown command ${name}`)
    }
  }

  private get(key: string): string | null {
    const kept = this.texts.get(key)
    return kept !== undefined && kept.until > this.clock() ? kept.text : null
  }
}
