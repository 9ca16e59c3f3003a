// A Kafka with the failures of real ones: logs by partition, groups with their offsets, a coordinator that shares out
// partitions and learns late who died.

import type { Position, TakenRecord, Topic } from '../../platform/kafka/kafka.ts'
import type { Owner, World } from './world.ts'

/**
 * - `refuse`: nobody takes a connection; - `hang`: no answer; what was sent may arrive once it goes on
 * - `unacknowledged`: it takes records, and some of its answers are lost
 * - `too-few`: under its least in-sync replicas: refuses what is published, and is read
 */
export type KafkaMode = 'well' | 'refuse' | 'hang' | 'unacknowledged' | 'too-few'

export interface Appended {
  readonly key: string
  readonly value: string
  readonly timestamp: number
}

interface TopicLog {
  readonly id: number
  readonly partitions: Appended[][]
  /** Of leaders: grows where one takes over that had less. */
  epoch: number
}

/** One member of a group, as the coordinator has it. */
export interface Member {
  readonly owner: Owner
  readonly topics: readonly string[]
  /** From now on these are its own. */
  assigned(partitions: readonly { topic: string; partition: number }[]): void
  /** There may be more to read, or another log. */
  grown(): void
  /** The next record that it will read of the partition; 0: it reads none. */
  readUpTo(topic: string, partition: number): number
}

interface GroupState {
  /** In order of joining. */
  members: Member[]
  readonly owners: Map<string, Member>
  readonly committed: Map<string, number>
  planned: boolean
}

/** A member that is not heard of for so long is out, ms. */
const SESSION_MS = 1_500
/** From a change to the new shares, ms. */
const REBALANCE_MS = [20, 150] as const
/** From an append until readers see it, ms. */
const VISIBLE_MS = [0.5, 6] as const

const at = (topic: string, partition: number): string => `${topic}:${partition}`

export class KafkaBroker {
  readonly world: World
  mode: KafkaMode = 'well'
  private readonly topics = new Map<string, TopicLog>()
  private readonly groups = new Map<string, GroupState>()
  private ids = 0
  /** What was sent while it hung, and may arrive. */
  private held: (() => void)[] = []
  private readonly told = new Set<string>()

  constructor(world: World) {
    this.world = world
  }

  setMode(mode: KafkaMode): void {
    this.mode = mode
    if (mode === 'hang') return
    const held = this.held.splice(0)
    if (mode !== 'refuse') for (const run of held) run()
    for (const name of this.topics.keys()) this.tellGrown(name)
  }

  /** In the order in which they hung. */
  hold(run: () => void): void {
    this.held.push(run)
  }

  get reads(): boolean {
    return this.mode !== 'refuse' && this.mode !== 'hang'
  }

  ensure({ name, partitions }: Topic): void {
    if (this.topics.has(name)) return
    const logs = Array.from({ length: partitions }, (): Appended[] => [])
    this.topics.set(name, { id: ++this.ids, partitions: logs, epoch: 0 })
    for (const group of this.groups.keys()) this.rebalance(group)
  }

  partitionsOf(topic: string): number {
    return this.topics.get(topic)?.partitions.length ?? 0
  }

  /** Returns the offset of the first. */
  append(topic: string, partition: number, records: readonly Appended[]): number {
    const log = this.topics.get(topic)!.partitions[partition]!
    const offset = log.length
    for (const record of records) log.push(record)
    this.tellGrown(topic)
    return offset
  }

  /**
   * A replica takes over that had not heard of the newest records, acknowledged or not. `unread`: only of those that no
   * group has read yet. Returns how many are gone.
   */
  loseTail(most: number, unread: boolean): number {
    let lost = 0
    for (const [name, topic] of this.topics) {
      topic.epoch++
      for (const [partition, log] of topic.partitions.entries()) {
        const least = unread ? this.readOf(name, partition) : 0
        const gone = Math.max(0, Math.min(log.length - least, this.world.random.below(most + 1)))
        log.length -= gone
        lost += gone
      }
      this.tellGrown(name)
    }
    return lost
  }

  /** How far any group has come in a partition, committed or not. */
  private readOf(topic: string, partition: number): number {
    let read = 0
    for (const { members, committed } of this.groups.values()) {
      read = Math.max(read, committed.get(at(topic, partition)) ?? 0)
      for (const member of members) read = Math.max(read, member.readUpTo(topic, partition))
    }
    return read
  }

