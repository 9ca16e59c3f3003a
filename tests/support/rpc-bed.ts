// Services that call each other in one process, over real sockets: a door of any functions, and a client that asks.

import { type Call, systemCall } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import { createLog } from '../../platform/log/log.ts'
import { Signer } from '../../platform/rpc/identity.ts'
import { fixedKeys, type KeyRing } from '../../platform/rpc/key-ring.ts'
import { remoteOperation } from '../../platform/rpc/remote-door.ts'
import type { Routing } from '../../platform/rpc/routing.ts'
import {
  type DoorServer,
  type DoorServerDeps,
  type ServedDoor,
  serveDoors,
} from '../../platform/rpc/serve-doors.ts'
import { ServiceClient } from '../../platform/rpc/service-client.ts'

export const DOOR = 'things'
export const key = (kid: string, byte = 7) => ({ kid, secret: Buffer.alloc(32, byte) })

export class RpcBed {
  readonly keys: KeyRing = fixedKeys([key('k1')])
  /** What was logged, one JSON line each. */
  readonly lines: string[] = []
  readonly log = createLog({
    level: 'info',
    name: 'test',
    to: { write: (line: string) => void this.lines.push(line) },
  })
  private readonly servers: DoorServer[] = []
  private readonly clients: ServiceClient[] = []

  async serve(door: ServedDoor, more: Partial<DoorServerDeps> & { port?: number } = {}): Promise<Served> {
    const server = serveDoors({
      service: 'things',
      doors: new Map([[DOOR, door]]),
      ...{ keys: this.keys, clock: Date.now, log: this.log },
      ready: async () => undefined,
      metrics: { contentType: 'text/plain', text: async () => 'metric 1\n' },
      ...more,
    })
    this.servers.push(server)
    const url = await server.listen('127.0.0.1', more.port ?? 0)
    return { server, url }
  }

  client(
    urls: readonly string[],
    more: { keys?: KeyRing; routing?: Routing; clock?: () => number } = {},
  ): ServiceClient {
    const clock = more.clock ?? Date.now
    const client = new ServiceClient({
      name: 'things',
      urls,
      signer: new Signer('asker', more.keys ?? this.keys, clock),
      ...{ clock: Date.now, log: this.log },
      ...(more.routing === undefined ? {} : { routing: more.routing }),
      routeKey: (_operation, input) => (input as { key?: string } | undefined)?.key ?? null,
    })
    this.clients.push(client)
    return client
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.close()
    await Promise.all(this.servers.map(server => server.close()))
  }
}

export interface Served {
  readonly server: DoorServer
  readonly url: string
}

export function call(more: Partial<Call> = {}): Call {
  return { ...systemCall('r-1', Date.now()), ...more }
}

/** Asks one operation of the bed's door. */
export function ask(
  client: ServiceClient,
  operation: string,
  input?: unknown,
  more: Partial<Call> = {},
): Promise<Result<unknown>> {
  return remoteOperation(client, DOOR, operation)(call(more), input)
}
