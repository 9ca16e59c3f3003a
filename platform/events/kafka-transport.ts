// Events through Kafka: from the outbox to the topic `events`, and out of the outbox when every consumer that wants
// them has them (`unconfirmed.ts`). So a Kafka that loses records loses nothing, and a shop may go from Kafka to direct
// delivery and back at any moment: what was not handled is in the outbox still.
//
// No gap can pass. An event is sent when all earlier ones of its key have arrived, or in one append with them; so
// wherever it stands in the log, whatever the log lost, and however late another relay's sending comes, the earlier
// ones were handled, are dead letters, or stand before it.

import type { KafkaRecord, Place, Position, Publisher } from '../kafka/kafka.ts'
import type { Standing } from '../ladders/standing.ts'
import type { Consumer } from './consumer.ts'
import type { LaneDeps } from './consumer-lane.ts'
import { DOWN, park } from './dead-letters-store.ts'
import { checkConsumer, createDirectTransport, typesOf } from './direct-transport.ts'
import { EVENTS_TOPIC, eventRecord } from './event-record.ts'
import { groupOf } from './kafka-consumers.ts'
import type { Arrival, Arrivals, Fence, OutboxEvent, Outcome, Sending, Transport } from './transport.ts'
import { type EventId, Unconfirmed } from './unconfirmed.ts'

/** Events of a key that go in one append: what Kafka takes at once, with room for what JSON and UTF-8 add. */
const APPEND_EVENTS = 1_000
const APPEND_CHARACTERS = 250_000
/** An event is looked for in the groups' offsets after this long, ms: by then a group in this process has told. */
const LOOK_AFTER_MS = 100
/** Pause between looks, ms, and after looks that failed. */
const LOOK_EVERY_MS = 100
const LOOK_FAILED_MS = 1_000
/** Longest wait for the look before the first sending, ms. Without it only groups in this process can tell. */
const FIRST_LOOK_MS = 500

/** Of Kafka, what is needed here. */
export interface EventLog {
  publisher(topic: string): Pick<Publisher, 'publishTogether'>
  positions(group: string, topic: string): Promise<readonly Position[]>
}

export interface KafkaTransport extends Transport {
  readonly arrivals: Arrivals
  /** A group in this process has handled these, or has them as dead letters. */
  took(consumer: string, events: Iterable<EventId>): void
  /** Consumers that have handled nothing for long. */
  readonly consumersDown: readonly string[]
}

