// What the operator sees: probes of the real things, as samples of its indicators. An engine that refuses or hangs is down, which is
// something seen; anything else that a probe meets (no right, an answer nobody understands) is being blind.

import type { Collector } from '../../operator/monitoring/collect.ts'
import type { Sample } from '../../operator/monitoring/samples.ts'
import { cpuBusy, type HostReading, readHost } from '../../platform/probes/host-probe.ts'
import { openKafkaProbe } from '../../platform/probes/kafka-probe.ts'
import { openMysqlProbe } from '../../platform/probes/mysql-probe.ts'
import { ProbeFailed } from '../../platform/probes/probe-failed.ts'
import { openRedisProbe } from '../../platform/probes/redis-probe.ts'
import { readShopMetrics, readShopReady } from '../../platform/probes/shop-probe.ts'

export interface Places {
  /** Of one server; null: there is none. */
  readonly redisUrl: string | null
  /** With a user that sees all transactions; null: the ledger is embedded. */
  readonly ledgerUrl: string | null
  readonly brokers: readonly string[]
  /** Whole names of groups and the topics that each hears. */
  readonly groups: readonly { readonly group: string; readonly topics: readonly string[] }[]
  /** Of the shop's front doors. */
  readonly shopUrls: readonly string[]
  readonly metricsToken: string
  /** Folders whose disks are looked at. */
  readonly folders: readonly string[]
}

export interface Eyes {
  readonly collectors: readonly Collector[]
  close(): void
}

/** Pause between looks whether an engine is there, ms: it is noticed down within a second. */
const PULSE_MS = 300
/** An engine that has not answered by then hangs, ms: a probe of one on this continent takes ten. */
const HANGS_MS = 800
/** Pause between looks at what moves more slowly, ms. */
const SLOW_MS = 1_000
const SLOW_LIMIT_MS = 3_000

export function openEyes(places: Places): Eyes {
  const collectors: Collector[] = [host(places.folders)]
  const closing: (() => void)[] = []
  const { redisUrl, ledgerUrl, brokers, groups, shopUrls, metricsToken } = places
  if (redisUrl !== null) {
    const probe = openRedisProbe({ url: redisUrl, timeLimit: HANGS_MS })
    closing.push(() => probe.close())
    collectors.push(
      pulse('redis', async signal => {
        const { ping, info } = await probe.read(signal)
        return [
          trip('redis', ping),
          ...value('levee_redis_memory_used_ratio', info.memory.ratio),
          ...value('levee_redis_evictions_total', info.keys.evicted),
        ]
      }),
    )
  }
  if (ledgerUrl !== null) {
    const probe = openMysqlProbe({ url: ledgerUrl, timeLimit: HANGS_MS })
    const locks = openMysqlProbe({ url: ledgerUrl, timeLimit: SLOW_LIMIT_MS })
    closing.push(
      () => probe.close(),
      () => locks.close(),
    )
    collectors.push(
      pulse('ledger', async signal => {
        const vitals = await probe.vitals(signal)
        // One that takes no writes is no primary.
        if (vitals.readOnly === true) throw new ProbeFailed('refused', 'the ledger takes no writes')
        return [
          trip('ledger', vitals.ping),
          ...value('levee_ledger_connections_used_ratio', vitals.connections.ratio),
          ...value('levee_ledger_deadlocks_total', vitals.locks.deadlocks),
        ]
      }),
      {
        ...{ name: 'ledger-locks', every: SLOW_MS, limit: SLOW_LIMIT_MS },
        read: async signal => {
          const waits = await unlessDown(locks.lockWaits(signal))
          if (waits === null) return []
          return value(
            'levee_ledger_lock_wait_seconds',
            Math.max(0, ...waits.map(each => each.waitedSeconds)),
          )
        },
      },
    )
  }
  if (brokers.length > 0) {
    const probe = openKafkaProbe({ brokers, timeLimit: HANGS_MS })
    const lags = openKafkaProbe({ brokers, timeLimit: SLOW_LIMIT_MS })
    closing.push(
      () => probe.close(),
      () => lags.close(),
    )
    collectors.push(
      pulse('kafka', async signal => {
        const { ping, underMinInSync } = await probe.cluster(signal)
        return [trip('kafka', ping), ...value('levee_kafka_partitions_under_min_isr', underMinInSync.length)]
      }),
      ...groups.map(
        ({ group, topics }): Collector => ({
          ...{ name: `kafka-${group}`, every: SLOW_MS, limit: SLOW_LIMIT_MS },
          read: async signal => {
            const seen = await unlessDown(lags.group(group, topics, signal))
            if (seen === null) return []
            const age = seen.oldest === null ? 0 : Math.max(0, (Date.now() - seen.oldest) / 1000)
            return [
              ...value('levee_kafka_group_lag_messages', seen.lag, { group }),
              ...value('levee_kafka_group_lag_age_seconds', age, { group }),
            ]
          },
        }),
      ),
    )
  }
  for (const url of shopUrls) collectors.push(shop(url), shopMetrics(url, metricsToken))
  return {
    collectors,
    close() {
      for (const close of closing) close()
    },
  }
}

