// Direct delivery: events go from the outbox to the consumers in this process, several consumers side by side.

import { invariant } from '../contract/result.ts'
import type { Consumer } from './consumer.ts'
import { ConsumerLane, type LaneDeps, Sent } from './consumer-lane.ts'
import { copyEvents } from './outbox-store.ts'
import type { Copies, Fence, Outcome, Transport } from './transport.ts'

export function createDirectTransport(consumers: readonly Consumer[], deps: LaneDeps): Transport {
  for (const consumer of consumers) checkConsumer(consumer, consumers)
  const lanes = consumers.map(consumer => ({
    lane: new ConsumerLane(consumer, deps),
    types: new Set(consumer.types),
  }))
  return {
    types: typesOf(consumers),
    copies: copiesOf(lanes.map(({ lane }) => lane)),
    async publish(events, fence) {
      const sent = events.map(event => new Sent(event))
      const outcomes: Outcome[] = events.map(() => 'done')
      const deliveries = await Promise.allSettled(
        lanes.map(({ lane, types }) => deliverWanted(lane, types, sent, outcomes, fence)),
      )
      // Only after all have come to rest: nothing is in flight when it is sent again.
      for (const delivery of deliveries) if (delivery.status === 'rejected') throw delivery.reason
      return outcomes
    },
    shardsTaken() {
      for (const { lane } of lanes) lane.forget()
    },
  }
}

export const typesOf = (consumers: readonly Consumer[]): string[] => [
  ...new Set(consumers.flatMap(consumer => consumer.types)),
]

function copiesOf(lanes: readonly ConsumerLane[]): Copies | null {
  const copying = lanes.filter(({ consumer }) => consumer.copy !== undefined)
  if (copying.length === 0) return null
  const statements = copying.map(({ consumer }) => copyEvents(consumer.copy!, consumer.types))
  const others = lanes.filter(lane => !copying.includes(lane))
  return {
    otherTypes: typesOf(others.map(({ consumer }) => consumer)),
    writes: seqs => statements.map(statement => statement(seqs)),
    async possible() {
      for (const lane of copying) if (!(await lane.clean())) return false
      return true
    },
  }
}

async function deliverWanted(
  lane: ConsumerLane,
  types: ReadonlySet<string>,
  sent: readonly Sent[],
  outcomes: Outcome[],
  fence: Fence,
): Promise<void> {
  const wanted: number[] = []
  const copies = lane.consumer.copy !== undefined
  for (const [i, { event }] of sent.entries())
    if (types.has(event.type) && !(copies && event.copied)) wanted.push(i)
  if (wanted.length === 0) return
  const ours = await lane.deliver(
    wanted.map(i => sent[i]!),
    fence,
  )
  for (const [at, i] of wanted.entries()) outcomes[i] = worse(outcomes[i]!, ours[at]!)
}

/** An event is done when it is for all; a failure counts more than what was not tried. */
function worse(a: Outcome, b: Outcome): Outcome {
  if (a === 'failed' || b === 'failed') return 'failed'
  return a === 'again' ? a : b
}

/** Longest name that the inbox and the dead letters can hold, characters. */
const NAME_MOST = 40

export function checkConsumer({ name, types }: Consumer, all: readonly Consumer[]): void {
  invariant(
    name.length > 0 && name.length <= NAME_MOST,
    `consumer ${name}: a name has 1 to ${NAME_MOST} characters`,
  )
  invariant(all.filter(each => each.name === name).length === 1, `two consumers are named ${name}`)
  // Its watermarks are by key alone, and two aggregates may share a key: clients choose the ids of orders.
  const aggregates = new Set(types.map(type => type.slice(0, type.indexOf('.'))))
  invariant(aggregates.size === 1, `consumer ${name} hears of ${[...aggregates].join(' and ')}: make it two`)
}
