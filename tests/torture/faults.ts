// How each fault is done and mended. What it strikes is mended whatever state it is in.

import type { FaultName } from './fault-names.ts'
import type { RunClock } from './run-clock.ts'
import type { PlannedFault } from './schedule.ts'
import type { Site } from './site.ts'
import type { World } from './world.ts'

interface Deed {
  begin(): Promise<void>
  end(): Promise<void>
}

/** Down and up again so long each, ms. */
const FLAP_MS = 1_000
const FULL = 'CONFIG SET maxmemory 1'
const ROOMY = 'CONFIG SET maxmemory 268435456'

/** `world`: null where there are no engines. */
export function deedOf(fault: PlannedFault, world: World | null, site: Site, clock: RunClock): Deed {
  if (fault.name === 'shop killed') {
    const shop = Number(fault.place.replace('shop-', ''))
    return { begin: () => site.kill(shop), end: () => site.restart(shop) }
  }
  if (world === null) throw new Error(`there is nothing to be ${fault.name}`)
  return deeds(world, clock, fault.lasts)[fault.name]
}

function deeds(
  world: World,
  clock: RunClock,
  lasts: number,
): Record<Exclude<FaultName, 'shop killed'>, Deed> {
  const { redis, kafka, mariadb, redisProxy, ledgerProxy } = world
  const proxied = (proxy: typeof redisProxy, fault: Parameters<typeof proxy.set>[0]): Deed => ({
    begin: () => proxy.set(fault),
    end: () => proxy.set('through'),
  })
  const killed = (server: typeof redis | typeof kafka | typeof mariadb): Deed => ({
    begin: () => server.kill(),
    end: () => server.restart(),
  })
  const stopped = (server: typeof redis | typeof kafka | typeof mariadb): Deed => ({
    begin: async () => server.signal('SIGSTOP'),
    end: async () => server.signal('SIGCONT'),
  })
  return {
    'redis killed': killed(redis),
    'redis stopped': stopped(redis),
    'redis flushed': { begin: () => world.tellRedis('FLUSHALL'), end: async () => undefined },
    'redis cut': proxied(redisProxy, 'refuse'),
    'redis deaf': proxied(redisProxy, 'deaf'),
    'redis half-open': proxied(redisProxy, 'half-open'),
    'redis late by 40 ms': proxied(redisProxy, 40),
    'redis late by 2 s': proxied(redisProxy, 2_000),
    'redis full': { begin: () => world.tellRedis(FULL), end: () => world.tellRedis(ROOMY) },
    'redis flapping': flapping(redisProxy, clock, lasts),
    'kafka killed': killed(kafka),
    'kafka stopped': stopped(kafka),
    'ledger cut': proxied(ledgerProxy, 'refuse'),
    'ledger stopped': stopped(mariadb),
    'ledger killed': killed(mariadb),
  }
}

function flapping(proxy: World['redisProxy'], clock: RunClock, lasts: number): Deed {
  let flaps = Promise.resolve()
  return {
    async begin() {
      const turns = Math.floor(lasts / (2 * FLAP_MS))
      await proxy.set('refuse')
      flaps = (async () => {
        for (let turn = 0; turn < turns; turn++) {
          await clock.wait(FLAP_MS)
          await proxy.set('through')
          await clock.wait(FLAP_MS)
          if (turn + 1 < turns) await proxy.set('refuse')
        }
      })()
    },
    async end() {
      await flaps
      await proxy.set('through')
    },
  }
}
