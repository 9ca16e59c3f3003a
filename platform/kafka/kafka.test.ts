// Publishing and groups on a real Kafka.

import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import { Admin, ConfigResourceTypes, Producer } from '@platformatic/kafka'
import { pino } from 'pino'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { kafkaBrokers } from '../../tests/support/engines.ts'
import { freePort } from '../engines/free-port.ts'
import { waitFor } from '../engines/wait-for.ts'
import { type GroupOptions, type Kafka, PublishUnknown, type TakenRecord } from './kafka.ts'
import { openKafka } from './open-kafka.ts'

const log = pino({ level: 'silent' })
/** ms; far above what any condition here takes. */
const PATIENCE_MS = 20_000

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  expect(await waitFor(condition, PATIENCE_MS)).toBe(true)
}

const brokers = kafkaBrokers()?.split(',') ?? []

describe.skipIf(brokers.length === 0)('Kafka', () => {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: brokers.length === 0 ? ['none:1'] : brokers })
  const opened: Kafka[] = []
  let prefix = ''
  const open = (partitions = 1): Promise<Kafka> => openWith(`test-${randomUUID().slice(0, 18)}`, partitions)
  async function openWith(named: string, partitions = 1): Promise<Kafka> {
    prefix = named
    const kafka = openKafka({ brokers, prefix, publishTimeout: 2_000, log })
    opened.push(kafka)
    await kafka.ensureTopics([{ name: 'topic', partitions }])
    return kafka
  }
  const options = (handle: GroupOptions['handle'], batch = 100): GroupOptions => {
    return { group: 'group', topics: ['topic'], batch, handle }
  }
  const committed = async (kafka: Kafka) =>
    (await kafka.positions('group', 'topic')).reduce((sum, each) => sum + each.committed, 0)

  afterEach(async () => {
    await Promise.all(opened.splice(0).map(kafka => kafka.close()))
  })
  afterAll(() => admin.close())

  /** Publishes `count` records of ten keys at once. */
  const publish = (kafka: Kafka, count: number, from = 0) =>
    Promise.all(
      Array.from({ length: count }, (_, i) =>
        kafka.publisher('topic').publish({ key: `k${i % 10}`, value: `k${i % 10}@${from + i}` }),
      ),
    )

  it('says of each record where it is, and keeps the order of what was published', async () => {
    const kafka = await open(3)
    const places = await publish(kafka, 3_000)
    const taken: TakenRecord[] = []
    kafka
      .group(
        options(async records => {
          taken.push(...records)
        }),
      )
      .start()
    await until(() => taken.length === 3_000)
    const at = new Map(taken.map(record => [`${record.partition}/${record.offset}`, record]))
    expect(at.size).toBe(3_000)
    for (const [i, { partition, offset }] of places.entries())
      expect(at.get(`${partition}/${offset}`)).toMatchObject({ key: `k${i % 10}`, value: `k${i % 10}@${i}` })
    const last = new Map<string, number>()
    for (const { key, value } of taken) {
      const number = Number(value!.split('@')[1])
      expect(number).toBeGreaterThan(last.get(key!) ?? -1)
      last.set(key!, number)
    }
    expect(kafka.publisher('topic').waiting).toBe(0)
  })

  it('appends what is published together in one piece', async () => {
    const kafka = await open(1)
    const publisher = kafka.publisher('topic')
    const together = Array.from({ length: 5 }, (_, i) => ({ key: 'a', value: `${i}` }))
    const [, places] = await Promise.all([
      publish(kafka, 1_998),
      publisher.publishTogether(together),
      publish(kafka, 1_998),
    ])
    expect(places.map(place => place.offset - places[0]!.offset)).toEqual([0, 1, 2, 3, 4])
    const tooMany = Array.from({ length: 2_001 }, () => ({ key: 'a', value: '' }))
    await expect(publisher.publishTogether(tooMany)).rejects.toThrow(PublishUnknown)
    await expect(publisher.publish({ key: 'a', value: 'x'.repeat(1_000_000) })).rejects.toThrow(
      PublishUnknown,
    )
  })

  it('hands over whole batches in order per partition, one after the other', async () => {
    const kafka = await open(2)
    await publish(kafka, 1_000)
    const at = new Map<number, number>()
    const busy = new Set<number>()
    const sizes: number[] = []
    kafka
      .group(
        options(async records => {
          const { partition } = records[0]!
          expect(busy.has(partition)).toBe(false)
          busy.add(partition)
          for (const record of records) {
            expect(record.partition).toBe(partition)
            expect(record.offset).toBe(at.get(partition) ?? 0)
            at.set(partition, record.offset + 1)
          }
          sizes.push(records.length)
          await new Promise(resolve => setImmediate(resolve))
          busy.delete(partition)
        }, 64),
      )
      .start()
    await until(() => sizes.reduce((sum, size) => sum + size, 0) === 1_000)
    expect(Math.max(...sizes)).toBe(64)
  })

  it('commits after the batch is handled, and hands it over again until it is', async () => {
    const kafka = await open()
    await publish(kafka, 10)
    const heard: string[] = []
    let failures = 3
    const group = kafka.group(
      options(async records => {
        heard.push(records.map(record => record.offset).join())
        expect(await committed(kafka)).toBe(0)
        if (failures-- > 0) throw new Error('not now')
      }),
    )
    group.start()
    await until(async () => (await committed(kafka)) === 10)
    expect(new Set(heard)).toEqual(new Set(['0,1,2,3,4,5,6,7,8,9']))
    expect(heard).toHaveLength(4)
    expect(group.status).toEqual({ partitions: [0], handled: 10, failing: false })
  })

  it('goes on where it was committed, and others take over at once from who leaves', async () => {
    const kafka = await open(4)
    const taken: string[] = []
    const take = (name: string) =>
      options(async records => {
        taken.push(...records.map(record => `${name} ${record.value}`))
      })
    const first = kafka.group(take('first'))
    first.start()
    await publish(kafka, 100)
    await until(() => taken.length === 100)
    const other = openKafka({ brokers, prefix, publishTimeout: 2_000, log })
    opened.push(other)
    const second = other.group(take('second'))
    second.start()
    await until(() => first.status.partitions.length === 2 && second.status.partitions.length === 2)
    await first.stop()
    const stopped = performance.now()
    await until(() => second.status.partitions.length === 4)
    // Sooner than its session would have ended: it said goodbye.
    expect(performance.now() - stopped).toBeLessThan(5_000)
    await publish(kafka, 100, 100)
    await until(() => taken.filter(each => each.startsWith('second')).length >= 100)
    expect(new Set(taken.map(each => each.split(' ')[1])).size).toBe(200)
  })

  it('reads a topic that was made anew from its beginning', async () => {
    const kafka = await open()
    await publish(kafka, 50)
    const taken: string[] = []
    kafka
      .group(
        options(async records => {
          taken.push(...records.map(record => record.value!))
        }),
      )
      .start()
    await until(() => taken.length === 50)
    await admin.deleteTopics({ topics: [`${prefix}.topic`] })
    await until(async () => !(await admin.listTopics()).includes(`${prefix}.topic`))
    await kafka.ensureTopics([{ name: 'topic', partitions: 1 }])
    // What its clients believe of the topic runs out within a second.
    await until(() =>
      publish(kafka, 1, 900).then(
        () => true,
        () => false,
      ),
    )
    await publish(kafka, 60, 1_000)
    await until(() => taken.includes('k9@1059'))
    expect(taken).toContain('k0@900')
    expect(taken.filter(value => Number(value.split('@')[1]) >= 1_000)).toHaveLength(60)
  })

  it('reads partitions that a topic gets later', async () => {
    const kafka = await open(1)
    const partitions = new Set<number>()
    const group = kafka.group(options(async records => void partitions.add(records[0]!.partition)))
    group.start()
    await until(() => group.status.partitions.length === 1)
    const [broker] = (await admin.metadata({})).brokers.keys()
    const assignments = [1, 2].map(() => ({ brokerIds: [broker!] }))
    await admin.createPartitions({ topics: [{ name: `${prefix}.topic`, count: 3, assignments }] })
    await until(() => group.status.partitions.length === 3)
    await until(async () => {
      await publish(kafka, 10)
      return partitions.size === 3
    })
  })

  it('hands over what is no text as null', async () => {
    const kafka = await open()
    const producer = new Producer({ clientId: 'test', bootstrapBrokers: brokers })
    const topic = `${prefix}.topic`
    await producer.send({
      messages: [
        { topic, key: Buffer.from([0xff]), value: Buffer.from([0xc3, 0x28]) },
        { topic, value: Buffer.from('한글') },
      ],
    })
    await producer.close()
    const taken: TakenRecord[] = []
    kafka.group(options(async records => void taken.push(...records))).start()
    await until(() => taken.length === 2)
    expect(taken.map(({ key, value }) => [key, value])).toEqual([
      [null, null],
      [null, '한글'],
    ])
  })

  it('makes topics with what they keep, and leaves alone those that are there', async () => {
    const kafka = await open(2)
    const topics = [
      { name: 'topic', partitions: 5 },
      { name: 'short', partitions: 1, keep: 60_000 },
    ]
    await kafka.ensureTopics(topics)
    expect(await kafka.positions('group', 'topic')).toHaveLength(2)
    const [described] = await admin.describeConfigs({
      resources: [
        {
          resourceType: ConfigResourceTypes.TOPIC,
          resourceName: `${prefix}.short`,
          configurationKeys: ['retention.ms'],
        },
      ],
    })
    expect(described!.configs.map(config => config.value)).toEqual(['60000'])
    await kafka.ping()
  })
})

