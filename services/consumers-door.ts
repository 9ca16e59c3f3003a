// Events from a relay to consumers in other processes: the door behind which they are, and the way to it.

import { systemCall } from '../platform/contract/call.ts'
import { ok } from '../platform/contract/result.ts'
import type { Consumer } from '../platform/events/consumer.ts'
import { causeOf } from '../platform/events/dead-letters-store.ts'
import type { DomainEvent } from '../platform/events/event.ts'
import type { Clock } from '../platform/module.ts'
import { ServiceUnavailable } from '../platform/rpc/failures.ts'
import { remoteOperation } from '../platform/rpc/remote-door.ts'
import type { ServedDoor } from '../platform/rpc/serve-doors.ts'
import type { ServiceClient } from '../platform/rpc/service-client.ts'
import { isAway } from '../platform/sql/errors.ts'
import type { Hears } from './hears-of.ts'

export const CONSUMERS = 'consumers'

/**
 * How long a service that is away is waited for, ms: one that is started again is back within that. Then the consumer
 * counts as down, and its events are parked until it is there, so that it holds up nobody else's.
 */
const PATIENCE_MS = 4_000

/** Pause between tries meanwhile, ms: it may be there and refuse. */
const AGAIN_MS = 50

/** What became of a batch: nothing to say, or why the consumer took none of it. */
interface Taken {
  readonly cause: string | null
}

/** The consumers of this process, each an operation by its name. */
export function consumersDoor(consumers: readonly Consumer[]): ServedDoor {
  return Object.fromEntries(
    consumers.map(consumer => [
      consumer.name,
      async (_call: unknown, events: readonly DomainEvent[]) => {
        try {
          await consumer.handle(events)
          return ok<Taken>({ cause: null })
        } catch (error) {
          // That the ledger is away says nothing of the events. Everything else stands in the dead letter.
          if (isAway(error)) throw error
          return ok<Taken>({ cause: causeOf(error) })
        }
      },
    ]),
  )
}

/** A consumer that is elsewhere. Its inbox is there too, so what is handed over twice has one effect. */
export function remoteConsumer({ name, types }: Hears, service: ServiceClient, clock: Clock): Consumer {
  const take = remoteOperation(service, CONSUMERS, name)
  /** When it was first found away; null: it answered last. */
  let awaySince: number | null = null
  return {
    name,
    types,
    async handle(events) {
      for (;;) {
        const answer = await take(systemCall(`events-${name}`, clock()), events)
        if (answer.ok) {
          awaySince = null
          const { cause } = answer.value as Taken
          if (cause === null) return
          throw Object.assign(new Error(cause), { stack: cause })
        }
        awaySince ??= clock()
        const left = awaySince + PATIENCE_MS - clock()
        if (left <= 0 || !(await service.whenUp(left)))
          throw new ServiceUnavailable(`${name} cannot be reached: ${answer.refusal.code}`)
        await new Promise<void>(resolve => setTimeout(resolve, AGAIN_MS))
      }
    },
  }
}
