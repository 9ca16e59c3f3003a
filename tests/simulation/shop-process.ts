// One shop process: all modules as `services/compose.ts` wires them, with relay, groups, sweeps and ladders, on engines
// that are simulated. It may die at any moment, and be started again on the same ledger.

import type { PaymentProvider } from '../../modules/payment/index.ts'
import { loadConfig } from '../../platform/config/load-config.ts'
import { Relay } from '../../platform/events/relay.ts'
import { EngineHealth } from '../../platform/health/engine-health.ts'
import type { Kafka } from '../../platform/kafka/kafka.ts'
import { createLadderNews } from '../../platform/ladders/ladder-news.ts'
import { createLog } from '../../platform/log/log.ts'
import type { Sweep } from '../../platform/module.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import { retentionSweeps } from '../../platform/retention/retention.ts'
import { createScheduler } from '../../platform/scheduler/scheduler.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { Engine } from '../../resilience/ladders.ts'
import { type Composed, compose, type Doors } from '../../services/compose.ts'
import { eventDelivery } from '../../services/event-delivery.ts'
import { createKafkaGroups } from '../../services/kafka-groups.ts'
import type { Engines } from './engines.ts'
import { SimKafka } from './sim-kafka.ts'
import { simLedger } from './sim-ledger.ts'
import { SimRedis } from './sim-redis.ts'
import type { Owner } from './world.ts'

/** What a planted bug may put in the place of a sound part. */
export interface Swaps {
  readonly ledger?: (ledger: Ledger, engines: Engines) => Ledger
  readonly redis?: (redis: Redis) => Redis
  readonly kafka?: (kafka: Kafka) => Kafka
  readonly provider?: (provider: PaymentProvider) => PaymentProvider
  readonly doors?: (doors: Doors, parts: { ledger: Ledger; redis: Redis; engines: Engines }) => Doors
}

const config = loadConfig({
  env: {
    LEVEE_MAIL_TRANSPORT: 'none',
    LEVEE_REDIS_URL: 'redis://simulated',
    LEVEE_KAFKA_BROKERS: 'simulated:9092',
  },
  folder: import.meta.dirname,
})
const log = createLog({ level: 'silent', name: 'simulation' })
export const WEBHOOK_KEY = 'webhook'

/** As `services/open-engines.ts` has it, ms. */
const SLOW_MS = { redis: 50, kafka: 500, ledger: Number.POSITIVE_INFINITY }

export class ShopProcess implements Owner {
  readonly name: string
  alive = true
  /** Null: it is still starting. */
  doors: Doors | null = null
  composed: Composed | null = null
  private readonly engines: Engines
  private stopping: (() => Promise<void>) | null = null
  private sweeps: readonly Sweep[] = []

  constructor(name: string, engines: Engines) {
    this.name = name
    this.engines = engines
  }

  /** To be called in an event of its own. */
  async start(swaps: Swaps): Promise<void> {
    const { world, redisServer, broker, provider: providers } = this.engines
    const health = new Map<Engine, EngineHealth>()
    const healthOf = (name: Engine, probe: () => Promise<void>) => {
      const of = new EngineHealth({ name, slow: SLOW_MS[name], probe })
      health.set(name, of)
      return of.note
    }
    const ledgerNote = healthOf('ledger', () => plain.probe())
    const plain = simLedger({ world, owner: this, server: this.engines.ledgerServer, note: ledgerNote })
    const ledger = swaps.ledger?.(plain, this.engines) ?? plain
    const redisNote = healthOf('redis', () => plainRedis.probe())
    const plainRedis = new SimRedis(redisServer, this, redisNote)
    const redis = swaps.redis?.(plainRedis) ?? plainRedis
    const kafkaNote = healthOf('kafka', () => plainKafka.probe())
    const plainKafka = new SimKafka(broker, this, kafkaNote)
    const kafka = swaps.kafka?.(plainKafka) ?? plainKafka
    const seen = providers.seenBy(this)
    const clock = Date.now
    const composed = await compose({
      ...{ config, ledger, redis, kafka, health, log, clock },
      self: { process: this.name, service: 'shop' },
      secrets: { linkKey: 'link', webhookKey: WEBHOOK_KEY },
      observe: () => relay.nudge(),
      baseUrl: 'http://shop.example.org',
      provider: swaps.provider?.(seen) ?? seen,
      forget: () => undefined,
    })
    const modules = composed.modules.map(({ module }) => module)
    const delivery = eventDelivery(composed, { ledger, clock, log, kafka })
    const relay = new Relay({ ledger, clock, log, transport: delivery.transport })
    const groups = createKafkaGroups(kafka, modules, delivery, log)
    const retention = retentionSweeps(ledger, { idempotency: config['idempotency.retention'] * 1000 })
    this.sweeps = [...modules.flatMap(module => module.sweeps), ...retention]
    const scheduler = createScheduler({ sweeps: this.sweeps, clock, log })
    const news = createLadderNews({
      ...{ ladders: composed.ladders, ledger, clock, log },
      ...{ process: this.name, service: 'shop' },
    })
    composed.ladders.start()
    news.start()
    relay.start()
    groups.start()
    scheduler.start()
    this.composed = composed
    this.doors = swaps.doors?.(composed.doors, { ledger, redis, engines: this.engines }) ?? composed.doors
    this.stopping = async () => {
      await scheduler.stop()
      await news.stop()
      await relay.stop()
      await groups.stop()
      await Promise.all(modules.map(module => module.drain()))
      await composed.close()
      await kafka.close()
      await redis.close()
    }
  }

  /** All that comes round, once, whether its time has come or not. To be called in an event of its own. */
  async sweep(): Promise<void> {
    for (const sweep of this.sweeps) await sweep.run(Date.now()).catch(() => undefined)
  }

  /** All in memory is gone, what it has under way goes nowhere, and nobody hears of it any more. */
  die(): void {
    this.alive = false
    this.engines.redisServer.clients.forEach(client => {
      if (client.owner === this) this.engines.redisServer.clients.delete(client)
    })
  }

  /** In order, as on SIGTERM. */
  async stop(): Promise<void> {
    await this.stopping?.()
    this.die()
  }
}
