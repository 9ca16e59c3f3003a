// Connections to single brokers. The client's own Admin asks whichever broker answers, and takes a partition without a
// leader for a failed request: here it is the answer that is looked for.

import { type API, Connection, type metadataV12, ResponseError } from '@platformatic/kafka'
import { OverTime, onAbort } from '../within.ts'
import { type FailureKind, probeFailure } from './probe-failed.ts'

/** What a broker says of the cluster. */
export type MetadataResponse = Awaited<ReturnType<typeof metadataV12.api.async>>

export interface Address {
  readonly host: string
  readonly port: number
}

export const addressText = ({ host, port }: Address): string => `${host}:${port}`

/** `host:port`; the last colon counts, since an address of version 6 has more of them. */
export function addressFrom(text: string): Address {
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) }
}

export interface BrokerAnswer {
  readonly address: string
  /** There and back, ms; null: it did not answer. */
  readonly ms: number | null
  /** Why it did not. */
  readonly failure: FailureKind | null
}

export class KafkaLinks {
  private readonly timeLimit: number
  private readonly links = new Map<string, Connection>()
  /** How often all were closed: one that was being made meanwhile is not kept either. */
  private closings = 0

  /** @param timeLimit of a connection, and of a request, ms */
  constructor(timeLimit: number) {
    this.timeLimit = timeLimit
  }

  /** One request to one broker. */
  async ask<A extends unknown[], R>(to: Address, api: API<A, R>, ...args: A): Promise<R> {
    const link = await this.link(to)
    try {
      return await api.async(link, ...args)
    } catch (error) {
      // What it answers is no fault of the connection.
      if (!(error instanceof ResponseError)) this.drop(addressText(to), link)
      throw error
    }
  }

  /** The same, where an error within the answer is a part of what it tells: the answer then. */
  async look<A extends unknown[], R>(to: Address, api: API<A, R>, ...args: A): Promise<R> {
    try {
      return await this.ask(to, api, ...args)
    } catch (error) {
      const { response } = error as { response?: R }
      if (error instanceof ResponseError && response !== undefined) return response
      throw error
    }
  }

  async connect(to: Address): Promise<void> {
    await this.link(to)
  }

  /** What each of them says to a small question, side by side. Who has not answered when the signal comes hangs. */
  answers<A extends unknown[], R>(
    addresses: readonly Address[],
    signal: AbortSignal,
    api: API<A, R>,
    ...args: A
  ): Promise<readonly BrokerAnswer[]> {
    return Promise.all(
      addresses.map(async to => {
        const address = addressText(to)
        const late = Promise.withResolvers<never>()
        const release = onAbort(signal, () => late.reject(new OverTime('no answer in its time')))
        try {
          return await Promise.race([this.answer(to, api, ...args), late.promise])
        } catch (error) {
          return { address, ms: null, failure: probeFailure('Kafka', error).kind }
        } finally {
          release()
        }
      }),
    )
  }

  private async answer<A extends unknown[], R>(
    to: Address,
    api: API<A, R>,
    ...args: A
  ): Promise<BrokerAnswer> {
    await this.link(to)
    const began = performance.now()
    await this.look(to, api, ...args)
    return { address: addressText(to), ms: performance.now() - began, failure: null }
  }

  close(): void {
    this.closings++
    for (const [address, link] of this.links) this.drop(address, link)
  }

  private async link(to: Address): Promise<Connection> {
    const address = addressText(to)
    const kept = this.links.get(address)
    if (kept?.isConnected()) return kept
    if (kept !== undefined) this.drop(address, kept)
    const link = new Connection('levee-probe', {
      connectTimeout: this.timeLimit,
      requestTimeout: this.timeLimit,
    })
    link.on('error', () => undefined) // shows where it is used
    const { closings } = this
    await link.connect(to.host, to.port)
    if (closings !== this.closings) {
      this.drop(address, link)
      throw new Error('it was closed while it was made')
    }
    // Another question may have made one meanwhile: that one stays.
    const other = this.links.get(address)
    if (other?.isConnected()) {
      void link.close()
      return other
    }
    this.links.set(address, link)
    return link
  }

  private drop(address: string, link: Connection): void {
    if (this.links.get(address) === link) this.links.delete(address)
    // Waits for what was written to be taken, which a hanging broker never does.
    void link.close()
    link.socket.destroy()
  }
}
