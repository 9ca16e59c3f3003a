// What a client throws, where no right answer came.

export type HttpTrouble =
  /** No connection, or it broke: whether the request happened is unknown. */
  | 'connection'
  /** No answer in time: whether the request happened is unknown. */
  | 'timeout'
  /** An answer that is none of Levee's, such as a proxy's page. */
  | 'answer'

/** Repeat with the same idempotency key to learn what became of it. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly trouble: HttpTrouble
  /** Status of the answer, where there was one. */
  readonly status: number | null
  /** The key under which it was asked, to ask again. */
  idempotencyKey: string | null = null

  constructor(trouble: HttpTrouble, message: string, status: number | null = null, cause?: unknown) {
    super(message, { cause })
    this.trouble = trouble
    this.status = status
  }
}
