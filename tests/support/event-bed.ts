// For tests: a ledger with events in its outbox, ways for them to consumers that write down what they heard, and a
// clock that stands still until it is moved.

import { randomUUID } from 'node:crypto'
import { Admin } from '@platformatic/kafka'
import { pino } from 'pino'
import { waitFor } from '../../platform/engines/wait-for.ts'
import type { Consumer } from '../../platform/events/consumer.ts'
import { createDirectTransport } from '../../platform/events/direct-transport.ts'
import type { DomainEvent } from '../../platform/events/event.ts'
import { EVENTS_PARTITIONS, EVENTS_TOPIC } from '../../platform/events/event-record.ts'
import { freshEvents } from '../../platform/events/inbox.ts'
import { createKafkaConsumers } from '../../platform/events/kafka-consumers.ts'
import { createKafkaTransport, type KafkaTransport } from '../../platform/events/kafka-transport.ts'
import { Relay } from '../../platform/events/relay.ts'
import type { Transport } from '../../platform/events/transport.ts'
import type { Note } from '../../platform/health/engine-health.ts'
import type { Group, Kafka } from '../../platform/kafka/kafka.ts'
import { openKafka } from '../../platform/kafka/open-kafka.ts'
import type { Standing } from '../../platform/ladders/standing.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { appendEvents } from '../../platform/sql/once.ts'
import type { PlatformTables } from '../../platform/sql/platform-tables.ts'
import type { Schema } from '../../platform/sql/schema.ts'
import { kafkaBrokers, type LedgerEngine } from './engines.ts'
import { standOn } from './fixed-ladders.ts'
import { openScratchLedger } from './ledgers.ts'

interface BedTables extends PlatformTables {
  effects: { seq: number; consumer: string; event_key: string; version: number }
}

const effectSchema: Schema = {
  '2026-11-23-effects': t => [
    `CREATE TABLE effects (seq ${t.serial}, consumer ${t.text(40)} NOT NULL, event_key ${t.id} NOT NULL,
      version ${t.int} NOT NULL, UNIQUE (consumer, event_key, version)) ${t.serialTable}`,
  ],
}

export const log = pino({ level: 'silent' })

export function event(key: string, version: number, type = 'order.paid'): DomainEvent {
  return { type, key, version, payload: { key, version } }
}

/** How events get from the outbox to consumers. */
export type Way = 'direct' | 'kafka'

export const WAYS: readonly Way[] = ['direct', 'kafka']
/** Kafka only where there is one: elsewhere its tests count as skipped. */
export const isHere = (way: Way): boolean => way === 'direct' || kafkaBrokers() !== undefined

/** Time of a turn on the bed's clock, ms, and on Kafka, which needs it, in truth. */
const TURN_MS = { direct: 50, kafka: 30 } as const
/** Turns that no case needs: on Kafka half a minute. */
const TURNS_MOST = { direct: 400, kafka: 1_500 } as const

export class Testbed {
  readonly ledger: Ledger
  /** Another process's view of the same ledger; on SQLite, which has one writer a process, the same. */
  readonly other: Ledger
  /** Names the ledger for another process. */
  readonly env: Readonly<Record<string, string>>
  readonly drop: () => Promise<void>
  /** Set by `useKafka`. */
  kafka: Kafka | null = null
  prefix = ''
  now = 1_800_000_000_000
  /** The clock runs instead, until the next `clear`. */
  realTime = false
  readonly clock = (): number => (this.realTime ? Date.now() : this.now)

  private constructor(
    ledger: Ledger,
    other: Ledger,
    env: Readonly<Record<string, string>>,
    drop: () => Promise<void>,
  ) {
    this.ledger = ledger
    this.other = other
    this.env = env
    this.drop = async () => {
      await this.kafka?.close()
      await drop()
    }
  }

  static async open(engine: LedgerEngine): Promise<Testbed> {
    const scratch = await openScratchLedger(engine, [effectSchema])
    const other = engine.url === undefined ? scratch.ledger : await scratch.another()
    return new Testbed(scratch.ledger, other, scratch.env, () => scratch.drop())
  }

  /** Empties what a test left. */
  async clear(): Promise<void> {
    this.realTime = false
    await this.ledger.write<BedTables, void>(async tx => {
      for (const table of ['outbox', 'inbox', 'dead_letters', 'effects', 'audit', 'idempotency'] as const)
        await tx.deleteFrom(table).execute()
      await tx.updateTable('outbox_shards').set({ owner: '', leased_until: 0 }).execute()
    })
  }

  /** A topic of its own, and groups that nobody was in before. What the last test left running ends. */
  async useKafka(brokers = kafkaBrokers()!, partitions = EVENTS_PARTITIONS, note?: Note): Promise<Kafka> {
    await this.kafka?.close()
    this.prefix = `test-${randomUUID().slice(0, 18)}`
    this.kafka = this.anotherKafka(brokers, this.prefix, note)
    await this.kafka.ensureTopics([{ name: EVENTS_TOPIC, partitions }])
    return this.kafka
  }

  anotherKafka(brokers: string, prefix: string, note?: Note): Kafka {
    const options = { brokers: brokers.split(','), prefix, publishTimeout: 1_000, log }
    return openKafka(note === undefined ? options : { ...options, note })
  }

