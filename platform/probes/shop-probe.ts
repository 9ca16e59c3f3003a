// A shop's process as others see it: whether it says that it can serve, and its metrics.

import { askHttp, type HttpTarget } from '../http/ask-http.ts'
import { within } from '../within.ts'
import { parsePrometheus, type Samples } from './parse-prometheus.ts'
import { ProbeFailed, probeFailure } from './probe-failed.ts'

/** Longest wait, ms: the shop itself asks its ledger for two seconds before it says that it is not ready. */
const SHOP_MS = 3_000
/** Longest answer of `/health/ready`, bytes. */
const READY_MOST = 16 * 1024
/** Longest answer of `/metrics`, bytes: a shop's has some 200,000. */
const METRICS_MOST = 8 * 1024 * 1024

export interface ShopProbeOptions extends HttpTarget {
  /** What `/metrics` wants (`metrics.token`); absent or empty: nothing. */
  readonly metricsToken?: string
  /** ms */
  readonly timeLimit?: number
}

export interface ShopReadiness {
  readonly ready: boolean
  /** There and back, ms. */
  readonly ms: number
  /** Why it is not, in the shop's words: `ledger_unavailable`, `shutting_down`; null where it is, or says nothing that we know. */
  readonly code: string | null
}

/** An answer that it is not ready is an answer. @throws ProbeFailed where there is none */
export async function readShopReady(options: ShopProbeOptions, signal: AbortSignal): Promise<ShopReadiness> {
  const began = performance.now()
  const { status, text } = await ask(options, '/health/ready', {}, READY_MOST, signal)
  const ms = performance.now() - began
  if (status === 200) return { ready: true, ms, code: null }
  if (status === 503) return { ready: false, ms, code: codeOf(text) }
  throw new ProbeFailed('broke', `the shop: answers ${status} to /health/ready`)
}

/** @throws ProbeFailed; an answer without a single sample is no answer */
export async function readShopMetrics(options: ShopProbeOptions, signal: AbortSignal): Promise<Samples> {
  const { metricsToken = '' } = options
  const headers = metricsToken === '' ? {} : { authorization: `Bearer ${metricsToken}` }
  const { status, text } = await ask(options, '/metrics', headers, METRICS_MOST, signal)
  if (status === 401 || status === 403) throw new ProbeFailed('denied', 'the shop: /metrics wants its token')
  if (status !== 200) throw new ProbeFailed('broke', `the shop: answers ${status} to /metrics`)
  const read = parsePrometheus(text)
  if (read.samples.length === 0) throw new ProbeFailed('broke', 'the shop: its /metrics hold no samples')
  return read
}

async function ask(
  { metricsToken, timeLimit = SHOP_MS, ...target }: ShopProbeOptions,
  path: string,
  headers: Readonly<Record<string, string>>,
  most: number,
  signal: AbortSignal,
) {
  try {
    return await within(timeLimit, signal, inner =>
      askHttp(target, { method: 'GET', path, headers }, inner, most),
    )
  } catch (error) {
    throw probeFailure('the shop', error, metricsToken ? [metricsToken] : [])
  }
}

function codeOf(text: string): string | null {
  try {
    const { code } = JSON.parse(text) as { code?: unknown }
    return typeof code === 'string' ? code : null
  } catch {
    return null // somebody between us and the shop answers
  }
}
