// A way to reach people. Each says what became of a telling, and nothing it says holds a secret.

import type { Contact } from '../contacts.ts'
import type { Message } from '../message.ts'
import type { ChannelName } from '../routes.ts'

/** A telling on its way: the message with the links of its reader, and what the channel has to know besides. */
export interface Telling extends Message {
  /** An earlier attempt may have arrived: it is not told as new. */
  readonly again: boolean
  /** Members of a shared channel whom it concerns, by Slack's ids. */
  readonly mentions: readonly string[]
}

export type Outcome =
  | { readonly is: 'delivered' }
  | {
      readonly is: 'later'
      /** Not before, ms from now, as the service asked for; null: it named no time. */
      readonly after: number | null
      readonly why: string
      /** True: it may have arrived all the same. */
      readonly mayHaveArrived: boolean
      /** True: the service asks to be left alone altogether, not for this telling only. */
      readonly all: boolean
    }
  /** Trying again will not help. */
  | { readonly is: 'refused'; readonly why: string }

export interface Channel {
  readonly name: ChannelName
  /** Never rejects. Ends within the channel's time limit, or when the signal says so. */
  deliver(telling: Telling, contact: Contact, signal: AbortSignal): Promise<Outcome>
}

export const DELIVERED: Outcome = { is: 'delivered' }
