// Messages between processes, over a connection of its own that is looked after by pings: one that listens only would
// not notice that nobody speaks any more.

import { type Client, Connection } from './connection.ts'
import type { Where } from './where.ts'

/** Pause between two pings, ms; an answer that takes longer than that has the connection made anew. */
const PING_EVERY_MS = 1_000

export interface Listener {
  /** Resolves when the channel is listened to, or when that has to wait for Redis. */
  listen(channel: string, heard: (message: string) => void): Promise<void>
  close(): Promise<void>
}

type Heard = (message: string) => void

/** Connects with the first channel. */
export function openListener(options: { where: Where; ca: string | undefined }): Listener {
  const channels: { readonly channel: string; readonly heard: Heard }[] = []
  const subscribe = (client: Client, { channel, heard }: { channel: string; heard: Heard }) =>
    client.subscribe(channel, heard)
  let connection: Connection | null = null
  let starting: Promise<void> | null = null
  let pings: NodeJS.Timeout | null = null

  /** Each connection begins by subscribing to all that is wanted. */
  const greet = async (client: Client): Promise<void> => {
    for (const each of channels) await subscribe(client, each)
  }
  function lookAfter(kept: Connection): NodeJS.Timeout {
    let asked: Client | null = null
    return setInterval(() => {
      const { client } = kept
      if (client === null) return
      if (asked === client) return kept.drop(client, new Error(`no answer for ${PING_EVERY_MS} ms`))
      asked = client
      const answered = (): void => {
        if (asked === client) asked = null
      }
      // A connection that breaks says so itself.
      client.ping().then(answered, answered)
    }, PING_EVERY_MS)
  }

  return {
    async listen(channel, heard) {
      const wanted = { channel, heard }
      channels.push(wanted)
      if (connection === null) {
        connection = new Connection({ ...options, log: null, protocol: 3, greet })
        pings = lookAfter(connection)
        starting = connection.start()
        return starting
      }
      await starting
      const { client } = connection
      // While there is none: the next one begins with it. Twice is once.
      if (client !== null)
        await subscribe(client, wanted).catch((error: Error) => connection?.drop(client, error))
    },
    async close() {
      if (pings !== null) clearInterval(pings)
      await connection?.close()
    },
  }
}
