// Names of what a replay makes, derived from the file's own numbers: a second run finds what the first one did. Pure.

import { createHash } from 'node:crypto'

/** As contracts want ids that clients make, with room for the number of a further attempt. */
const FITS = /^[A-Za-z0-9_-]{1,36}$/
const SHORTEST = 8

/** The number itself where it can be part of an id, so that people find it; else a hash of it. */
function idOf(prefix: string, number: string): string {
  const plain = `${prefix}-${number}`
  if (FITS.test(plain)) return plain.padEnd(SHORTEST, '_')
  return `${prefix}-${createHash('sha256').update(number).digest('base64url').slice(0, 22)}`
}

/** An order that expired unpaid cannot be paid any more: its invoice is ordered once more, as attempt 2, 3, … */
export function orderIdOf(invoiceNo: string, attempt = 1): string {
  const id = idOf('inv', invoiceNo)
  return attempt === 1 ? id : `${id}-${attempt}`
}

export const paymentIdOf = (orderId: string): string => orderId.replace(/^inv/, 'pay')

/** One for each order that a cancellation line takes units from. The line tells apart what one cancellation has twice. */
export function refundIdOf(cancellationNo: string, lineNumber: number, invoiceNo: string): string {
  return idOf('ref', `${cancellationNo}-${lineNumber}-${invoiceNo}`)
}
