/** An engine is not here and cannot be put here; the message says what to do. */
export class EngineMissing extends Error {
  override readonly name = 'EngineMissing'
}
