// What every client of Kafka is given. Each number was measured against a broker that was refused, stopped or killed
// (@platformatic/kafka 2.12.1): with its defaults a stopped broker holds a request for ever.

import { type BaseOptions, TimeoutError, UserError } from '@platformatic/kafka'
import type { SampleKind } from '../../resilience/detector.ts'
import { REFUSED_CODES } from '../health/refused-codes.ts'

/** Longest wait for a connection, ms: on one machine it takes one, across a country thirty. */
export const CONNECT_MS = 1_000
/**
 * How long it is believed who leads which partition, ms. After a leader died nothing else tells: with the client's
 * own five minutes it would send to the dead one for so long.
 */
const METADATA_MS = 1_000

/** `request`: longest wait for an answer, ms. Retries are ours, at one layer. */
export function clientOptions(brokers: readonly string[], clientId: string, request: number): BaseOptions {
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    connectTimeout: Math.min(CONNECT_MS, request),
    requestTimeout: request,
    metadataMaxAge: METADATA_MS,
    retries: 0,
    autocreateTopics: false,
  }
}

/** `levee` and `events` make `levee.events`; an empty prefix leaves the name as it stands. */
export const prefixed = (prefix: string, name: string): string => (prefix === '' ? name : `${prefix}.${name}`)

/** Whether somewhere in this error Kafka answered with one of these (`UNKNOWN_TOPIC_ID`, …). */
export function saysKafka(error: unknown, ...ids: readonly string[]): boolean {
  return holds(error, each => {
    const { apiId } = each as { apiId?: unknown }
    return typeof apiId === 'string' && ids.includes(apiId)
  })
}

/** No leader, or too few replicas behind it: it is there, and takes nothing. */
const WRONG_ROLE = [
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
]

/** What it says of the brokers' health that a request failed so. */
export function sampleOf(error: unknown): SampleKind {
  if (saysKafka(error, ...WRONG_ROLE)) return 'wrong_role'
  if (saysKafka(error, 'KAFKA_STORAGE_ERROR')) return 'full'
  // It answered: there is no such topic yet.
  if (saysKafka(error, 'UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID') || holds(error, isUnknownTopic))
    return 'ok'
  if (holds(error, each => each instanceof TimeoutError)) return 'hung'
  return holds(error, each => REFUSED_CODES.has((each as NodeJS.ErrnoException).code ?? ''))
    ? 'refused'
    : 'broke'
}

/** As the client itself says it, after it has asked. */
const isUnknownTopic = (error: Error): boolean =>
  error instanceof UserError && /^Unknown topic/.test(error.message)

function holds(error: unknown, wanted: (error: Error) => boolean): boolean {
  if (!(error instanceof Error)) return false
  if (wanted(error)) return true
  const inner = [error.cause, ...(error instanceof AggregateError ? error.errors : [])]
  return inner.some(each => holds(each, wanted))
}
