// Any other system, by a signed POST (the Standard Webhooks way): `webhook-id`, `webhook-timestamp` and `webhook-signature`, which is
// an HMAC-SHA256 over the three of id, time and body. A repeat has the same id.

import { createHmac, hash } from 'node:crypto'
import { CALL_MS, callService } from './call-service.ts'
import type { Channel, Telling } from './channel.ts'
import { partsOfUrl, type Secret } from './secret.ts'

export interface WebhookSettings {
  readonly url: Secret
  /** `whsec_` and base64, or base64 alone: 24 to 64 bytes. */
  readonly secret: Secret
  readonly clock: () => number
  /** Longest time for one call, ms. */
  readonly most?: number
}

const PREFIX = 'whsec_'
/** Bytes of a secret, as the standard bounds them. */
const SECRET_LEAST = 24
const SECRET_MOST = 64

export function createWebhook({ url, secret, clock, most = CALL_MS }: WebhookSettings): Channel {
  const target = new URL(url.reveal())
  const key = keyOf(secret)
  const secrets = [...partsOfUrl(url), secret]
  return {
    name: 'webhook',
    deliver(telling, _contact, signal) {
      const body = JSON.stringify(webhookBody(telling))
      // Of this attempt: whoever checks it refuses what is old, so that nobody sends it again later.
      const time = String(Math.floor(clock() / 1_000))
      const id = webhookId(telling.id)
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': time,
        'webhook-signature': `v1,${signatureOf(key, id, time, body)}`,
      }
      return callService({ url: target, headers, body, signal, most, clock, secrets })
    },
  }
}

/** Both languages: who reads it is not known here. */
function webhookBody({ key, id, kind, level, area, title, text, facts, links, at, again }: Telling) {
  return {
    type: `incident.${kind}`,
    timestamp: new Date(at).toISOString(),
    data: { incident: key, message: id, kind, level, area, title, text, facts, links, repeated: again },
  }
}

/** A point would end it in what is signed, and a header takes no more than this; any other id becomes its digest. */
const webhookId = (id: string): string =>
  /^[A-Za-z0-9_:-]+$/.test(id) ? id : `sha256-${hash('sha256', id, 'hex')}`

export const signatureOf = (key: Buffer, id: string, time: string, body: string): string =>
  createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64')

function keyOf(secret: Secret): Buffer {
  const text = secret.reveal()
  const key = Buffer.from(text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text, 'base64')
  if (key.length < SECRET_LEAST || key.length > SECRET_MOST)
    throw new Error(`the secret of a webhook is ${SECRET_LEAST} to ${SECRET_MOST} bytes in base64`)
  return key
}
