// How events get from the outbox to who wants them, by this process's rung: straight, or through Kafka and a group for
// each consumer. The rungs mix: what one relay has sent and not seen arrive, the next one delivers its own way.

import type { Consumer } from '../platform/events/consumer.ts'
import type { LaneDeps } from '../platform/events/consumer-lane.ts'
import { createDirectTransport } from '../platform/events/direct-transport.ts'
import { EVENTS_KEEP_MS, EVENTS_PARTITIONS, EVENTS_TOPIC } from '../platform/events/event-record.ts'
import { createKafkaConsumers } from '../platform/events/kafka-consumers.ts'
import { createKafkaTransport } from '../platform/events/kafka-transport.ts'
import type { Transport } from '../platform/events/transport.ts'
import type { Group, Kafka, Topic } from '../platform/kafka/kafka.ts'
import type { ChosenRungs } from './rungs.ts'

export interface EventDelivery {
  readonly transport: Transport
  readonly topics: readonly Topic[]
  readonly groups: readonly Group[]
}

export interface Hearers {
  /** All that the relay delivers to. */
  readonly consumers: readonly Consumer[]
  /** Those whose group is in this process; absent: all of them. */
  readonly local?: readonly Consumer[]
  readonly rungs: ChosenRungs
}

export function eventDelivery(
  { consumers, local = consumers, rungs }: Hearers,
  deps: LaneDeps & { readonly kafka: Kafka | null },
): EventDelivery {
  const { kafka } = deps
  if (kafka === null || rungs['event.publish'] !== 'kafka')
    return { transport: createDirectTransport(consumers, deps), topics: [], groups: [] }
  const transport = createKafkaTransport(consumers, { ...deps, kafka })
  return {
    transport,
    topics: [{ name: EVENTS_TOPIC, partitions: EVENTS_PARTITIONS, keep: EVENTS_KEEP_MS }],
    groups: createKafkaConsumers(local, { ...deps, kafka, took: transport.took }),
  }
}
