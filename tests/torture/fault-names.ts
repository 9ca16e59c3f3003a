// Everything that goes wrong in a torture run, by name: what it strikes and how long it lasts.

export type Target = 'redis' | 'kafka' | 'ledger' | 'shop'

interface Entry {
  readonly target: Target
  /** Least and longest time until it is mended, ms. Mending itself comes on top. */
  readonly lasts: readonly [least: number, most: number]
}

const short = [500, 3_000] as const
/** Longer than every detector needs, and than most calls are patient. */
const long = [1_500, 6_000] as const

export const FAULTS = {
  'redis killed': { target: 'redis', lasts: short },
  'redis stopped': { target: 'redis', lasts: long },
  'redis flushed': { target: 'redis', lasts: [0, 0] },
  'redis cut': { target: 'redis', lasts: long },
  'redis deaf': { target: 'redis', lasts: long },
  'redis half-open': { target: 'redis', lasts: long },
  'redis late by 40 ms': { target: 'redis', lasts: long },
  'redis late by 2 s': { target: 'redis', lasts: long },
  'redis full': { target: 'redis', lasts: long },
  'redis flapping': { target: 'redis', lasts: [6_000, 10_000] },
  'kafka killed': { target: 'kafka', lasts: short },
  'kafka stopped': { target: 'kafka', lasts: long },
  'ledger cut': { target: 'ledger', lasts: short },
  'ledger stopped': { target: 'ledger', lasts: long },
  'ledger killed': { target: 'ledger', lasts: short },
  'shop killed': { target: 'shop', lasts: [200, 2_000] },
} as const satisfies Record<string, Entry>

export type FaultName = keyof typeof FAULTS
export const faultNames = Object.keys(FAULTS) as FaultName[]