describe('a Kafka that is not there', () => {
  it('keeps nobody waiting', async () => {
    const kafka = openKafka({
      brokers: [`127.0.0.1:${await freePort()}`],
      ...{ prefix: '', publishTimeout: 200, log },
    })
    const publisher = kafka.publisher('topic')
    await expect(publisher.publish({ key: 'a', value: 'x' })).rejects.toThrow(PublishUnknown)
    await expect(kafka.ping()).rejects.toThrow()
    await expect(kafka.ensureTopics([{ name: 'topic', partitions: 1 }])).rejects.toThrow()
    await expect(kafka.positions('group', 'topic')).rejects.toThrow()
    const group = kafka.group({ group: 'group', topics: ['topic'], batch: 1, handle: async () => {} })
    group.start()
    await until(() => group.status.failing)
    await kafka.close()
    await expect(publisher.publish({ key: 'a', value: 'x' })).rejects.toThrow('closed')
  })

  it('that takes connections and answers nothing keeps nobody waiting either', async () => {
    const server = createServer(socket => void socket.on('error', () => undefined).resume())
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const kafka = openKafka({ brokers: [`127.0.0.1:${port}`], prefix: '', publishTimeout: 100, log })
    const publisher = kafka.publisher('topic')
    const first = publisher.publish({ key: 'a', value: 'x' }).catch(String)
    await new Promise(resolve => setImmediate(resolve))
    // Sent or not before its time is over: nobody knows what becomes of it.
    const second = publisher.publish({ key: 'a', value: 'y' }).catch(String)
    expect(await first).toContain('PublishUnknown')
    expect(await second).toMatch(/PublishUnknown: (not confirmed within 100 ms|Kafka did not confirm it)/)
    await expect(kafka.ping()).rejects.toThrow()
    await kafka.close()
    await new Promise(resolve => server.close(resolve))
  }, 30_000)

  it('lets only so much wait', async () => {
    const kafka = openKafka({
      brokers: [`127.0.0.1:${await freePort()}`],
      ...{ prefix: '', publishTimeout: 5_000, log },
    })
    const publisher = kafka.publisher('topic')
    const value = 'x'.repeat(800_000)
    const outcomes = Array.from({ length: 100 }, () => publisher.publish({ key: 'a', value }).catch(String))
    expect(publisher.waiting).toBeLessThan(100)
    expect(await Promise.all(outcomes)).toContainEqual(expect.stringContaining('too many'))
    expect(publisher.waiting).toBe(0)
    await kafka.close()
  })
})
