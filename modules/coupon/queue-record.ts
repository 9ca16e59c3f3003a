// A claim as it lies in Kafka. Its key is the coupon, so that the claims of one coupon keep their order. Pure.

import type { Call, Role } from '../../platform/contract/call.ts'
import type { KafkaRecord, TakenRecord } from '../../platform/kafka/kafka.ts'
import { BLOCK_MOST } from './block.ts'
import type { ClaimRequest } from './claim-book.ts'

/** Of the form below. A record of another one is dead until a version that knows it replays it. */
const VERSION = 1

export interface QueuedClaim extends ClaimRequest {
  /** Its place: block and number in it. */
  readonly block: string
  readonly index: number
  /** When it was accepted, epoch ms: the time that counts for the coupon's window. */
  readonly at: number
  /** Who asked, as far as deciding and the audit trail need it. */
  readonly call: Pick<Call, 'principal' | 'requestId' | 'idempotency'>
}

interface Form {
  readonly v: typeof VERSION
  readonly block: string
  readonly index: number
  readonly member: string
  readonly roles: readonly Role[]
  readonly channel: string | null
  readonly request: string
  readonly key: string | null
  readonly print: string | null
  readonly at: number
}

export function writeRecord({ couponId, block, index, at, call }: QueuedClaim): KafkaRecord {
  const { principal, requestId, idempotency } = call
  const form: Form = {
    v: VERSION,
    block,
    index,
    member: principal.id,
    roles: principal.roles,
    channel: principal.channelId,
    request: requestId.slice(0, TEXT_MOST),
    key: idempotency?.id ?? null,
    print: idempotency?.fingerprint ?? null,
    at,
  }
  return { key: couponId, value: JSON.stringify(form) }
}

/** Text: why it is no claim. */
export function readRecord({ key, value }: TakenRecord): QueuedClaim | string {
  if (!isId(key)) return 'its key is no coupon id'
  if (value === null) return 'it is empty, or no UTF-8'
  let form: Form
  try {
    form = JSON.parse(value) as Form
  } catch {
    return 'it is no JSON'
  }
  if (typeof form !== 'object' || form === null) return 'it is no object'
  if (form.v !== VERSION) return `its version is ${form.v}, not ${VERSION}`
  const wrong = Object.entries(checks).find(([name, fits]) => !fits(form[name as keyof Form]))
  if (wrong !== undefined) return `its ${wrong[0]} does not fit`
  const { block, index, member, roles, channel, request, print, at } = form
  return {
    ...{ couponId: key, memberId: member, block, index, at },
    call: {
      principal: { kind: 'member', id: member, roles, channelId: channel, email: null },
      requestId: request,
      idempotency: form.key === null ? null : { id: form.key, fingerprint: print ?? '' },
    },
  }
}

/** Characters of a request's name: the column's width. */
const TEXT_MOST = 64
/** As the columns of the ledger take them: one record that does not fit must not fail its batch. */
const ID = /^[\x21-\x7e]{1,64}$/
const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value)
const isIdOrNull = (value: unknown): boolean => value === null || isId(value)
const checks: Readonly<Partial<Record<keyof Form, (value: unknown) => boolean>>> = {
  block: isId,
  index: value => Number.isInteger(value) && (value as number) >= 0 && (value as number) < BLOCK_MOST,
  member: isId,
  roles: value => Array.isArray(value) && value.every(each => typeof each === 'string'),
  channel: isIdOrNull,
  request: value => typeof value === 'string' && value.length <= TEXT_MOST,
  key: isIdOrNull,
  print: isIdOrNull,
  at: value => Number.isSafeInteger(value) && (value as number) >= 0,
}
