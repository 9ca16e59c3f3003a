// From the Idempotency-Key header to what modules store with the effect.

import type { IdempotencyKey } from '../platform/contract/call.ts'
import { shortHash } from '../platform/events/event.ts'

/** 8: short keys collide; 128: it is hashed and compared, never a document. Printable ASCII without spaces. */
const KEY = /^[\x21-\x7e]{8,128}$/

/** True for a header that can serve as a key. */
export function isKey(header: unknown): header is string {
  return typeof header === 'string' && KEY.test(header)
}

/**
 * `id`: who, what and which key, so that nobody meets somebody else's key. `fingerprint`: the content as it
 * came. The key is part of it too: it is stored nowhere in clear, so a body that holds a password cannot be
 * guessed from its fingerprint.
 */
export function idempotencyKey(
  principalId: string,
  operation: string,
  key: string,
  method: string,
  url: string,
  body: string | undefined,
): IdempotencyKey {
  return {
    id: shortHash(`${principalId}\n${operation}\n${key}`),
    fingerprint: shortHash(`${key}\n${method} ${url}\n${body ?? ''}`),
  }
}
