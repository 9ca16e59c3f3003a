// The ticket of an accepted claim: its place in the line, sealed for its member. Pure.

import { shortHash } from '../../platform/events/event.ts'

export interface Ticket {
  readonly blockId: string
  /** Place in the block. */
  readonly index: number
  /** Where its record is. */
  readonly partition: number
  readonly offset: number
}

const FORM =
  /^([A-Za-z0-9_-]{1,64})\.([0-9a-z]{1,2})\.([0-9a-z]{1,4})\.([0-9a-z]{1,11})\.([A-Za-z0-9_-]{22})$/
const BASE = 36

/** `secret` of the block: whoever does not know it can make none. */
export function ticketText(ticket: Ticket, secret: string, memberId: string): string {
  const { blockId, index, partition, offset } = ticket
  const numbers = `${index.toString(BASE)}.${partition.toString(BASE)}.${offset.toString(BASE)}`
  return `${blockId}.${numbers}.${sealOf(ticket, secret, memberId)}`
}

/** Null: it is none of ours. Whether it is this member's is asked of `isSealed`. */
export function readTicket(text: string): (Ticket & { readonly seal: string }) | null {
  const parts = FORM.exec(text)
  if (parts === null) return null
  const [, blockId, index, partition, offset, seal] = parts as unknown as string[]
  const number = (digits: string | undefined): number => Number.parseInt(digits!, BASE)
  return {
    blockId: blockId!,
    index: number(index),
    partition: number(partition),
    offset: number(offset),
    seal: seal!,
  }
}

export function isSealed(
  ticket: Ticket & { readonly seal: string },
  secret: string,
  memberId: string,
): boolean {
  return sealOf(ticket, secret, memberId) === ticket.seal
}

/** At both ends, so that nothing can be added to what was hashed. */
function sealOf({ index, partition, offset }: Ticket, secret: string, memberId: string): string {
  return shortHash(`${secret}\n${index} ${partition} ${offset} ${memberId}\n${secret}`)
}
