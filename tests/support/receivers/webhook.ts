// A receiver of signed webhooks, as the Standard Webhooks specification has it.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Answer, type Call, Receiver } from './receiver.ts'

export interface WebhookTaken {
  readonly id: string
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

const KEY = Buffer.from('0123456789abcdef0123456789abcdef')
export const WEBHOOK_SECRET = `whsec_${KEY.toString('base64')}`
/** How old or new a call may be, s. */
const TOLERANCE_S = 300

export class WebhookReceiver extends Receiver<WebhookTaken> {
  /** Epoch ms. */
  clock: () => number = Date.now

  protected override judge({ method, headers, body }: Call) {
    const no = (status: number, what: string): Answer => this.wrong(what, { status, body: what })
    const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures } = headers
    if (method !== 'POST') return no(405, 'not a POST')
    if (typeof id !== 'string' || typeof time !== 'string' || typeof signatures !== 'string')
      return no(400, 'unsigned')
    if (id.includes('.')) return no(400, 'an id with a point in it')
    if (!(Math.abs(this.clock() / 1_000 - Number(time)) <= TOLERANCE_S)) return no(400, 'out of time')
    const right = createHmac('sha256', KEY).update(`${id}.${time}.${body}`).digest()
    const known = signatures.split(' ').some(signature => {
      const [version, given = ''] = signature.split(',')
      const bytes = Buffer.from(given, 'base64')
      return version === 'v1' && bytes.length === right.length && timingSafeEqual(bytes, right)
    })
    if (!known) return no(401, 'wrong signature')
    const { type, timestamp, data } = JSON.parse(body) as Record<string, unknown>
    if (typeof type !== 'string' || !/^[a-z_.]+$/.test(type)) return no(400, 'type')
    if (typeof timestamp !== 'string' || Number.isNaN(Date.parse(timestamp))) return no(400, 'timestamp')
    if (typeof data !== 'object' || data === null) return no(400, 'data')
    return { taken: { id, type, data: data as Record<string, unknown> }, answer: { status: 204 } }
  }
}
