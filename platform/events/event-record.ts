// How an event stands in the topic `events`: keyed by its aggregate, its payload as the outbox has it. Pure.

import type { KafkaRecord, TakenRecord } from '../kafka/kafka.ts'
import { type DomainEvent, shardOf } from './event.ts'
import type { OutboxEvent } from './transport.ts'

export const EVENTS_TOPIC = 'events'
/**
 * A partition is read by one process at a time, so this is how many processes of one kind can share the work. Each
 * costs every group a position, and brokers some memory, so not many more. A topic that has more keeps them.
 */
export const EVENTS_PARTITIONS = 6
/** How long records are kept, ms: what nobody has handled is in the outbox still, so this is for looking back only. */
export const EVENTS_KEEP_MS = 3 * 86_400_000

export function eventRecord({ key, type, version, seq, madeAt, payload }: OutboxEvent): KafkaRecord {
  const head = `{"type":"${type}","version":${version},"seq":${seq},"at":${madeAt},"payload":`
  return { key, value: `${head}${payload}}` }
}

/** What a version before wrote says nothing of its time. */
const HEAD = /^\{"type":"([a-z.-]+)","version":(\d+),"seq":(\d+),(?:"at":(\d+),)?"payload":/

export interface EventRead extends OutboxEvent {
  readonly parsed: DomainEvent['payload']
}

/**
 * The event of a record; null where its type is not among `types`; a string where it is no event: what is wrong.
 * `spare`: the number of one that was not sent by a relay.
 */
export function readEvent(
  { key, value, timestamp }: TakenRecord,
  types: ReadonlySet<string>,
  spare: () => number,
): EventRead | string | null {
  if (value === null) return 'it has no text'
  // Our own: not parsed where nobody wants it, and then only the payload.
  const head = HEAD.exec(value)
  if (head !== null && !types.has(head[1]!)) return null
  const fields = head === null ? parse(value) : ownFields(head, value)
  if (typeof fields === 'string') return fields
  // It was sent after it was made, so its record's time is the next best.
  const { type, version, seq = spare(), at = timestamp, payload } = fields
  if (typeof type !== 'string') return 'it has no type'
  if (!types.has(type)) return null
  if (key === null || key === '' || key.length > KEY_MOST) return 'its key is no id'
  if (!isNumber(version)) return 'its version is no number'
  if (!isNumber(Math.abs(seq as number))) return 'its seq is no number'
  if (!isNumber(at)) return 'its time is no number'
  if (!isObject(payload)) return 'its payload is no object'
  const text = head === null ? JSON.stringify(payload) : value.slice(head[0].length, -1)
  return {
    ...{ type, key, version, seq: seq as number, payload: text, parsed: payload },
    ...{ shard: shardOf(key), madeAt: at, attempt: 0, copied: false },
  }
}

/** The width of ids in the ledger, characters. */
const KEY_MOST = 64

function ownFields(head: RegExpExecArray, value: string): Record<string, unknown> | string {
  const payload = value.endsWith('}') ? parse(value.slice(head[0].length, -1)) : 'it ends too soon'
  if (typeof payload === 'string') return payload
  const at = head[4] === undefined ? {} : { at: Number(head[4]) }
  return { type: head[1], version: Number(head[2]), seq: Number(head[3]), ...at, payload }
}

function parse(text: string): Record<string, unknown> | string {
  try {
    const parsed = JSON.parse(text) as unknown
    return isObject(parsed) ? parsed : 'it is no object'
  } catch (error) {
    return `it is no JSON: ${(error as Error).message}`
  }
}

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
