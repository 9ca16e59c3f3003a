// How events get from the outbox to who wants them, by the rung on which this process stands: straight, or through Kafka
// and a group for each consumer. The rungs mix: what one relay has sent and not seen arrive, the next one delivers its own way.

import type { Consumer } from '../platform/events/consumer.ts'
import type { LaneDeps } from '../platform/events/consumer-lane.ts'
import { createDirectTransport } from '../platform/events/direct-transport.ts'
import { EVENTS_KEEP_MS, EVENTS_PARTITIONS, EVENTS_TOPIC } from '../platform/events/event-record.ts'
import { createKafkaConsumers } from '../platform/events/kafka-consumers.ts'
import { createKafkaTransport } from '../platform/events/kafka-transport.ts'
import type { Transport } from '../platform/events/transport.ts'
import type { Group, Kafka, Topic } from '../platform/kafka/kafka.ts'
import type { Ladders } from '../platform/ladders/ladders.ts'

export interface EventDelivery {
  readonly transport: Transport
  readonly topics: readonly Topic[]
  readonly groups: readonly Group[]
}

interface Delivering {
  readonly consumers: readonly Consumer[]
  readonly ladders: Pick<Ladders, 'of'>
}

type DeliveryDeps = LaneDeps & { readonly kafka: Kafka | null }

const topic: Topic = { name: EVENTS_TOPIC, partitions: EVENTS_PARTITIONS, keep: EVENTS_KEEP_MS }

/** Relay and consumers in one process: the consumers tell the transport what they took. */
export function eventDelivery({ consumers, ladders }: Delivering, deps: DeliveryDeps): EventDelivery {
  const { kafka } = deps
  const standing = ladders.of('event.publish')
  if (kafka === null || !standing.has('kafka'))
    return { transport: createDirectTransport(consumers, deps), topics: [], groups: [] }
  const transport = createKafkaTransport(consumers, { ...deps, kafka, standing })
  const groups = createKafkaConsumers(consumers, { ...deps, kafka, took: transport.took })
  return { transport, topics: [topic], groups }
}

/** The relay's side alone: what consumers elsewhere took shows in the offsets of their groups. */
export function eventTransport({ consumers, ladders }: Delivering, deps: DeliveryDeps): Transport {
  const { kafka } = deps
  const standing = ladders.of('event.publish')
  return kafka === null || !standing.has('kafka')
    ? createDirectTransport(consumers, deps)
    : createKafkaTransport(consumers, { ...deps, kafka, standing })
}

/** The consumers' side alone. A relay elsewhere makes no copies for them, so all of them get a group. */
export function eventGroups(
  { consumers, ladders }: Delivering,
  deps: DeliveryDeps,
): Omit<EventDelivery, 'transport'> {
  const { kafka } = deps
  if (kafka === null || !ladders.of('event.publish').has('kafka')) return { topics: [], groups: [] }
  const handled = consumers.map(
    (consumer): Consumer => ({
      ...{ name: consumer.name, types: consumer.types },
      handle: events => consumer.handle(events),
    }),
  )
  return { topics: [topic], groups: createKafkaConsumers(handled, { ...deps, kafka }) }
}
