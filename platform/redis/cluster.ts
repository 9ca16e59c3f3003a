// Commands to a cluster: each goes to the server that has its slot, those of many keys in parts. Nothing waits for a server
// that is away: the calls to its slots fail at once, and the others go on.

import { type Member, Members, type MembersOptions, notConnected } from './cluster-members.ts'
import { RedisAway, type Reply } from './redis.ts'
import type { Args, Mark } from './server.ts'
import { belongs, groupBySlot, slotOf } from './slots.ts'
import { redirectOf } from './topology.ts'
import type { Where } from './where.ts'

/** Servers that one command follows a slot to: one move, seen by two of them at different moments. */
const REDIRECTS_MOST = 3

export class Cluster {
  private readonly commandTimeout: number
  private readonly members: Members

  constructor(options: MembersOptions) {
    this.commandTimeout = options.commandTimeout
    this.members = new Members(options)
  }

  /** Resolves after the first look and the first attempts to connect, however they ended. */
  start(): Promise<void> {
    return this.members.start()
  }

  /** Some of it. */
  get up(): boolean {
    return this.members.up
  }

  marks(): readonly Mark[] {
    return this.members.marks()
  }

  get where(): Where {
    return this.members.where
  }

  close(): Promise<void> {
    return this.members.close()
  }

  /** As Redis.command. */
  command<T>(args: Args): Promise<T> {
    const where = belongs(args)
    if (where === 'each') return this.each(args) as Promise<T>
    if (where === 'none') return this.anywhere(args) as Promise<T>
    return this.at(slotOf(where.key), args) as Promise<T>
  }

  private async each([name, ...rest]: Args): Promise<Reply> {
    const keys = rest.map(String)
    const groups = [...groupBySlot(keys)]
    const replies = await Promise.all(
      groups.map(([slot, places]) => this.at(slot, [name!, ...places.map(at => keys[at]!)])),
    )
    if (name !== 'MGET') return replies.reduce<number>((sum, reply) => sum + Number(reply), 0)
    const found: Reply[] = new Array(keys.length).fill(null)
    for (const [i, [, places]] of groups.entries())
      for (const [j, at] of places.entries()) found[at] = (replies[i] as Reply[])[j]!
    return found
  }

  private async anywhere(args: Args): Promise<Reply> {
    const primaries = this.members.primaries()
    if (primaries.length === 0) throw notConnected()
    switch (args[0]) {
      case 'SCAN':
        return this.scan(primaries, args)
      case 'PUBLISH': {
        // Who hears of a change finds it made, as on one connection.
        await Promise.allSettled(primaries.map(({ last }) => last))
        return this.members.tell(primaries.find(({ server }) => server.up) ?? primaries[0]!, args)
      }
    }
    const replies = await Promise.all(primaries.map(member => this.members.tell(member, args)))
    if (args[0] === 'DBSIZE') return replies.reduce<number>((sum, reply) => sum + Number(reply), 0)
    return args[0] === 'INFO' ? replies.join('\r\n') : replies[0]!
  }

  /** One server after the other. The cursor says which, too. */
  private async scan(primaries: readonly Member[], [name, cursor, ...rest]: Args): Promise<Reply> {
    const [, place = '0', from] = /^(?:(\d+)\.)?(\d+)$/.exec(String(cursor)) ?? []
    const at = Number(place)
    // It has fewer servers by now.
    if (from === undefined || at >= primaries.length) return ['0', []]
    const [next, keys] = (await this.members.tell(primaries[at]!, [name!, from, ...rest])) as [string, Reply]
    if (next !== '0') return [`${at}.${next}`, keys]
    return [at + 1 < primaries.length ? `${at + 1}.0` : '0', keys]
  }

  private at(slot: number, args: Args): Promise<Reply> {
    const member = this.members.ownerOf(slot)
    if (member === null) {
      void this.members.look()
      return Promise.reject(new RedisAway('nobody is known to own its slot'))
    }
    const began = performance.now()
    return this.members.tell(member, args).catch((error: Error) => this.follow(member, args, error, began))
  }

  /** Where the slot has gone, or is on its way to. All of it within the time of one command. */
  private async follow(from: Member, args: Args, refused: Error, began: number): Promise<Reply> {
    let member = from
    let error = refused
    for (let i = 0; i < REDIRECTS_MOST; i++) {
      const redirect = error instanceof RedisAway ? null : redirectOf(error.message, member.node)
      const left = this.commandTimeout - (performance.now() - began)
      if (redirect === null || left <= 0) break
      member = this.members.memberAt(redirect.node)
      if (redirect.kind === 'ASK') {
        member.visited = performance.now()
        // On one connection nothing comes between the two.
        member.server.command(['ASKING']).catch(() => undefined)
      } else this.members.moved(redirect.slot, member)
      try {
        return await this.members.tell(member, args, left)
      } catch (reason) {
        error = reason as Error
      }
    }
    throw redirectOf(error.message, member.node) === null ? error : new RedisAway(error.message)
  }
}
