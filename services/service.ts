// One service alone: a module, the relay or the gateway as a process of its own, with an internal door.

import type { Config } from '../platform/config/settings.ts'
import type { Log } from '../platform/log/log.ts'
import type { DoorServerDeps } from '../platform/rpc/serve-doors.ts'
import { serveDoors } from '../platform/rpc/serve-doors.ts'
import { internalKeys } from './internal-keys.ts'
import type { ServiceName } from './plan.ts'
import { Siblings } from './siblings.ts'

/** A service about to run. */
export interface Work extends Pick<DoorServerDeps, 'doors' | 'ready' | 'metrics' | 'hold'> {
  /** Begins what nobody asks for, and what the outside asks for. Resolves to the URL of the front door, if it has one. */
  start(): Promise<string | null>
  /** No new work from outside. True: what was accepted was answered in time. */
  pause(): Promise<boolean>
  /** After the last call was answered. */
  stop(): Promise<void>
}

export interface RunningService {
  /** Of its internal door. */
  readonly internal: string
  /** Of its front door; null: it has none. */
  readonly url: string | null
  /** No new work; what was accepted is finished, then gone. True: all in time. */
  stop(): Promise<boolean>
}

export async function startService(
  name: ServiceName,
  config: Config,
  log: Log,
  version: string,
): Promise<RunningService> {
  const clock = Date.now
  const keys = internalKeys(config)
  const siblings = new Siblings({ service: name, config, keys, clock, log })
  const parts = { name, config, log, clock, version, siblings }
  // Only what this service needs is loaded.
  const work =
    name === 'gateway'
      ? await (await import('./gateway-alone.ts')).gatewayAlone(parts)
      : await (await import('./module-alone.ts')).moduleAlone({ ...parts, name })
  const server = serveDoors({ service: name, keys, clock, log, ...work })
  const stop = async (): Promise<boolean> => {
    const answered = await work.pause()
    const drained = await server.drain(config['shutdown.drainTimeout'])
    await work.stop()
    await server.close()
    siblings.close()
    return answered && drained
  }
  // What is open keeps a process alive that has nothing to do any more.
  const orStop = async (error: unknown): Promise<never> => {
    await stop()
    throw error
  }
  const internal = await server.listen(config['internal.host'], config['internal.port']).catch(orStop)
  const url = await work.start().catch(orStop)
  return { internal, url, stop }
}
