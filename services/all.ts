// The whole shop in one process: what `npm start` starts.

import { createGateway } from '../gateway/server.ts'
import { agreedClock } from '../platform/clock/agreed-clock.ts'
import type { Config } from '../platform/config/settings.ts'
import { outboxLag } from '../platform/events/outbox-lag.ts'
import { Relay } from '../platform/events/relay.ts'
import { newId } from '../platform/ids.ts'
import { createLadderNews } from '../platform/ladders/ladder-news.ts'
import type { Ladders } from '../platform/ladders/ladders.ts'
import type { Log } from '../platform/log/log.ts'
import { ladderMetrics } from '../platform/metrics/ladder-metrics.ts'
import { createMetrics } from '../platform/metrics/metrics.ts'
import { redisMetrics } from '../platform/metrics/redis-metrics.ts'
import { retentionSweeps } from '../platform/retention/retention.ts'
import { createScheduler } from '../platform/scheduler/scheduler.ts'
import { migrate } from '../platform/sql/schema.ts'
import { stopInOrder } from '../platform/stop/stop-in-order.ts'
import { compose, type Doors, schemas } from './compose.ts'
import { eventDelivery } from './event-delivery.ts'
import { BACKLOG, gatewaySettings } from './gateway-settings.ts'
import { createKafkaGroups } from './kafka-groups.ts'
import { openEngines, openWatchedLedger } from './open-engines.ts'
import { installationSecrets } from './secrets.ts'

export interface Shop {
  readonly doors: Doors
  /** Opens the front door. Resolves to its URL. Rejects with EADDRINUSE where the port is taken. */
  open(): Promise<string>
  /** No new work; combiners emptied, answers sent, then gone. True: all in time. */
  stop(): Promise<boolean>
}

/** `ladders`: absent, they move by themselves, and this process tells where it stands. */
export async function createShop(
  config: Config,
  log: Log,
  version: string,
  { ladders }: { readonly ladders?: Ladders } = {},
): Promise<Shop> {
  const { clock, heard } = agreedClock()
  const { ledger, health } = await openWatchedLedger(config, heard)
  await migrate(ledger, schemas)
  // Its time, before anything is done by ours. Where it takes no writes it has told that much all the same.
  await ledger.probe().catch(() => undefined)
  const engines = await openEngines(config, log, health)
  const self = { process: newId(), service: 'shop' }
  const metrics = createMetrics({
    pool: () => ledger.pool(),
    outbox: async () => {
      const { depth, oldestAgeMs } = await outboxLag(ledger, clock)
      return { depth, oldestAge: oldestAgeMs }
    },
  })
  const composed = await compose({
    config,
    ledger,
    redis: engines.redis,
    kafka: engines.kafka,
    health: engines.health,
    self,
    log,
    clock,
    secrets: installationSecrets(config['data.folder']),
    observe: batch => {
      metrics.observeBatch(batch)
      // What was committed is delivered within milliseconds, not at the next look.
      relay.nudge()
    },
    baseUrl: config['shop.baseUrl'] || `http://${config['http.host']}:${config['http.port']}`,
    forget: principalId => gateway.forget(principalId),
    ...(ladders === undefined ? {} : { ladders }),
  })
  const modules = composed.modules.map(({ module }) => module)
  const caches = modules.flatMap(module => module.caches ?? [])
  const shadows = modules.flatMap(module => module.shadows ?? [])
  ladderMetrics(metrics.registry, composed.ladders, shadows)
  redisMetrics(metrics.registry, { redis: engines.redis, prefix: config['redis.prefix'], caches })
  const gateway = createGateway({
    modules: composed.modules.map(({ name, contract, module }) => ({ name, contract, door: module.door })),
    identify: token => composed.account!.identify(token),
    identifyChannel: key => composed.account!.identifyChannel(key),
    ready: () => ledger.ping(),
    settings: gatewaySettings(config),
    ...{ clock, log, metrics, version },
  })
  const delivery = eventDelivery(composed, { ledger, clock, log, kafka: engines.kafka })
  const relay = new Relay({ ledger, clock, log, transport: delivery.transport })
  const groups = createKafkaGroups(engines.kafka, modules, delivery, log)
  const retention = retentionSweeps(ledger, { idempotency: config['idempotency.retention'] * 1000 })
  const sweeps = [...modules.flatMap(module => module.sweeps), ...retention]
  const scheduler = createScheduler({ sweeps, clock, log })
  const news =
    ladders === undefined
      ? createLadderNews({ ladders: composed.ladders, ledger, clock, log, ...self })
      : null

  return {
    doors: composed.doors,
    async open() {
      const url = await gateway.app.listen({
        host: config['http.host'],
        port: config['http.port'],
        backlog: BACKLOG,
      })
      composed.ladders.start()
      news?.start()
      relay.start()
      groups.start()
      scheduler.start()
      return url
    },
    async stop() {
      const inTime = await gateway.drain(config['shutdown.drainTimeout'])
      await stopInOrder(log, [
        { part: 'sweeps', stop: () => scheduler.stop() },
        { part: 'ladder news', stop: () => news?.stop() },
        { part: 'relay', stop: () => relay.stop() },
        { part: 'Kafka groups', stop: () => groups.stop() },
        { part: 'work under way', stop: () => Promise.all(modules.map(module => module.drain())) },
        { part: 'gateway', stop: () => gateway.close() },
        { part: 'metrics', stop: () => metrics.stop() },
        { part: 'modules', stop: () => composed.close() },
        { part: 'engines', stop: () => engines.close() },
        { part: 'ledger', stop: () => ledger.close() },
      ])
      return inTime
    },
  }
}