  /** The group has handled nothing, as far as Kafka knows. It must be empty. */
  async rewind(group: string): Promise<void> {
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: kafkaBrokers()!.split(',') })
    try {
      await admin.deleteGroups({ groups: [`${this.prefix}.${group}`] })
    } finally {
      await admin.close()
    }
  }

  emit(...events: DomainEvent[]): Promise<void> {
    return this.ledger.write<PlatformTables, void>(tx => appendEvents(tx, events, this.now))
  }

  /** Writes down each event once. `before` may throw, or wait. */
  recorder(
    name: string,
    before: (events: readonly DomainEvent[]) => void | Promise<void> = () => {},
    types: readonly string[] = ['order.paid'],
    ledger = this.ledger,
  ): Consumer {
    return recorder(name, before, types, ledger, this.clock)
  }

  /** `key@version` in the order of their effects. */
  async effects(consumer: string): Promise<string[]> {
    const rows = await this.ledger
      .reads<BedTables>()
      .selectFrom('effects')
      .select(['event_key', 'version'])
      .where('consumer', '=', consumer)
      .orderBy('seq')
      .execute()
    return rows.map(row => `${row.event_key}@${row.version}`)
  }

  async outbox(): Promise<string[]> {
    const rows = await this.ledger
      .reads<PlatformTables>()
      .selectFrom('outbox')
      .selectAll()
      .orderBy('seq')
      .execute()
    return rows.map(row => `${row.event_key}@${row.version}`)
  }

  async letters(): Promise<{ consumer: string; event: string; cause: string; seq: number }[]> {
    const db = this.ledger.reads<PlatformTables>()
    const rows = await db.selectFrom('dead_letters').selectAll().orderBy('seq').execute()
    return rows.map(({ consumer, event_key, version, cause, seq }) => ({
      consumer,
      event: `${event_key}@${version}`,
      cause,
      seq,
    }))
  }

  direct(consumers: readonly Consumer[], handleMost?: number): Transport {
    const deps = { ledger: this.ledger, clock: this.clock, log }
    return createDirectTransport(consumers, handleMost === undefined ? deps : { ...deps, handleMost })
  }

  /** Through Kafka, with groups that are in the same process. */
  through(way: Way, consumers: readonly Consumer[], ledger = this.ledger): Transport {
    if (way === 'direct') return this.direct(consumers)
    const transport = this.kafkaTransport(consumers, ledger)
    for (const group of this.kafkaGroups(consumers, transport.took, ledger)) group.start()
    return transport
  }

  kafkaTransport(
    consumers: readonly Consumer[],
    ledger = this.ledger,
    standing: Standing<'event.publish'> = standOn('kafka'),
  ): KafkaTransport {
    return createKafkaTransport(consumers, {
      ...{ ledger, clock: this.clock, log, kafka: this.kafka!, standing },
    })
  }

  /** `took` absent: as in another process, from which the relay hears nothing. */
  kafkaGroups(
    consumers: readonly Consumer[],
    took?: KafkaTransport['took'],
    ledger = this.ledger,
    kafka = this.kafka!,
  ): readonly Group[] {
    const deps = { ledger, clock: this.clock, log, kafka }
    return createKafkaConsumers(consumers, took === undefined ? deps : { ...deps, took })
  }

  relay(transport: Transport, owner: string, ledger = this.ledger): Relay {
    return new Relay({ ledger, clock: this.clock, log, transport, owner })
  }

  /** Takes turns until `done`. */
  async turns(relay: Relay, done: () => Promise<boolean>): Promise<void> {
    const way: Way = this.kafka === null ? 'direct' : 'kafka'
    for (let i = 0; i < TURNS_MOST[way]; i++) {
      if (await done()) return
      await relay.turn()
      if (way === 'kafka') await waitFor(done, TURN_MS.kafka)
      this.now += TURN_MS[way]
    }
    throw new Error(
      `still waiting: outbox ${await this.outbox()}, letters ${JSON.stringify(await this.letters())}`,
    )
  }

  untilEmpty(relay: Relay): Promise<void> {
    return this.turns(relay, async () => (await this.outbox()).length === 0)
  }
}

/** Writes down each event once. */
export function recorder(
  name: string,
  before: (events: readonly DomainEvent[]) => void | Promise<void>,
  types: readonly string[],
  ledger: Ledger,
  clock: () => number,
): Consumer {
  return {
    name,
    types,
    handle: async events => {
      await before(events)
      await ledger.write<BedTables, void>(async tx => {
        const fresh = await freshEvents(tx, ledger.dialect, name, events, clock())
        const rows = fresh.map(({ key, version }) => ({ consumer: name, event_key: key, version }))
        if (rows.length > 0)
          await tx
            .insertInto('effects')
            .values(rows as never)
            .execute()
      })
    },
  }
}

/** Per key, versions in growing order and each once. */
export function isInOrder(effects: readonly string[]): boolean {
  const last = new Map<string, number>()
  return effects.every(effect => {
    const at = effect.lastIndexOf('@')
    const key = effect.slice(0, at)
    const version = Number(effect.slice(at + 1))
    const grows = version > (last.get(key) ?? -1)
    last.set(key, version)
    return grows
  })
}
