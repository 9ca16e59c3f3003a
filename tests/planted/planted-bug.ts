// A bug to plant: one small edit that breaks one rule.

export interface PlantedBug {
  readonly name: string
  /** What must hold. */
  readonly rule: string
  readonly file: string
  /** Stands exactly once in the file. */
  readonly find: string
  readonly replace: string
  /** The tests that must notice; absent: the black-box rules of the shop. */
  readonly tests?: string
}
