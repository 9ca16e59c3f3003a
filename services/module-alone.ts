// One module as a process of its own: its door, its sweeps, its consumers; in the relay's case the relay.

import { outboxLag } from '../platform/events/outbox-lag.ts'
import { Relay } from '../platform/events/relay.ts'
import { newId } from '../platform/ids.ts'
import { createLadderNews } from '../platform/ladders/ladder-news.ts'
import { ladderMetrics } from '../platform/metrics/ladder-metrics.ts'
import { createMetrics } from '../platform/metrics/metrics.ts'
import { redisMetrics } from '../platform/metrics/redis-metrics.ts'
import { retentionSweeps } from '../platform/retention/retention.ts'
import { rpcMetrics } from '../platform/rpc/rpc-metrics.ts'
import type { ServedDoor } from '../platform/rpc/serve-doors.ts'
import { createScheduler } from '../platform/scheduler/scheduler.ts'
import { stopInOrder } from '../platform/stop/stop-in-order.ts'
import { type Composed, compose } from './compose.ts'
import { CONSUMERS, consumersDoor } from './consumers-door.ts'
import type { ModuleName } from './contracts.ts'
import { eventGroups, eventTransport } from './event-delivery.ts'
import type { Parts } from './gateway-alone.ts'
import { Forgetting, IDENTITY, identityDoor } from './identity-door.ts'
import { createKafkaGroups } from './kafka-groups.ts'
import { openEngines, openWatchedLedger } from './open-engines.ts'
import { type Duty, dutiesOf, enginesOf, modulesOf, type ServiceName } from './plan.ts'
import { installationSecrets } from './secrets.ts'
import type { Work } from './service.ts'

export async function moduleAlone(
  parts: Parts & { readonly name: Exclude<ServiceName, 'gateway'> },
): Promise<Work> {
  const { name, config, log, clock, siblings } = parts
  const duties = dutiesOf(config, name)
  const hosts: ReadonlySet<ModuleName> = new Set(modulesOf(name))
  const { ledger, health } = await openWatchedLedger(config)
  const engines = await openEngines(config, log, health, enginesOf(config, name))
  const self = { process: newId(), service: name }
  const lag = async () => {
    const { depth, oldestAgeMs } = await outboxLag(ledger, clock)
    return { depth, oldestAge: oldestAgeMs }
  }
  const metrics = createMetrics({ pool: () => ledger.pool(), ...(hosts.has('event') ? { outbox: lag } : {}) })
  rpcMetrics(metrics.registry, () => siblings.status())
  const forgetting = new Forgetting(hosts.has('account') ? siblings.each('gateway') : [], clock)
  const composed = await compose(
    {
      ...{ config, ledger, redis: engines.redis, kafka: engines.kafka, log, clock },
      health: engines.health,
      self,
      secrets: installationSecrets(config['data.folder']),
      observe: metrics.observeBatch,
      baseUrl: config['shop.baseUrl'] || `http://${config['http.host']}:${config['http.port']}`,
      forget: principalId => forgetting.forget(principalId),
    },
    {
      hosts,
      doors: siblings.doors(),
      consumers: hosts.has('event') ? siblings.consumersBut(hosts) : [],
    },
  )
  const modules = composed.modules.map(({ module }) => module)
  const caches = modules.flatMap(module => module.caches ?? [])
  const shadows = modules.flatMap(module => module.shadows ?? [])
  ladderMetrics(metrics.registry, composed.ladders, shadows)
  redisMetrics(metrics.registry, { redis: engines.redis, prefix: config['redis.prefix'], caches })
  const delivering = { ledger, clock, log, kafka: engines.kafka }
  const relay = hosts.has('event')
    ? new Relay({ ledger, clock, log, transport: eventTransport(composed, delivering) })
    : null
  const heard = duties.has('events') && relay === null ? composed : { ...composed, consumers: [] }
  const groups = createKafkaGroups(
    engines.kafka,
    duties.has('groups') ? modules : [],
    eventGroups(heard, delivering),
    log,
  )
  const retention =
    relay === null ? [] : retentionSweeps(ledger, { idempotency: config['idempotency.retention'] * 1000 })
  const sweeps = duties.has('sweeps') ? modules.flatMap(module => module.sweeps) : []
  const scheduler = createScheduler({ sweeps: [...sweeps, ...retention], clock, log })
  const news = createLadderNews({ ladders: composed.ladders, ledger, clock, log, ...self })

  return {
    doors: doorsOf(composed, duties),
    ready: () => ledger.ping(),
    metrics,
    hold: () => forgetting.hold(),
    async start() {
      composed.ladders.start()
      news.start()
      relay?.start()
      groups.start()
      scheduler.start()
      return null
    },
    async pause() {
      await stopInOrder(log, [
        { part: 'sweeps', stop: () => scheduler.stop() },
        { part: 'ladder news', stop: () => news.stop() },
        { part: 'relay', stop: () => relay?.stop() },
        { part: 'Kafka groups', stop: () => groups.stop() },
      ])
      return true
    },
    async stop() {
      await stopInOrder(log, [
        { part: 'work under way', stop: () => Promise.all(modules.map(module => module.drain())) },
        { part: 'metrics', stop: () => metrics.stop() },
        { part: 'modules', stop: () => composed.close() },
        { part: 'engines', stop: () => engines.close() },
        { part: 'ledger', stop: () => ledger.close() },
      ])
    },
  }
}

function doorsOf({ modules, account }: Composed, duties: ReadonlySet<Duty>): Map<string, ServedDoor> {
  const doors = new Map<string, ServedDoor>()
  if (duties.has('calls')) for (const { name, module } of modules) doors.set(name, module.door)
  if (account !== null) doors.set(IDENTITY, identityDoor(account))
  if (duties.has('events'))
    doors.set(CONSUMERS, consumersDoor(modules.flatMap(({ module }) => module.consumers)))
  return doors
}
