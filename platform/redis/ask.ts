// One question to somebody who is asked rarely: a sentinel where the primary is, a node how the cluster lies.

import { clientOf } from './client-of.ts'
import type { Reply } from './redis.ts'

/** Longest wait for an answer, connecting included, ms: across a country it takes a hundred, and several may have to be asked. */
export const ASK_MS = 300

export interface Question {
  readonly url: string
  readonly ca: string | undefined
  /** Said where the other wants to know who asks; empty: nothing. */
  readonly auth: readonly string[]
  readonly command: readonly string[]
}

/** Rejects with the other's own error, or what came of the connection. */
export async function ask({ url, ca, auth, command }: Question): Promise<Reply> {
  const client = clientOf({ url, protocol: 2, ca, connectTimeout: ASK_MS })
  // What goes wrong is said by the call below.
  client.on('error', () => undefined)
  let late = false
  const timer = setTimeout(() => {
    late = true
    client.destroy()
  }, ASK_MS)
  try {
    await client.connect()
    try {
      return (await client.sendCommand([...command])) as unknown as Reply
    } catch (error) {
      if (auth.length === 0 || !/^NOAUTH\b/.test((error as Error).message)) throw error
      await client.sendCommand(['AUTH', ...auth])
      return (await client.sendCommand([...command])) as unknown as Reply
    }
  } catch (error) {
    throw late ? new Error(`no answer within ${ASK_MS} ms`) : error
  } finally {
    clearTimeout(timer)
    if (!late) client.destroy()
  }
}
