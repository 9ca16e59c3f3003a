// On a real Kafka: two brokers of which one dies, topics, a group that lags; then the last one stopped and killed.

import { Admin, Consumer, Producer } from '@platformatic/kafka'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { KafkaTwo } from '../../tests/support/kafka-two.ts'
import { findProgram } from '../engines/find-program.ts'
import { findJars, JARS_FOLDER } from '../engines/kafka/jars.ts'
import { clientOptions } from '../kafka/clients.ts'
import { type KafkaProbe, openKafkaProbe } from './kafka-probe.ts'
import { skewOf, trendOf } from './parse-kafka.ts'

const never = new AbortController().signal
const PATIENCE_MS = 5_000
const LIMIT_MS = 400
const SOON_MS = 2_000
const isHere = findProgram('java') !== null && findJars(JARS_FOLDER) !== null

describe.skipIf(!isHere)('Kafka', () => {
  let kafka: KafkaTwo
  let probe: KafkaProbe
  const clients: { close(): unknown }[] = []
  const keep = <T extends { close(): unknown }>(client: T): T => {
    clients.push(client)
    return client
  }
  const admin = () => keep(new Admin(clientOptions([kafka.first], 'test', PATIENCE_MS)))

  beforeAll(async () => {
    kafka = await KafkaTwo.start()
  })
  afterAll(() => kafka.drop())
  beforeEach(() => {
    probe = openKafkaProbe({ brokers: [kafka.first], timeLimit: PATIENCE_MS })
  })
  afterEach(async () => {
    probe.close()
    await Promise.allSettled(clients.splice(0).map(client => client.close()))
  })

  async function publish(partition: number, count: number, timestamp: number): Promise<void> {
    const producer = keep(new Producer(clientOptions([kafka.first], 'test', PATIENCE_MS)))
    const messages = Array.from({ length: count }, (_, i) => ({
      ...{ topic: 'orders', partition, timestamp: BigInt(timestamp + i) },
      value: Buffer.from('x'),
    }))
    await producer.send({ messages })
  }

  async function commit(group: string, offsets: readonly number[]): Promise<void> {
    await admin().alterConsumerGroupOffsets({
      groupId: group,
      topics: [
        {
          name: 'orders',
          partitionOffsets: offsets.map((offset, partition) => ({ partition, offset: BigInt(offset) })),
        },
      ],
    })
  }

  it('tells what is under-replicated, takes no records, or is led by nobody when one of two brokers dies', async () => {
    const probe = openKafkaProbe({ brokers: kafka.brokers, timeLimit: PATIENCE_MS })
    const admin = keep(new Admin(clientOptions(kafka.brokers, 'test', PATIENCE_MS)))
    const both = [
      { partition: 0, brokers: [1, 2] },
      { partition: 1, brokers: [2, 1] },
    ]
    await admin.createTopics({
      topics: [{ topic: 'both', assignments: both }],
      configs: [{ name: 'min.insync.replicas', value: '2' }],
    })
    await admin.createTopics({ topics: [{ topic: 'one', assignments: [{ partition: 0, brokers: [2] }] }] })
    const keys = (of: readonly { topic: string; partition: number }[]) =>
      of
        .filter(({ topic }) => topic === 'both' || topic === 'one')
        .map(({ topic, partition }) => `${topic}/${partition}`)
        .sort()
    const look = async () => {
      const cluster = await probe.cluster(never)
      return {
        led: keys(cluster.partitions.filter(({ leader }) => leader !== null)),
        underReplicated: keys(cluster.underReplicated),
        underMinInSync: keys(cluster.underMinInSync),
        offline: keys(cluster.offline),
        notPreferred: keys(cluster.notPreferred),
        answers: cluster.answers.map(({ failure }) => failure),
        brokers: cluster.brokers.length,
      }
    }
    await expect.poll(look).toEqual({
      ...{ led: ['both/0', 'both/1', 'one/0'], underReplicated: [], underMinInSync: [], offline: [] },
      ...{ notPreferred: [], answers: [null, null], brokers: 2 },
    })
    await kafka.killSecond()
    await expect.poll(look, { timeout: 20_000 }).toEqual({
      led: ['both/0', 'both/1'],
      underReplicated: ['both/0', 'both/1', 'one/0'],
      underMinInSync: ['both/0', 'both/1', 'one/0'],
      ...{ offline: ['one/0'], notPreferred: ['both/1'] },
      ...{ answers: [null, 'refused'], brokers: 1 },
    })
    // What nobody leads is not known, and neither is the sum with it.
    const group = await probe.group('slow', ['both', 'one'], never)
    expect(group.partitions.map(({ lag }) => lag)).toEqual([0, 0, null])
    expect(group.lag).toBeNull()
    await admin.deleteTopics({ topics: ['both', 'one'] })
    await expect.poll(look).toMatchObject({ underReplicated: [], offline: [] })
    probe.close()
  })

  it('describes its brokers and partitions', async () => {
    await admin().createTopics({ topics: ['orders', 'other'], partitions: 3, replicas: 1 })
    // A topic is made before it has its leaders.
    await expect
      .poll(async () => {
        const { partitions } = await probe.cluster(never)
        return partitions.filter(({ topic, leader }) => topic === 'orders' && leader !== null).length
      })
      .toBe(3)
    const cluster = await probe.cluster(never)
    expect(cluster.ping).toBeGreaterThan(0)
    expect(cluster.brokers).toEqual([{ id: 1, address: kafka.first }])
    expect(cluster.answers).toEqual([{ address: kafka.first, ms: expect.any(Number), failure: null }])
    expect(cluster.controller).toBe(1)
    expect(cluster.partitions.filter(({ topic }) => topic === 'orders')).toEqual(
      [0, 1, 2].map(partition => ({
        ...{ topic: 'orders', partition, leader: 1, replicas: [1], inSync: [1], minInSync: 1 },
      })),
    )
    expect(cluster).toMatchObject({ underReplicated: [], underMinInSync: [], offline: [], notPreferred: [] })
  })

  it('names a broker that does not answer beside one that does', async () => {
    const both = openKafkaProbe({ brokers: ['127.0.0.1:1', kafka.first], timeLimit: PATIENCE_MS })
    const { answers } = await both.cluster(never)
    expect(answers).toEqual([
      { address: '127.0.0.1:1', ms: null, failure: 'refused' },
      { address: kafka.first, ms: expect.any(Number), failure: null },
    ])
    both.close()
  })

  it('tells how far a group has come, and since when the oldest record waits', async () => {
    const long = Date.now() - 60_000
    await publish(0, 10, long)
    await publish(1, 5, long + 30_000)
    await commit('slow', [4, 5, 0])
    const first = await probe.group('slow', ['orders'], never)
    expect(first).toMatchObject({ group: 'slow', state: 'Empty', members: [], lag: 6, oldest: long + 4 })
    expect(first.partitions).toEqual([
      {
        ...{ topic: 'orders', partition: 0, committed: 4, start: 0, end: 10, lag: 6 },
        ...{ oldest: long + 4, member: null },
      },
      {
        ...{ topic: 'orders', partition: 1, committed: 5, start: 0, end: 5, lag: 0 },
        ...{ oldest: null, member: null },
      },
      {
        ...{ topic: 'orders', partition: 2, committed: 0, start: 0, end: 0, lag: 0 },
        ...{ oldest: null, member: null },
      },
    ])
    expect(skewOf(first.partitions.map(({ lag }) => lag!))).toBe(3)
    await publish(0, 2, Date.now())
    await commit('slow', [9, 5, 0])
    const second = await probe.group('slow', ['orders'], never)
    expect(second).toMatchObject({ lag: 3, oldest: long + 9 })
    const trend = trendOf(first, second)!
    const seconds = (second.at - first.at) / 1000
    expect(trend.appended * seconds).toBeCloseTo(2)
    expect(trend.handled * seconds).toBeCloseTo(5)
    expect(trend.drain).toBeCloseTo(3 * (seconds / 3) * 1000)
  })

  it('counts all that is there for a group that has committed nothing', async () => {
    const { partitions, lag, state } = await probe.group('unknown', ['orders'], never)
    expect(state).toBe('Dead')
    expect(partitions.every(({ committed }) => committed === null)).toBe(true)
    expect(lag).toBe(partitions.reduce((sum, { start, end }) => sum + end! - start!, 0))
    await expect(probe.group('slow', ['no-such-topic'], never)).rejects.toMatchObject({ kind: 'gone' })
  })

  it('tells who of a group reads what', async () => {
    const options = clientOptions([kafka.first], 'reader', PATIENCE_MS)
    const consumer = new Consumer({ ...options, groupId: 'readers' })
    clients.push({ close: () => consumer.close(true) })
    consumer.on('error', () => undefined)
    consumer.topics.trackAll('other')
    await consumer.joinGroup({})
    await expect.poll(async () => (await probe.group('readers', ['other'], never)).state).toBe('Stable')
    const { members, partitions } = await probe.group('readers', ['other'], never)
    expect(members).toMatchObject([{ clientId: 'reader', partitions: [{ topic: 'other' }, {}, {}] }])
    expect(partitions.map(({ member }) => member)).toEqual(Array(3).fill(members[0]!.id))
  })

  it('stopped: holds its time limit, and reads on when it goes on', async () => {
    const short = openKafkaProbe({ brokers: [kafka.first], timeLimit: LIMIT_MS })
    await expect.poll(() => short.cluster(never)).toMatchObject({ brokers: [{ id: 1 }] })
    await expect.poll(() => short.group('slow', ['orders'], never)).toMatchObject({ group: 'slow' })
    kafka.stopFirst()
    for (const ask of [() => short.cluster(never), () => short.group('slow', ['orders'], never)]) {
      const began = performance.now()
      await expect(ask()).rejects.toMatchObject({ kind: 'hung' })
      expect(performance.now() - began).toBeLessThan(SOON_MS)
    }
    kafka.goOnFirst()
    await expect.poll(() => short.cluster(never)).toMatchObject({ brokers: [{ id: 1 }] })
    short.close()
  })

  it('killed: is refused', async () => {
    await probe.cluster(never)
    await kafka.killFirst()
    await expect(probe.cluster(never)).rejects.toMatchObject({
      kind: expect.stringMatching(/refused|broke/),
    })
    await expect(probe.cluster(never)).rejects.toMatchObject({ kind: 'refused' })
    await expect(probe.group('slow', ['orders'], never)).rejects.toMatchObject({ kind: 'refused' })
  })
})
