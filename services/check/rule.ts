// The shape of one rule: a history goes in, what is wrong with it comes out. Pure.

import type { Call, History, Row } from './history.ts'

export interface Finding {
  /** Of what the rule is about: claims, orders, calls. */
  readonly checked: number
  /** Each by name, with its figures. Empty: the rule was kept. */
  readonly violations: readonly string[]
}

export interface Rule {
  readonly name: string
  /** What is proven where nothing is found. */
  readonly proves: string
  check(history: History): Finding
}

export interface RuleResult extends Finding {
  readonly name: string
  readonly proves: string
}

/** The end of a table; one that was not looked at proves nothing, and that is said. */
export class NoFacts extends Error {
  override readonly name = 'NoFacts'
}

export function rows(history: History, table: string): readonly Row[] {
  const found = history.tables.get(table)
  if (found === undefined) throw new NoFacts(`nothing is known of the table ${table} at the end`)
  return found
}

export const text = (row: Row, column: string): string => String(row[column] ?? '')
export const count = (row: Row, column: string): number => Number(row[column] ?? 0)

export function byKey(all: readonly Row[], column: string): Map<string, Row> {
  return new Map(all.map(row => [text(row, column), row]))
}

export const callsOf = (history: History, ...ops: readonly string[]): Call[] =>
  history.calls.filter(call => ops.includes(call.op))

export const isOk = (call: Call): boolean => call.outcome?.result === 'ok'

/** All attempts at the same thing, in the order of asking. */
export const byAction = (calls: readonly Call[]): Map<string, Call[]> =>
  Map.groupBy(calls, call => call.action)

/** A "no" for good. */
export const isFinalRefusal = ({ outcome }: Call): boolean =>
  outcome?.result === 'refused' && outcome.later !== true

/** Adds up what a function says of each row, by key. */
export function sums<T>(all: readonly T[], key: (one: T) => string, value: (one: T) => number) {
  const found = new Map<string, number>()
  for (const one of all) found.set(key(one), (found.get(key(one)) ?? 0) + value(one))
  return found
}
