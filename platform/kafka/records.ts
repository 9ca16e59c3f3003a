// Records as they come out of a fetch. Pure.

import { isUtf8 } from 'node:buffer'
import type { RecordsBatch } from '@platformatic/kafka'
import type { TakenRecord } from './kafka.ts'

/** Set in the attributes of batches that Kafka wrote for itself. */
const CONTROL = 0x20

export interface Taken {
  readonly records: readonly TakenRecord[]
  /** Length of their values and keys. */
  readonly bytes: number
  /** Where to read on. */
  readonly next: number
}

/** The records from `from` on: a fetch brings whole batches, which may begin before it. */
export function takenRecords(
  topic: string,
  partition: number,
  batches: readonly RecordsBatch[],
  from: number,
): Taken {
  const records: TakenRecord[] = []
  let bytes = 0
  let next = from
  for (const batch of batches) {
    const first = Number(batch.firstOffset)
    const made = Number(batch.firstTimestamp)
    next = Math.max(next, first + batch.lastOffsetDelta + 1)
    if ((batch.attributes & CONTROL) !== 0) continue
    for (const { offsetDelta, timestampDelta, key, value } of batch.records) {
      const offset = first + offsetDelta
      if (offset < from) continue
      bytes += (key?.length ?? 0) + (value?.length ?? 0)
      const timestamp = made + Number(timestampDelta)
      records.push({ topic, partition, offset, key: text(key), value: text(value), timestamp })
    }
  }
  return { records, bytes, next }
}

const text = (bytes: Buffer | null): string | null =>
  bytes !== null && isUtf8(bytes) ? bytes.toString('utf8') : null
