// The engines of one run of the test command: each named from outside, or started here, all side by side.

import { EngineMissing } from '../platform/engines/engine-missing.ts'
import { startKafka } from '../platform/engines/start-kafka.ts'
import { startMariadb } from '../platform/engines/start-mariadb.ts'
import { startRedis } from '../platform/engines/start-redis.ts'
import {
  TEST_KAFKA_BROKERS,
  TEST_LEDGER_ADMIN_URL,
  TEST_LEDGER_URL,
  TEST_PROMTOOL,
  TEST_REDIS_URL,
} from './support/engine-names.ts'
import { ensurePromtool } from './support/promtool.ts'

type Variables = Readonly<Record<string, string | undefined>>

export interface Provided {
  /** For the environment of the tests; undefined removes one. */
  readonly variables: Variables
  /** Engines without which this run does not count as passed. */
  readonly failures: readonly string[]
}

export interface ProvidedEngines {
  readonly ready: Promise<Provided>
  /** Stops those that are up. One that is still starting ends with this process. */
  stop(): Promise<void>
}

export interface Wanted {
  readonly title: string
  /** By which it is named from outside. Shops started by tests inherit the environment, and must not find it there. */
  readonly setting: string
  /** By which the tests find it. */
  readonly variable: string
  start(say: (line: string) => void): Promise<{ variables: Variables; stop(): Promise<void> }>
}

/** No test takes the machine's power away: what was written survives any process, and a thousand tables are made quicker. */
const UNSYNCED = ['--innodb-flush-method=nosync']

const wanted: readonly Wanted[] = [
  {
    title: 'MariaDB',
    setting: 'LEVEE_MYSQL_URL',
    variable: TEST_LEDGER_URL,
    async start(say) {
      const { url, adminUrl, stop } = await startMariadb({ say, extra: UNSYNCED })
      return { variables: { [TEST_LEDGER_URL]: url, [TEST_LEDGER_ADMIN_URL]: adminUrl }, stop }
    },
  },
  {
    title: 'Redis',
    setting: 'LEVEE_REDIS_URL',
    variable: TEST_REDIS_URL,
    async start(say) {
      const { url, stop } = await startRedis({ say })
      return { variables: { [TEST_REDIS_URL]: url }, stop }
    },
  },
  {
    title: 'Kafka',
    setting: 'LEVEE_KAFKA_BROKERS',
    variable: TEST_KAFKA_BROKERS,
    async start(say) {
      const { brokers, stop } = await startKafka({ say, quick: true })
      return { variables: { [TEST_KAFKA_BROKERS]: brokers }, stop }
    },
  },
  {
    title: 'promtool',
    setting: TEST_PROMTOOL,
    variable: TEST_PROMTOOL,
    async start(say) {
      return { variables: { [TEST_PROMTOOL]: await ensurePromtool(say) }, stop: async () => undefined }
    },
  },
]

export function provideEngines(
  env: Variables,
  say: (line: string) => void,
  engines: readonly Wanted[] = wanted,
): ProvidedEngines {
  const stops: (() => Promise<void>)[] = []

  async function provide(engine: Wanted): Promise<Provided> {
    const named = { [engine.setting]: undefined }
    const given = env[engine.setting] ?? env[engine.variable]
    if (given !== undefined) return { variables: { ...named, [engine.variable]: given }, failures: [] }
    try {
      const { variables, stop } = await engine.start(say)
      stops.push(stop)
      return { variables: { ...named, ...variables }, failures: [] }
    } catch (error) {
      say(
        `\n!!! NO ${engine.title.toUpperCase()}: every test on it is skipped.\n!!! ${(error as Error).message}\n`,
      )
      const fails = !(error instanceof EngineMissing) || env.CI === 'true'
      return { variables: named, failures: fails ? [`${engine.title} for the tests`] : [] }
    }
  }

  const ready = Promise.all(engines.map(provide)).then(all => ({
    variables: Object.assign({}, ...all.map(({ variables }) => variables)) as Variables,
    failures: all.flatMap(({ failures }) => failures),
  }))
  return {
    ready,
    async stop() {
      await Promise.all(stops.map(stop => stop()))
    },
  }
}
