// wrk as the load generator: written in C, so that it is not the limit on two cores.

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { findProgram } from '../../platform/engines/find-program.ts'
import { watchCpu } from './processes.ts'

const SCRIPT = path.resolve(import.meta.dirname, '../lua/requests.lua')
/** Bound of a load that ends by its number of requests, s. */
const COUNTED_MOST_S = 120

export interface Load {
  /** What `requests.lua` sends. */
  readonly kind: 'order' | 'claim' | 'paid' | 'read'
  /** Its lists, see there. */
  readonly files: readonly string[]
  /** Requests after which it ends; absent: when the time is over. */
  readonly requests?: number
}

export interface LoadRun extends Load {
  readonly url: string
  /** Open connections; each has one request under way. */
  readonly connections: number
  readonly seconds: number
}

export interface LoadResult {
  readonly seconds: number
  /** Connections refused, reset or timed out. */
  readonly errors: number
  /** ms */
  readonly p50: number
  readonly p99: number
  /** Reads: the greatest age that an answer stated (`asOf`) when it arrived, ms. */
  readonly oldest: number
  /** Answers by HTTP status; a payment's by `201 paid`. */
  readonly codes: Readonly<Record<string, number>>
  /** Share of one core that wrk itself used. */
  readonly busy: number
}

/** Runs wrk to its end, which it finds by itself. */
export async function load(what: LoadRun): Promise<LoadResult> {
  const seconds = what.requests === undefined ? what.seconds : COUNTED_MOST_S
  const sizes = ['-t1', `-c${what.connections}`, `-d${seconds}s`, '--timeout', '10s']
  // Each load's idempotency keys are its own.
  const words = [what.kind, randomUUID(), String(what.requests ?? 0), ...what.files]
  const child = spawn(findProgram('wrk') ?? 'wrk', [...sizes, '-s', SCRIPT, what.url, '--', ...words])
  const cpu = watchCpu(child)
  let output = ''
  child.stdout.on('data', chunk => (output += chunk))
  child.stderr.on('data', chunk => (output += chunk))
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve())
  })
  const json = /^LEVEE (\{.*\})$/m.exec(output)?.[1]
  if (json === undefined) throw new Error(`wrk said:\n${output}`)
  const raw = JSON.parse(json) as Omit<LoadResult, 'busy' | 'seconds'> & { readonly microseconds: number }
  const took = raw.microseconds / 1e6
  return {
    seconds: took,
    errors: raw.errors,
    p50: raw.p50 / 1000,
    p99: raw.p99 / 1000,
    oldest: raw.oldest,
    codes: raw.codes,
    busy: cpu() / 1e6 / took,
  }
}

/** How many answers were one of these. */
export function countOf(result: LoadResult, successes: readonly string[]): number {
  return successes.reduce((sum, status) => sum + (result.codes[status] ?? 0), 0)
}

/** What came that should not have: `3 × 500, 1 × connection lost`; null when nothing did. */
export function unexpected(result: LoadResult, expected: readonly string[]): string | null {
  const strange = Object.entries(result.codes).filter(([status]) => !expected.includes(status))
  const told = strange.map(([status, count]) => `${count} × ${status}`)
  if (result.errors > 0) told.push(`${result.errors} × connection lost or timed out`)
  return told.length === 0 ? null : told.join(', ')
}