const value = (name: string, of: number | null, labels: Sample['labels'] = {}): Sample[] =>
  of === null ? [] : [{ name, labels, value: of }]
const trip = (engine: string, ms: number): Sample => ({
  ...{ name: 'levee_round_trip_seconds', labels: { engine }, value: ms / 1000 },
})
const up = (name: string, labels: Sample['labels'], isUp: boolean): Sample => ({
  ...{ name, labels, value: isUp ? 1 : 0 },
})

/** Refused, or no answer in time. */
const isDown = (error: unknown): boolean =>
  error instanceof ProbeFailed &&
  (error.kind === 'refused' || error.kind === 'hung' || error.kind === 'broke')

/** Null: it is down, which its pulse tells. */
async function unlessDown<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (isDown(error)) return null
    throw error
  }
}

function pulse(engine: string, read: (signal: AbortSignal) => Promise<readonly Sample[]>): Collector {
  return {
    // The probe has a limit of its own, and says then that it hung.
    ...{ name: engine, every: PULSE_MS, limit: 2 * HANGS_MS },
    async read(signal) {
      try {
        return [...(await read(signal)), up('levee_engine_up', { engine }, true)]
      } catch (error) {
        if (!isDown(error)) throw error
        return [up('levee_engine_up', { engine }, false)]
      }
    },
  }
}

function shop(url: string): Collector {
  return {
    ...{ name: `shop ${url}`, every: SLOW_MS, limit: 2 * SLOW_LIMIT_MS },
    async read(signal) {
      try {
        // One that says that it is not ready is there: what it lacks has a pulse of its own.
        await readShopReady({ base: url }, signal)
        return [up('levee_shop_up', { shop: url }, true)]
      } catch (error) {
        if (!isDown(error)) throw error
        return [up('levee_shop_up', { shop: url }, false)]
      }
    },
  }
}

function shopMetrics(url: string, metricsToken: string): Collector {
  return {
    ...{ name: `metrics ${url}`, every: 2 * SLOW_MS, limit: SLOW_LIMIT_MS },
    async read(signal) {
      const read = await unlessDown(readShopMetrics({ base: url, metricsToken }, signal))
      return (read?.samples ?? []).map(({ name, labels, value: of }) => ({
        ...{ name, labels: { ...labels, shop: url }, value: of },
      }))
    },
  }
}

function host(folders: readonly string[]): Collector {
  let before: HostReading | null = null
  return {
    ...{ name: 'host', every: SLOW_MS, limit: SLOW_LIMIT_MS },
    async read(signal) {
      const now = await readHost({ folders }, signal)
      const busy = before === null ? null : cpuBusy(before, now)
      before = now
      return [
        ...value('levee_host_cpu_busy_ratio', busy),
        ...value('levee_host_memory_used_ratio', now.memory.ratio),
        ...now.disks.flatMap(({ folder, ratio }) => value('levee_host_disk_used_ratio', ratio, { folder })),
      ]
    },
  }
}
