// The sandbox provider as a server of its own, reached over HTTP. Any failure throws: then nobody knows.

import { createSender } from '../../platform/http/send.ts'
import type { PaymentProvider, ProviderAnswer } from './provider.ts'

export interface SandboxHttpOptions {
  /** `http://127.0.0.1:8090` */
  readonly url: string
  /** Longest wait for one answer, ms. */
  readonly timeout: number
}

const STATES: readonly unknown[] = ['authorised', 'captured', 'declined', 'voided', 'none']
const CAUSE_MOST = 200

export function sandboxHttp({ url, timeout }: SandboxHttpOptions): PaymentProvider & { close(): void } {
  const base = new URL(url)
  const root = base.pathname.replace(/\/$/, '')
  const sender = createSender(base)

  async function ask(method: 'GET' | 'POST', path: string, content?: object): Promise<unknown> {
    const body = content === undefined ? undefined : JSON.stringify(content)
    const headers: Record<string, string | number> =
      body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const answer = await sender.send({ method, path: `${root}${path}`, headers, body, timeout })
    if (answer.status !== 200) throw new Error(`the provider answered ${answer.status}`)
    return JSON.parse(answer.text)
  }

  async function state(method: 'GET' | 'POST', path: string, content?: object): Promise<ProviderAnswer> {
    const answer = (await ask(method, path, content)) as { state?: unknown; cause?: unknown } | null
    if (!STATES.includes(answer?.state)) throw new Error('the provider gave a strange answer')
    const found = answer?.state as ProviderAnswer['state']
    return typeof answer?.cause === 'string'
      ? { state: found, cause: answer.cause.slice(0, CAUSE_MOST) }
      : { state: found }
  }

  const at = (paymentId: string): string => `/payments/${encodeURIComponent(paymentId)}`
  return {
    name: 'sandbox-http',
    settlesAtOnce: false,
    authorise: ({ paymentId, ...charge }) => state('POST', `${at(paymentId)}/authorise`, charge),
    capture: paymentId => state('POST', `${at(paymentId)}/capture`, {}),
    void: paymentId => state('POST', `${at(paymentId)}/void`, {}),
    async refund({ refundId, paymentId, amount }) {
      await ask('POST', `${at(paymentId)}/refunds/${encodeURIComponent(refundId)}`, { amount })
    },
    lookUp: paymentId => state('GET', at(paymentId)),
    close: () => sender.close(),
  }
}
