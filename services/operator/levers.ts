// What the operator can do here, and what it can ask: its levers and checks on the real things.

import type { Act, Check } from '../../operator/recovery/playbook.ts'
import type { Answer, Lever, Probe } from '../../operator/recovery/run-playbook.ts'
import { openKafkaProbe } from '../../platform/probes/kafka-probe.ts'
import { endIdleBlocker } from '../../platform/probes/mysql-actions.ts'
import { openMysqlProbe } from '../../platform/probes/mysql-probe.ts'
import { probeRedis } from '../../platform/probes/redis-probe.ts'
import { readShopReady } from '../../platform/probes/shop-probe.ts'
import type { Supervisor } from '../../platform/supervisors/supervisor.ts'
import type { Places } from './collectors.ts'

export interface LeversOptions {
  readonly places: Places
  /** Who starts and ends the engines here; null: nobody that we know. */
  readonly supervisor: Supervisor | null
  /** What the supervisor calls them; absent: it does not run that one. */
  readonly units: Readonly<Partial<Record<'redis' | 'kafka' | 'ledger' | 'shop', string>>>
  /** Resolves to what is wrong with the books, one line each. */
  verify?(signal: AbortSignal): Promise<readonly string[]>
}

/** A connection that sleeps in its transaction for so long while others wait is ended, seconds. */
const IDLE_S = 3
/** Longest look at an engine, ms. */
const LOOK_MS = 1_500

type Levers = Partial<Record<Act, Lever>>
type Checks = Partial<Record<Check, Probe>>

export function leversOf(options: LeversOptions): { levers: Levers; checks: Checks } {
  const { places, supervisor, units } = options
  const { redisUrl, ledgerUrl, brokers, groups, shopUrls } = places
  const levers: Levers = {}
  const checks: Checks = {}

  const restarts = {
    redis: 'restart-redis',
    kafka: 'restart-kafka',
    ledger: 'restart-ledger',
    shop: 'restart-shop',
  } as const
  for (const [name, unit] of Object.entries(units) as [keyof typeof restarts, string][]) {
    if (supervisor === null) continue
    levers[restarts[name]] = async signal => {
      const { pid, detail } = await supervisor.restart(unit, signal)
      return `${unit} was started again by ${supervisor.name}: ${pid === null ? '' : `process ${pid}, `}${detail}`
    }
  }

  if (redisUrl !== null)
    checks['redis-answers'] = async signal => {
      const { ping, info } = await probeRedis({ url: redisUrl, timeLimit: LOOK_MS }, signal)
      return told(
        info.loading !== true,
        `PONG in ${ms(ping)}${info.loading === true ? ', still loading' : ''}`,
      )
    }
  if (redisUrl !== null)
    checks['redis-has-memory'] = async signal => {
      const { info } = await probeRedis({ url: redisUrl, timeLimit: LOOK_MS }, signal)
      const { ratio } = info.memory
      return told(
        ratio === null || ratio <= MEMORY_WELL,
        `${ratio === null ? 'no limit' : percent(ratio)} of its memory`,
      )
    }

  if (ledgerUrl !== null) {
    const ask = { url: ledgerUrl, timeLimit: LOOK_MS }
    const withProbe = async <T>(
      work: (probe: ReturnType<typeof openMysqlProbe>) => Promise<T>,
    ): Promise<T> => {
      const probe = openMysqlProbe(ask)
      try {
        return await work(probe)
      } finally {
        probe.close()
      }
    }
    checks['ledger-answers'] = signal =>
      withProbe(async probe => {
        const { ping, readOnly } = await probe.vitals(signal)
        return told(
          readOnly !== true,
          `answers in ${ms(ping)}${readOnly === true ? ', takes no writes' : ''}`,
        )
      })
    checks['ledger-not-blocked'] = signal =>
      withProbe(async probe => {
        const waits = await probe.lockWaits(signal)
        const longest = Math.max(0, ...waits.map(({ waitedSeconds }) => waitedSeconds))
        return told(longest < WAIT_WELL_S, `${waits.length} wait, the longest for ${longest} s`)
      })
    levers['end-blocker'] = signal =>
      withProbe(async probe => {
        const waits = await probe.lockWaits(signal)
        const blockers = new Map(waits.map(({ blocker }) => [blocker.threadId, blocker]))
        const said: string[] = []
        for (const blocker of blockers.values()) {
          if ((blocker.idleSeconds ?? 0) < IDLE_S) continue
          const done = await endIdleBlocker(ask, blocker, IDLE_S, signal)
          said.push(
            done.done
              ? `connection ${blocker.threadId} of ${blocker.user} was ended: idle for ${blocker.idleSeconds} s in its transaction, ${done.waiting} waited`
              : done.why,
          )
        }
        if (said.length === 0)
          throw new Error('nobody who blocks others is idle: whoever is at work is not ended')
        return said.join('; ')
      })
  }

  if (brokers.length > 0) {
    checks['kafka-answers'] = async signal => {
      const probe = openKafkaProbe({ brokers, timeLimit: LOOK_MS })
      try {
        const { ping, offline } = await probe.cluster(signal)
        return told(
          offline.length === 0,
          `answers in ${ms(ping)}, ${offline.length} partitions without a leader`,
        )
      } finally {
        probe.close()
      }
    }
    checks['kafka-caught-up'] = async signal => {
      const probe = openKafkaProbe({ brokers, timeLimit: LOOK_MS })
      try {
        const seen = await Promise.all(groups.map(({ group, topics }) => probe.group(group, topics, signal)))
        const lag = seen.reduce((sum, each) => sum + (each.lag ?? 0), 0)
        return told(lag < LAG_WELL, `${lag} messages behind`)
      } finally {
        probe.close()
      }
    }
  }

  if (shopUrls.length > 0)
    checks['shop-answers'] = async signal => {
      const all = await Promise.all(shopUrls.map(url => readShopReady({ base: url }, signal)))
      const away = all.filter(({ ready }) => !ready)
      return told(
        away.length === 0,
        away.length === 0 ? 'it is ready' : `not ready: ${away[0]!.code ?? 'unknown'}`,
      )
    }

  const { verify } = options
  if (verify !== undefined)
    checks['books-balance'] = async signal => {
      const wrong = await verify(signal)
      return told(
        wrong.length === 0,
        wrong.length === 0 ? 'the books balance' : `${wrong.length} things are wrong: ${wrong[0]}`,
      )
    }
  return { levers, checks }
}

/** As the indicators leave (D2, D3, D1). */
const MEMORY_WELL = 0.8
const WAIT_WELL_S = 1
const LAG_WELL = 500

const told = (isTrue: boolean, evidence: string): Answer => ({ isTrue, evidence })
const ms = (of: number): string => `${Math.round(of)} ms`
const percent = (of: number): string => `${Math.round(of * 100)} %`
