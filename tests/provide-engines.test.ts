import { expect, test } from 'vitest'
import { EngineMissing } from '../platform/engines/engine-missing.ts'
import { provideEngines, type Wanted } from './provide-engines.ts'

const said: string[] = []
const say = (line: string) => said.push(line)

/** Starts by answering with this URL, or by failing. */
function engine(title: string, start: string | Error): Wanted & { stopped: number } {
  const name = title.toUpperCase()
  const wanted = {
    ...{ title, setting: `LEVEE_${name}`, variable: `TEST_${name}`, stopped: 0 },
    async start() {
      if (typeof start !== 'string') throw start
      const stop = async () => void wanted.stopped++
      return { variables: { [`TEST_${name}`]: start }, stop }
    },
  }
  return wanted
}

test('what is started is named to the tests, and stopped at the end', async () => {
  const redis = engine('Redis', 'r')
  const kafka = engine('Kafka', 'k')
  const engines = provideEngines({}, say, [redis, kafka])
  expect(await engines.ready).toEqual({
    variables: { LEVEE_REDIS: undefined, TEST_REDIS: 'r', LEVEE_KAFKA: undefined, TEST_KAFKA: 'k' },
    failures: [],
  })
  await engines.stop()
  expect([redis.stopped, kafka.stopped]).toEqual([1, 1])
})

test.each(['LEVEE_REDIS', 'TEST_REDIS'])(
  'one that %s names is used, nothing is started, and no shop under test finds the setting',
  async variable => {
    const redis = engine('Redis', new Error('must not be started'))
    const engines = provideEngines({ [variable]: 'theirs' }, say, [redis])
    const { variables, failures } = await engines.ready
    expect(variables).toEqual({ LEVEE_REDIS: undefined, TEST_REDIS: 'theirs' })
    expect(failures).toEqual([])
    await engines.stop()
    expect(redis.stopped).toBe(0)
  },
)

test.each([
  ['that cannot be had is said loudly', new EngineMissing('no Java'), {}, []],
  [
    'that cannot be had is a failure in CI',
    new EngineMissing('no Java'),
    { CI: 'true' },
    ['Kafka for the tests'],
  ],
  ['that breaks is always a failure', new Error('its log'), {}, ['Kafka for the tests']],
])('one %s; the others run', async (_what, error, env, failures) => {
  said.length = 0
  const provided = await provideEngines(env, say, [engine('Kafka', error), engine('Redis', 'r')]).ready
  expect(provided.failures).toEqual(failures)
  expect(provided.variables).toMatchObject({ TEST_REDIS: 'r' })
  expect(provided.variables.TEST_KAFKA).toBeUndefined()
  expect(said.join()).toContain(`NO KAFKA: every test on it is skipped.\n!!! ${error.message}`)
})