  /** All logs are new and empty. `offsets`: those of the groups are gone too. */
  restartEmpty(offsets: boolean): void {
    for (const [name, topic] of [...this.topics]) {
      const partitions = topic.partitions.map((): Appended[] => [])
      this.topics.set(name, { id: ++this.ids, partitions, epoch: 0 })
      this.tellGrown(name)
    }
    if (offsets) for (const group of this.groups.values()) group.committed.clear()
  }

  logOf(topic: string): string {
    const { id, epoch } = this.topics.get(topic)!
    return `${id}/${epoch}`
  }

  read(topic: string, partition: number, from: number, most: number): TakenRecord[] {
    const log = this.topics.get(topic)?.partitions[partition] ?? []
    return log
      .slice(from, from + most)
      .map((record, i) => ({ topic, partition, offset: from + i, ...record }))
  }

  endOf(topic: string, partition: number): number {
    return this.topics.get(topic)?.partitions[partition]?.length ?? 0
  }

  positions(group: string, topic: string): Position[] {
    const log = this.topics.get(topic)
    if (log === undefined) throw new Error(`topic ${topic} is not there`)
    const committed = this.groups.get(group)?.committed
    return log.partitions.map(({ length }, partition) => ({
      ...{ partition, committed: committed?.get(at(topic, partition)) ?? 0, end: length },
      log: this.logOf(topic),
    }))
  }

  committed(group: string, topic: string, partition: number): number | null {
    return this.groups.get(group)?.committed.get(at(topic, partition)) ?? null
  }

  /** Throws where the partition is another member's by now. */
  commit(group: string, member: Member, topic: string, partition: number, offset: number): void {
    const state = this.groups.get(group)!
    if (state.owners.get(at(topic, partition)) !== member) throw new Error('ILLEGAL_GENERATION')
    state.committed.set(at(topic, partition), offset)
  }

  join(group: string, member: Member): void {
    let state = this.groups.get(group)
    if (state === undefined) {
      state = { members: [], owners: new Map(), committed: new Map(), planned: false }
      this.groups.set(group, state)
    }
    state.members.push(member)
    this.rebalance(group)
    this.look(group, member)
  }

  leave(group: string, member: Member): void {
    const state = this.groups.get(group)
    if (state === undefined || !state.members.includes(member)) return
    state.members = state.members.filter(each => each !== member)
    this.rebalance(group)
  }

  /** The dead do not say goodbye. */
  private look(group: string, member: Member): void {
    this.world.after(SESSION_MS, this.world.outside, () => {
      if (!this.groups.get(group)!.members.includes(member)) return
      if (member.owner.alive) this.look(group, member)
      else this.leave(group, member)
    })
  }

  private rebalance(group: string): void {
    const state = this.groups.get(group)!
    if (state.planned) return
    state.planned = true
    const { world } = this
    world.after(world.random.between(...REBALANCE_MS), world.outside, () => {
      state.planned = false
      const { members, owners } = state
      const shares = new Map(members.map(member => [member, [] as { topic: string; partition: number }[]]))
      owners.clear()
      for (const topic of new Set(members.flatMap(each => each.topics)))
        for (let partition = 0; partition < this.partitionsOf(topic); partition++) {
          const member = members[partition % members.length]!
          shares.get(member)!.push({ topic, partition })
          owners.set(at(topic, partition), member)
        }
      // Each hears of it in its own time: for a moment two may be at one partition.
      for (const [member, share] of shares)
        world.after(world.random.between(...REBALANCE_MS), member.owner, () => member.assigned(share))
    })
  }

  /** Once for all that comes in the same moment. */
  private tellGrown(topic: string): void {
    if (this.told.has(topic)) return
    this.told.add(topic)
    const { world } = this
    world.after(world.random.between(...VISIBLE_MS), world.outside, () => {
      this.told.delete(topic)
      if (!this.reads) return
      for (const { members } of this.groups.values())
        for (const member of members)
          if (member.topics.includes(topic))
            world.after(world.random.between(0.1, 2), member.owner, () => member.grown())
    })
  }
}
