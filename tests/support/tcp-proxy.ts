// Between a client and a server on this machine: cuts, delays, and connections that are there and carry nothing.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/**
 * - `through`: as if it were not there
 * - `refuse`: nobody is let in, and who is in is thrown out
 * - `hang`: connections are taken and kept, and carry nothing either way
 * - `deaf`: what the client says arrives, what the server says does not: a cut in one direction
 * - `half-open`: the server's side is gone, and nobody tells the client
 * - a number: each piece is late by so many ms, either way
 */
export type Fault = 'through' | 'refuse' | 'hang' | 'deaf' | 'half-open' | number

interface Pair {
  readonly client: Socket
  server: Socket | null
  /** Something was said that did not arrive: nothing right can follow on this connection. */
  torn: boolean
}

/** One direction of a connection: late or not, what was said first arrives first. */
class Lane {
  private readonly to: Socket
  private readonly waiting: { readonly piece: Buffer; readonly due: number }[] = []
  private timer: NodeJS.Timeout | null = null

  constructor(to: Socket) {
    this.to = to
  }

  /** `late`: ms */
  push(piece: Buffer, late: number): void {
    this.waiting.push({ piece, due: performance.now() + late })
    if (this.timer === null) this.send()
  }

  private send(): void {
    this.timer = null
    while (this.waiting.length > 0) {
      const rest = this.waiting[0]!.due - performance.now()
      if (rest > 0) {
        this.timer = setTimeout(() => this.send(), Math.ceil(rest))
        return
      }
      const { piece } = this.waiting.shift()!
      if (!this.to.destroyed) this.to.write(piece)
    }
  }
}

export class TcpProxy {
  readonly port: number
  private readonly target: number
  private server: Server | null
  private readonly pairs = new Set<Pair>()
  private fault: Fault = 'through'

  private constructor(server: Server, port: number, target: number) {
    this.server = server
    this.port = port
    this.target = target
  }

  /** Listens on a free port of 127.0.0.1, for a server on `target`. */
  static async open(target: number): Promise<TcpProxy> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const proxy = new TcpProxy(server, (server.address() as AddressInfo).port, target)
    server.on('connection', client => proxy.join(client))
    return proxy
  }

  /** From now on, for those who are connected too. */
  async set(fault: Fault): Promise<void> {
    this.fault = fault
    if (fault === 'refuse') {
      const { server } = this
      this.server = null
      for (const pair of this.pairs) this.end(pair)
      if (server !== null) await new Promise<void>(resolve => server.close(() => resolve()))
      return
    }
    if (fault === 'half-open') for (const pair of this.pairs) this.endServer(pair)
    else if (fault === 'through' || typeof fault === 'number') {
      for (const pair of this.pairs) if (pair.server === null || pair.torn) this.end(pair)
    }
    if (this.server === null) {
      const server = createServer(client => this.join(client))
      server.listen(this.port, '127.0.0.1')
      await once(server, 'listening')
      this.server = server
    }
  }

  async close(): Promise<void> {
    await this.set('refuse')
  }

  private join(client: Socket): void {
    const pair: Pair = { client, server: null, torn: false }
    this.pairs.add(pair)
    client.on('error', () => this.end(pair)).on('close', () => this.end(pair))
    if (this.fault === 'hang' || this.fault === 'half-open') {
      client.pause()
      return
    }
    const server = connect(this.target, '127.0.0.1')
    pair.server = server
    server.on('error', () => this.end(pair)).on('close', () => this.serverEnded(pair))
    const [up, down] = [new Lane(server), new Lane(client)]
    client.on('data', piece => this.pass(pair, piece, up, 'up'))
    server.on('data', piece => this.pass(pair, piece, down, 'down'))
  }

  private pass(pair: Pair, piece: Buffer, lane: Lane, way: 'up' | 'down'): void {
    const { fault } = this
    if (fault === 'hang' || fault === 'half-open' || (fault === 'deaf' && way === 'down')) {
      pair.torn = true
      return
    }
    lane.push(piece, typeof fault === 'number' ? fault : 0)
  }

  private serverEnded(pair: Pair): void {
    if (pair.server !== null) this.end(pair)
  }

  private endServer(pair: Pair): void {
    const { server } = pair
    pair.server = null
    server?.destroy()
  }

  private end(pair: Pair): void {
    if (!this.pairs.delete(pair)) return
    pair.client.destroy()
    this.endServer(pair)
  }
}
