// A queue of alerts with channels that do as they are told, and a clock that stands until it is moved.

import type { Channel, Outcome, Telling } from '../../operator/alerting/channels/channel.ts'
import type { ContactBook } from '../../operator/alerting/contacts.ts'
import { Deliveries, type DeliverySettings } from '../../operator/alerting/deliveries.ts'
import { DELIVERY_STEPS, deliveriesOf } from '../../operator/alerting/delivery-store.ts'
import { DESK_STEPS } from '../../operator/alerting/desk-store.ts'
import { enqueue } from '../../operator/alerting/enqueue.ts'
import type { Message } from '../../operator/alerting/message.ts'
import { CHANNELS, type ChannelName } from '../../operator/alerting/routes.ts'
import { createLog } from '../../platform/log/log.ts'
import { openSmallStore, type SmallStore } from '../../platform/store/small-store.ts'
import { BOOK, MONDAY, messageOf } from './alerts.ts'

export interface Seen {
  readonly channel: ChannelName
  readonly contact: string
  readonly telling: Telling
  /** Epoch ms. */
  readonly at: number
  readonly outcome: Outcome['is']
  /** It did, or may have. */
  readonly arrived: boolean
}

export const DELIVERED: Outcome = { is: 'delivered' }
export const later = (fields: Partial<Extract<Outcome, { is: 'later' }>> = {}): Outcome => ({
  is: 'later',
  after: null,
  why: 'busy',
  mayHaveArrived: false,
  all: false,
  ...fields,
})
export const refused: Outcome = { is: 'refused', why: 'no' }

type Manner = (telling: Telling, contact: string) => Outcome | Promise<Outcome>

export class DeliveryBed {
  readonly store: SmallStore
  now = MONDAY
  random = 0.5
  book: ContactBook = BOOK
  /** Attempts, in the order in which they ended. */
  readonly seen: Seen[] = []
  readonly manners = new Map<ChannelName, Manner>()
  readonly logged: string[] = []
  deliveries: Deliveries
  private readonly names: readonly ChannelName[]

  private constructor(store: SmallStore, names: readonly ChannelName[], settings: Partial<DeliverySettings>) {
    this.store = store
    this.names = names
    this.deliveries = this.begin(settings)
  }

  static async open(
    settings: Partial<DeliverySettings> = {},
    names: readonly ChannelName[] = CHANNELS,
  ): Promise<DeliveryBed> {
    return new DeliveryBed(
      await openSmallStore(':memory:', [...DELIVERY_STEPS, ...DESK_STEPS]),
      names,
      settings,
    )
  }

  /** As a process that starts: what it knew beyond the store is gone. */
  begin(settings: Partial<DeliverySettings> = {}): Deliveries {
    const channels = new Map(this.names.map(name => [name, this.channel(name)]))
    const to = { write: (line: string) => void this.logged.push(line) }
    this.deliveries = new Deliveries({
      store: this.store,
      channels,
      book: () => this.book,
      links: () => [],
      clock: () => this.now,
      random: () => this.random,
      log: createLog({ level: 'warn', name: 'test', to }),
      settings,
    })
    return this.deliveries
  }

  private channel(name: ChannelName): Channel {
    return {
      name,
      deliver: async (telling, { id: contact }) => {
        const outcome = await (this.manners.get(name)?.(telling, contact) ?? DELIVERED)
        const arrived = outcome.is === 'delivered' || (outcome.is === 'later' && outcome.mayHaveArrived)
        this.seen.push({ channel: name, contact, telling, at: this.now, outcome: outcome.is, arrived })
        return outcome
      },
    }
  }

  tell(fields: Partial<Message>, ...ways: readonly (readonly [ChannelName, string])[]): void {
    const recipients = ways.map(([channel, contact]) => ({ channel, contact }))
    const message = messageOf({ at: this.now, ...fields })
    this.store.transact(() => enqueue(this.store, message, recipients, this.now))
  }

  /** Lets so many ms go by, in the steps that the queue asks for. Nothing may hang. */
  async run(ms = 0): Promise<void> {
    const end = this.now + ms
    for (;;) {
      this.deliveries.pump()
      await this.deliveries.settled()
      const next = this.deliveries.pump()
      await this.deliveries.settled()
      if (this.now >= end) return
      this.now = Math.min(end, Math.max(this.now + 1, next))
    }
  }

  /** What was delivered: channel, contact, message. */
  get delivered(): string[] {
    return this.seen
      .filter(({ outcome }) => outcome === 'delivered')
      .map(({ channel, contact, telling }) => `${channel} ${contact} ${telling.id}`)
  }

  states(incident = 'redis:down'): string[] {
    return deliveriesOf(this.store, incident).map(
      ({ message, channel, state }) => `${message} ${channel} ${state}`,
    )
  }
}
