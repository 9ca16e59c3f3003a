import type { Batch } from './batch.ts'

/** A batch decided from memory on its way. */
export interface Flight<Req, Res> {
  readonly batch: Batch<Req, Res>
  /** Epoch ms. */
  readonly started: number
  /** Null: committed. Never rejects. */
  readonly outcome: Promise<{ readonly error: unknown } | null>
}
