// The servers of a cluster, each over a kept connection of its own, and who of them has which slot.

import { setTimeout as pause } from 'node:timers/promises'
import { type Backoff, fullJitter } from '../../resilience/backoff.ts'
import type { Log } from '../log/log.ts'
import { type Node, type RedisAddress, secretsOf, textOf, urlOf } from './address.ts'
import { ask } from './ask.ts'
import { RedisAway, type Reply } from './redis.ts'
import { sampleOfAttempt, sayWhy, without } from './redis-errors.ts'
import { type Args, type Mark, Server, type ServerOptions } from './server.ts'
import { slotOf } from './slots.ts'
import { type Topology, topologyOf } from './topology.ts'
import { atServer, type Where } from './where.ts'

/** Pause after a look at how it lies, ms: whatever goes wrong in between is the same trouble. */
const LOOK_EVERY_MS = 100
/** Pauses while nobody tells how it lies. */
const AGAIN: Backoff = { first: 20, most: 500 }
/** A server without slots is kept for so long after a slot that is on its way there was asked for, ms. */
const VISITED_MS = 60_000

/** Tags tried for one that lies with a server: it takes as many as there are servers, and this many where it has one slot. */
const TAGS_MOST = 200_000

export interface Member {
  readonly name: string
  readonly node: Node
  readonly server: Server
  /** What was sent there last: when that is answered, all before it is. */
  last: Promise<unknown>
  /** When it was asked for a slot on its way; `performance.now()`. */
  visited: number
}

export interface MembersOptions extends Omit<ServerOptions, 'where' | 'failed' | 'log'> {
  readonly address: RedisAddress
  readonly log: Log
}

export class Members {
  private readonly options: MembersOptions
  private readonly all = new Map<string, Member>()
  private topology: Topology = { primaries: new Map(), owners: [] }
  private tags: readonly (readonly [name: string, tag: string])[] = []
  private looking: Promise<void> | null = null
  private readonly leaving = new Set<Promise<void>>()
  private told: string | null = null
  private readonly closed = new AbortController()

  constructor(options: MembersOptions) {
    this.options = options
  }

  /** Resolves after the first look and the first attempts to connect, however they ended. */
  async start(): Promise<void> {
    await this.look()
    if (this.topology.primaries.size === 0) void this.lookUntilKnown()
  }

  /** Some of it. */
  get up(): boolean {
    for (const { server } of this.all.values()) if (server.up) return true
    return false
  }

  /** A key for each server that has slots. */
  marks(): readonly Mark[] {
    if (this.tags.length === 0) return [{ tag: '', insist: () => Promise.reject(notConnected()) }]
    return this.tags.map(([name, tag]) => ({
      tag,
      insist: args => this.all.get(name)?.server.insist(args) ?? Promise.reject(notConnected()),
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
    await Promise.all([...this.all.values()].map(({ server }) => server.close()))
    await Promise.all(this.leaving)
  }

  /** Null: nobody is known to own it. */
  ownerOf(slot: number): Member | null {
    return this.all.get(this.topology.owners[slot] ?? '') ?? null
  }

  /** A server said who owns it now. */
  moved(slot: number, to: Member): void {
    this.topology.owners[slot] = to.name
    void this.look()
  }

  /** Those with slots, always in the same order. */
  primaries(): Member[] {
    const names = [...this.topology.primaries.keys()].sort()
    return names.map(name => this.all.get(name)).filter(member => member !== undefined)
  }

  tell(member: Member, args: Args, within?: number): Promise<Reply> {
    const answer = member.server.command<Reply>(args, within)
    member.last = answer
    return answer
  }

  memberAt(node: Node): Member {
    return this.all.get(textOf(node)) ?? this.join(node).member
  }

  /** Who may know how it lies: those that answer first, then those that did, then those we began with. */
  private known(): Node[] {
    const members = [...this.all.values()]
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
  look(): Promise<void> {
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
    if (this.all.size === 0) note(sampleOfAttempt(why), performance.now() - began)
  }

  private async settle(topology: Topology): Promise<void> {
    this.topology = topology
    const tags = [...topology.primaries.keys()].map(name => [name, tagOf(name, topology)] as const)
    this.tags = tags.filter(tag => tag[1] !== null) as [string, string][]
    this.told = null
    const before = new Set(this.all.keys())
    const fresh = [...topology.primaries.values()].filter(node => !before.has(textOf(node)))
    for (const member of [...this.all.values()]) {
      if (topology.primaries.has(member.name) || performance.now() - member.visited < VISITED_MS) continue
      this.all.delete(member.name)
      const left = member.server.close().finally(() => this.leaving.delete(left))
      this.leaving.add(left)
    }
    const starting = fresh.map(node => this.join(node).starting)
    // At the beginning: who opened it finds it there.
    if (before.size === 0) await Promise.all(starting)
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
    this.all.set(name, member)
    return { member, starting: server.start() }
  }

  /** Every server that has slots is there. */
  private isWhole(): boolean {
    for (const name of this.topology.primaries.keys())
      if (this.all.get(name)?.server.up !== true) return false
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

export function notConnected(): RedisAway {
  return new RedisAway('not connected')
}

/** The first tag that lies with this server: the same one for whoever has the same slots. Null: it is hard to find. */
function tagOf(name: string, { owners }: Topology): string | null {
  for (let n = 0; n < TAGS_MOST; n++) if (owners[slotOf(`mark-${n}`)] === name) return `mark-${n}`
  return null
}
