// What happened in one seed, line by line on the virtual clock, in the form of histories that `levee check` reads.

import type { Result } from '../../platform/contract/result.ts'
import type { World } from './world.ts'

export type Fields = Readonly<Record<string, unknown>>

/** One attempt of a customer's, and what came of it; null: nothing yet. */
export interface Attempt {
  readonly id: number
  readonly client: string
  readonly process: string
  readonly op: string
  readonly action: string
  readonly input: Fields
  outcome: {
    readonly result: 'ok' | 'refused' | 'unknown'
    readonly code?: string
    readonly value?: Fields
  } | null
}

/** Refusals after which nobody knows whether it was done. */
const UNKNOWN = new Set(['outcome_unknown', 'deadline_exceeded', 'provider_unavailable'])

export class Recorder {
  readonly lines: string[] = []
  readonly attempts: Attempt[] = []
  private readonly world: World

  constructor(world: World) {
    this.world = world
  }

  write(entry: Fields): void {
    this.lines.push(JSON.stringify(entry))
  }

  private get t(): number {
    return Math.floor(this.world.now)
  }

  start(patience: number): void {
    const { seed } = this.world
    this.write({ type: 'run', t: this.t, seed, engines: 'simulated', patience })
  }

  fault(name: string, phase: 'begin' | 'end'): void {
    this.write({ type: 'fault', t: this.t, name, phase })
  }

  move(process: string, ladder: string, from: string, to: string, cause: string | null): void {
    this.write({ type: 'ladder', t: this.t, process, ladder, from, to, cause })
  }

  invoke(about: Omit<Attempt, 'id' | 'outcome'>): Attempt {
    const attempt: Attempt = { id: this.attempts.length, ...about, outcome: null }
    this.attempts.push(attempt)
    const { id, client, process, op, action, input } = attempt
    this.write({ type: 'invoke', id, t: this.t, client, process, op, action, input })
    return attempt
  }

  /** Null: nothing came back. */
  outcome(attempt: Attempt, answer: Result<unknown> | null): void {
    if (answer === null) attempt.outcome = { result: 'unknown' }
    else if (answer.ok) attempt.outcome = { result: 'ok', value: (answer.value ?? {}) as Fields }
    else {
      const { code } = answer.refusal
      attempt.outcome = { result: UNKNOWN.has(code) ? 'unknown' : 'refused', code }
    }
    const later = answer?.ok === false && answer.refusal.retryAfter !== undefined ? { later: true } : {}
    this.write({ type: 'outcome', id: attempt.id, t: this.t, ...attempt.outcome, ...later })
  }

  /** What is held at the end. */
  end(tables: ReadonlyMap<string, readonly Fields[]>): void {
    const counts: Record<string, number> = {}
    for (const [table, rows] of tables) {
      counts[table] = rows.length
      for (const row of rows) this.write({ type: 'fact', table, row })
    }
    this.write({ type: 'end', t: this.t, tables: counts })
  }
}
