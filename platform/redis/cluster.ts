// The servers of a cluster, each over a kept connection of its own, and who of them has which slot. Nothing waits for a
// server that is away: the calls to its slots fail at once, and the others go on.

import { setTimeout as pause } from 'node:timers/promises'
import { type Backoff, fullJitter } from '../../resilience/backoff.ts'
import type { Log } from '../log/log.ts'
import { type Node, type RedisAddress, secretsOf, textOf, urlOf } from './address.ts'
import { ask } from './ask.ts'
import { RedisAway, type Reply } from './redis.ts'
import { sampleOfAttempt, sayWhy, without } from './redis-errors.ts'
import { type Args, type Mark, Server, type ServerOptions } from './server.ts'
import { belongs, groupBySlot, slotOf } from './slots.ts'
import { redirectOf, type Topology, topologyOf } from './topology.ts'
import { atServer, type Where } from './where.ts'

/** Servers that one command follows a slot to: one move, seen by two of them at different moments. */
const REDIRECTS_MOST = 3
/** Pause after a look at how it lies, ms: whatever goes wrong in between is the same trouble. */
const LOOK_EVERY_MS = 100
/** Pauses while nobody tells how it lies. */
const AGAIN: Backoff = { first: 20, most: 500 }
/** A server without slots is kept for so long after a slot that is on its way there was asked for, ms. */
const VISITED_MS = 60_000

interface Member {
  readonly name: string
  readonly node: Node
  readonly server: Server
  /** What was sent there last: answered, all before it was. */
  last: Promise<unknown>
  /** When it was asked for a slot on its way; `performance.now()`. */
  visited: number
}

export interface ClusterOptions extends Omit<ServerOptions, 'where' | 'failed' | 'log'> {
  readonly address: RedisAddress
  readonly log: Log
}

export class Cluster {
  private readonly options: ClusterOptions
  private readonly members = new Map<string, Member>()
  private topology: Topology = { primaries: new Map(), owners: [] }
  private tags: readonly (readonly [name: string, tag: string])[] = []
  private looking: Promise<void> | null = null
  private readonly leaving = new Set<Promise<void>>()
  private told: string | null = null
  private readonly closed = new AbortController()

  constructor(options: ClusterOptions) {
    this.options = options
  }

  /** Resolves after the first look and the first attempts to connect, however they ended. */
  async start(): Promise<void> {
    await this.look()
    if (this.topology.primaries.size === 0) void this.lookUntilKnown()
  }

  /** Some of it. */
  get up(): boolean {
    for (const { server } of this.members.values()) if (server.up) return true
    return false
  }

  /** As Redis.command. */
  command<T>(args: Args): Promise<T> {
    const where = belongs(args)
    if (where === 'each') return this.each(args) as Promise<T>
    if (where === 'none') return this.anywhere(args) as Promise<T>
    return this.at(slotOf(where.key), args) as Promise<T>
  }

  /** A key for each server that has slots. */
  marks(): readonly Mark[] {
    if (this.tags.length === 0) return [{ tag: '', insist: () => Promise.reject(this.unknown()) }]
    return this.tags.map(([name, tag]) => ({
      tag,
      insist: args => this.members.get(name)?.server.insist(args) ?? Promise.reject(this.unknown()),
    }))
  }

  /** For who listens: a message that is told to one server is heard on all. */
  get where(): Where {
    const { address } = this.options
    const nodes = () => this.known()
    return {
      address,
      async *candidates() {
        for (const node of nodes()) yield urlOf(address, node)
      },
    }
  }

  async close(): Promise<void> {
    this.closed.abort()
    await this.looking
    await Promise.all([...this.members.values()].map(({ server }) => server.close()))
    await Promise.all(this.leaving)
  }

  private unknown(): RedisAway {
    return new RedisAway('not connected')
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
    const primaries = this.primaries()
    if (primaries.length === 0) throw this.unknown()
    switch (args[0]) {
      case 'SCAN':
        return this.scan(primaries, args)
      case 'PUBLISH': {
        // Who hears of a change finds it made, as on one connection.
        await Promise.allSettled(primaries.map(({ last }) => last))
        return this.tell(primaries.find(({ server }) => server.up) ?? primaries[0]!, args)
      }
    }
    const replies = await Promise.all(primaries.map(member => this.tell(member, args)))
    if (args[0] === 'DBSIZE') return replies.reduce<number>((sum, reply) => sum + Number(reply), 0)
    return args[0] === 'INFO' ? replies.join('\r\n') : replies[0]!
  }

  /** One server after the other. The cursor says which, too. */
  private async scan(primaries: readonly Member[], [name, cursor, ...rest]: Args): Promise<Reply> {
    const [, place = '0', from] = /^(?:(\d+)\.)?(\d+)$/.exec(String(cursor)) ?? []
    const at = Number(place)
    // It has fewer servers by now.
    if (from === undefined || at >= primaries.length) return ['0', []]
    const [next, keys] = (await this.tell(primaries[at]!, [name!, from, ...rest])) as [string, Reply]
    if (next !== '0') return [`${at}.${next}`, keys]
    return [at + 1 < primaries.length ? `${at + 1}.0` : '0', keys]
  }

  private at(slot: number, args: Args): Promise<Reply> {
    const member = this.members.get(this.topology.owners[slot] ?? '')
    if (member === undefined) {
      void this.look()
      return Promise.reject(new RedisAway('nobody is known to own its slot'))
    }
    const began = performance.now()
    return this.tell(member, args).catch((error: Error) => this.follow(member, args, error, began))
  }

