// Ids that grow with time (UUID version 7), so that rows made together lie together in the ledger.

import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

/** Random bytes are fetched for this many ids at once: one system call each would cost more than the id. */
const POOL = 256
const BYTES = 16
const pool = new Uint8Array(POOL * BYTES)
let used = POOL

export function newId(): string {
  if (used === POOL) {
    randomFillSync(pool)
    used = 0
  }
  const random = pool.subarray(used * BYTES, (used + 1) * BYTES)
  used++
  return v7({ random })
}