export function createKafkaTransport(
  consumers: readonly Consumer[],
  deps: LaneDeps & { readonly kafka: EventLog; readonly standing: Standing<'event.publish'> },
): KafkaTransport {
  for (const consumer of consumers) checkConsumer(consumer, consumers)
  const { kafka, ledger, clock, log, standing } = deps
  // Copies are the relay's own statements; where they cannot be made, it hands over by itself.
  const copying = consumers.filter(consumer => consumer.copy !== undefined)
  const others = consumers.filter(consumer => consumer.copy === undefined)
  const direct = createDirectTransport(copying, deps)
  const handingOver = createDirectTransport(others, deps)
  const wanting = new Map(
    typesOf(others).map(type => [
      type,
      others.filter(each => each.types.includes(type)).map(each => each.name),
    ]),
  )
  const publisher = kafka.publisher(EVENTS_TOPIC)
  const unconfirmed = new Unconfirmed()
  let heard = (): void => {}
  let looking: NodeJS.Timeout | null = null
  let firstLook: Promise<boolean> | null = null
  let stopped = false

  async function look(names: readonly string[]): Promise<boolean> {
    const looks = await Promise.allSettled(
      names.map(async name =>
        unconfirmed.reached(name, await kafka.positions(groupOf(name), EVENTS_TOPIC), clock()),
      ),
    )
    return looks.every(each => each.status === 'fulfilled')
  }

  /** Looks for what no group in this process has told of, as long as there is any. */
  function keepLooking(pause: number): void {
    if (looking !== null || stopped || unconfirmed.size === 0) return
    looking = setTimeout(async () => {
      const owing = unconfirmed.owing(clock() - LOOK_AFTER_MS)
      const well = await look(owing)
      looking = null
      if (unconfirmed.someArrived) heard()
      keepLooking(well ? LOOK_EVERY_MS : LOOK_FAILED_MS)
    }, pause)
    looking.unref()
  }

  /** Sends events of one key. */
  async function append(events: readonly OutboxEvent[], fence: Fence): Promise<readonly Sending[]> {
    const { together, rest } = firstAppend(events)
    if (together.length === 0) return tooLarge(events, fence)
    for (const event of together) unconfirmed.expect(event, wanting.get(event.type)!, clock())
    const sent = await published(publisher, together.map(eventRecord))
    const outcomes = together.map(({ seq }, i): Sending => {
      if (sent === null) return unconfirmed.failed(seq, clock()) ? 'failed' : 'done'
      return unconfirmed.placed(seq, sent[i]!) ? 'sent' : 'done'
    })
    // Of those after a failure nothing is known to stand before them.
    return [...outcomes, ...rest.map((): Sending => 'again')]
  }

  /** What no broker takes is given to its consumers as dead letters, which are revived by hand. */
  async function tooLarge(events: readonly OutboxEvent[], fence: Fence): Promise<readonly Sending[]> {
    const [first] = events
    let outcome: Outcome = 'done'
    for (const consumer of wanting.get(first!.type)!) {
      const parcel = { event: first!, cause: `${DOWN}too large for Kafka` }
      const [parked] = await park(ledger, consumer, [parcel], fence, clock())
      if (parked !== 'done') outcome = 'again'
    }
    return [outcome, ...events.slice(1).map((): Sending => 'again')]
  }

  async function giveUp(fence: Fence): Promise<readonly Arrival[]> {
    const { giveUp: given, lost } = unconfirmed.verdicts(clock())
    for (const [consumer, events] of given) {
      log.error({ consumer, events: events.length }, 'consumer has not handled its events: parking them')
      const parcels = events.map(event => ({ event, cause: `${DOWN}not handled in time` }))
      const outcomes = await park(ledger, consumer, parcels, fence, clock())
      for (const [i, { seq }] of events.entries())
        if (outcomes[i] === 'done') unconfirmed.gaveUp(consumer, seq)
    }
    if (lost.length > 0) log.warn({ events: lost.length }, 'Kafka may have lost events: sending them again')
    for (const seq of lost) unconfirmed.forget(seq)
    return lost.map(seq => ({ seq, outcome: 'failed' }))
  }

  /** Hands over events of one key without Kafka. Groups that have them from there too notice. */
  async function handOver(events: readonly OutboxEvent[], fence: Fence): Promise<readonly Sending[]> {
    // What a group took meanwhile is not known here.
    handingOver.shardsTaken()
    return handingOver.publish(events, fence)
  }

  /** What is on its way through a Kafka that is out is handed over: nobody waits for it to be back. */
  function recalled(): readonly Arrival[] {
    if (standing.standing === 'kafka') return []
    return unconfirmed.recall().map(seq => ({ seq, outcome: 'again' }))
  }

  return {
    types: typesOf(consumers),
    copies: direct.copies === null ? null : { ...direct.copies, otherTypes: typesOf(others) },
    async publish(events, fence) {
      const rung = standing.choose()
      const send = rung === 'kafka' ? append : handOver
      // What groups have committed before is no sign of what is sent now.
      if (rung === 'kafka') firstLook ??= within(FIRST_LOOK_MS, look(others.map(each => each.name)))
      if (rung === 'kafka' && !(await firstLook)) firstLook = null
      const outcomes: Sending[] = [...(await direct.publish(events, fence))]
      const byKey = Map.groupBy(events.keys(), i => events[i]!.key)
      await Promise.all(
        [...byKey.values()].map(async indexes => {
          // One that could not be handed over holds up what follows it.
          const until = indexes.find(i => outcomes[i] !== 'done') ?? Number.POSITIVE_INFINITY
          const wanted = indexes.filter(i => wanting.has(events[i]!.type))
          for (const i of wanted) if (i > until) outcomes[i] = 'again'
          const ready = wanted.filter(i => i < until)
          if (ready.length === 0) return
          const sendings = await send(
            ready.map(i => events[i]!),
            fence,
          )
          for (const [at, i] of ready.entries()) outcomes[i] = sendings[at]!
        }),
      )
      keepLooking(LOOK_AFTER_MS)
      return outcomes
    },
    shardsTaken() {
      direct.shardsTaken()
      handingOver.shardsTaken()
    },
    took(consumer, events) {
      unconfirmed.took(consumer, events, clock())
      if (unconfirmed.someArrived) heard()
    },
    get consumersDown() {
      return unconfirmed.consumersDown
    },
    arrivals: {
      async take(fence, holds) {
        unconfirmed.keepOnly(holds)
        const lost = await giveUp(fence)
        return [
          ...lost,
          ...recalled(),
          ...unconfirmed.takeArrived().map((seq): Arrival => ({ seq, outcome: 'done' })),
        ]
      },
      listen(listener) {
        heard = listener
      },
      stop() {
        stopped = true
        if (looking !== null) clearTimeout(looking)
      },
    },
  }
}

function firstAppend(events: readonly OutboxEvent[]): {
  together: readonly OutboxEvent[]
  rest: readonly OutboxEvent[]
} {
  let characters = 0
  let count = 0
  for (const { payload } of events.slice(0, APPEND_EVENTS)) {
    characters += payload.length
    if (characters > APPEND_CHARACTERS) break
    count++
  }
  return { together: events.slice(0, count), rest: events.slice(count) }
}

/** Null: unknown. */
async function published(
  publisher: Pick<Publisher, 'publishTogether'>,
  records: readonly KafkaRecord[],
): Promise<readonly Place[] | null> {
  try {
    return await publisher.publishTogether(records)
  } catch {
    return null // the publisher has logged it; the events are sent again
  }
}

async function within(most: number, work: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(resolve, most, false)
  })
  const inTime = await Promise.race([work, late])
  clearTimeout(timer)
  return inTime
}