  /** Where the slot has gone, or is on its way to. All of it within the time of one command. */
  private async follow(from: Member, args: Args, refused: Error, began: number): Promise<Reply> {
    let member = from
    let error = refused
    for (let i = 0; i < REDIRECTS_MOST; i++) {
      const redirect = error instanceof RedisAway ? null : redirectOf(error.message, member.node)
      const left = this.options.commandTimeout - (performance.now() - began)
      if (redirect === null || left <= 0) break
      member = this.memberAt(redirect.node)
      if (redirect.kind === 'ASK') {
        member.visited = performance.now()
        // On one connection nothing comes between the two.
        member.server.command(['ASKING']).catch(() => undefined)
      } else {
        this.topology.owners[redirect.slot] = member.name
        void this.look()
      }
      try {
        return await this.tell(member, args, left)
      } catch (reason) {
        error = reason as Error
      }
    }
    throw redirectOf(error.message, member.node) === null ? error : new RedisAway(error.message)
  }

  private tell(member: Member, args: Args, within?: number): Promise<Reply> {
    const answer = member.server.command<Reply>(args, within)
    member.last = answer
    return answer
  }

  /** Those with slots, always in the same order. */
  private primaries(): Member[] {
    const names = [...this.topology.primaries.keys()].sort()
    return names.map(name => this.members.get(name)).filter(member => member !== undefined)
  }

  /** Who may know how it lies: those that answer first, then those that did, then those we began with. */
  private known(): Node[] {
    const members = [...this.members.values()]
    const up = members.filter(({ server }) => server.up)
    const nodes = [...up, ...members].map(({ node }) => node).concat(this.options.address.nodes)
    return [...new Map(nodes.map(node => [textOf(node), node])).values()]
  }

  private async lookUntilKnown(): Promise<void> {
    const { signal } = this.closed
    for (let attempt = 1; this.topology.primaries.size === 0 && !signal.aborted; attempt++) {
      await pause(fullJitter(AGAIN, attempt, Math.random()), undefined, { signal }).catch(() => undefined)
      await this.look()
    }
  }

  /** How it lies by now. One look at a time. */
  private look(): Promise<void> {
    if (this.looking !== null || this.closed.signal.aborted) return this.looking ?? Promise.resolve()
    const { signal } = this.closed
    this.looking = this.lookOnce()
    void this.looking
      .then(() => pause(LOOK_EVERY_MS, undefined, { signal }))
      .catch(() => undefined)
      .then(() => {
        this.looking = null
      })
    return this.looking
  }

  private async lookOnce(): Promise<void> {
    const { address, ca, note } = this.options
    const began = performance.now()
    let why: Error = new Error('no node of it knows how it lies')
    for (const node of this.known()) {
      if (this.closed.signal.aborted) return
      try {
        const command = ['CLUSTER', 'SHARDS']
        const shards = await ask({ url: urlOf(address, node), ca, auth: [], command })
        const topology = topologyOf(shards, node, address.tls)
        if (topology.primaries.size > 0) return await this.settle(topology)
      } catch (error) {
        why = error as Error
      }
    }
    this.sayAway(why)
    // Its members tell how they are, where there are any.
    if (this.members.size === 0) note(sampleOfAttempt(why), performance.now() - began)
  }

  private async settle(topology: Topology): Promise<void> {
    this.topology = topology
    this.tags = [...topology.primaries.keys()].map(name => [name, tagOf(name, topology)] as const)
    this.told = null
    const before = new Set(this.members.keys())
    const fresh = [...topology.primaries.values()].filter(node => !before.has(textOf(node)))
    for (const member of [...this.members.values()]) {
      if (topology.primaries.has(member.name) || performance.now() - member.visited < VISITED_MS) continue
      this.members.delete(member.name)
      const left = member.server.close().finally(() => this.leaving.delete(left))
      this.leaving.add(left)
    }
    const starting = fresh.map(node => this.join(node).starting)
    // At the beginning: who opened it finds it there.
    if (before.size === 0) await Promise.all(starting)
  }

  private memberAt(node: Node): Member {
    return this.members.get(textOf(node)) ?? this.join(node).member
  }

  private join(node: Node): { member: Member; starting: Promise<void> } {
    const { address, ca, commandTimeout, log, note } = this.options
    const where = atServer({ ...address, kind: 'server', nodes: [node], path: '' })
    const server = new Server({
      ...{ where, ca, commandTimeout, log },
      note: (kind, ms) => {
        // One that lacks a part is away: what the others answer does not make it well.
        if ((kind === 'ok' || kind === 'wrote') && !this.isWhole()) return
        note(kind, ms)
      },
      // Another may have its slots by now.
      failed: () => void this.look(),
    })
    const name = textOf(node)
    const member = { name, node, server, last: Promise.resolve(), visited: Number.NEGATIVE_INFINITY }
    this.members.set(name, member)
    return { member, starting: server.start() }
  }

  /** Every server that has slots is there. */
  isWhole(): boolean {
    for (const name of this.topology.primaries.keys())
      if (this.members.get(name)?.server.up !== true) return false
    return this.topology.primaries.size > 0
  }

  private sayAway(error: Error): void {
    const what = sayWhy(error)
    if (this.told === what) return
    this.told = what
    const message = without(secretsOf(this.options.address), error.message)
    this.options.log.warn({ err: new Error(message) }, what)
  }
}

/** The first tag that lies with this server: the same one for whoever has the same slots. */
function tagOf(name: string, { owners }: Topology): string {
  let n = 0
  // It owns one slot of 16,384 at least, and tags lie in all of them.
  while (owners[slotOf(`mark-${n}`)] !== name) n++
  return `mark-${n}`
}
