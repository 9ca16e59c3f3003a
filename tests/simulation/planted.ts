// Bugs that the simulation has to find: each swaps one sound part for one that breaks a promise.

import type { Swaps } from './shop-process.ts'

export interface Planted {
  /** What is wrong with it. */
  readonly what: string
  swaps(): Swaps
}

export const planted: Readonly<Record<string, Planted>> = {}
