// Clients of one kind are copies of one: what the library works out from a configuration takes it 30 ms of the loop, and it
// remembers only the last one. Two connections that come back by turns would spend a third of the time on it.

import { createClient } from '@redis/client'
import { Recent } from '../cache/recent.ts'

export interface ClientOptions {
  readonly url: string
  /** 3 where messages are listened to, and pings are wanted beside them; 2 has plainer answers. */
  readonly protocol: 2 | 3
  /** Certificates to trust, PEM; undefined: those that Node trusts. */
  readonly ca: string | undefined
  /** Longest wait for the socket, ms. */
  readonly connectTimeout: number
  /** Commands that wait for an answer: more are refused at once. Absent: no bound, for who asks one question. */
  readonly queueMost?: number
}

export type Client = ReturnType<typeof made>

/** Nodes of a cluster and sentinels, with room for those that come and go. */
const PATTERNS_MOST = 64
const patterns = new Recent<string, Client>(PATTERNS_MOST)

/** A client of its own, not connected yet. It connects once, and never again by itself. */
export function clientOf(options: ClientOptions): Client {
  const kind = JSON.stringify(options)
  let pattern = patterns.get(kind)
  if (pattern === undefined) {
    pattern = made(options)
    patterns.set(kind, pattern)
  }
  return pattern.duplicate()
}

function made({ url, protocol, ca, connectTimeout, queueMost }: ClientOptions) {
  const common = { connectTimeout, reconnectStrategy: false as const }
  return createClient({
    url,
    RESP: protocol,
    // No messages about the server's upkeep, which other servers do not know.
    maintNotifications: 'disabled',
    disableOfflineQueue: true,
    // One question is not worth introducing ourselves.
    ...(queueMost === undefined ? { disableClientInfo: true } : { commandsQueueMaxLength: queueMost }),
    socket: url.startsWith('rediss:')
      ? { ...common, tls: true, ...(ca === undefined ? {} : { ca }) }
      : common,
  })
}
