import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Admin } from '@platformatic/kafka'
import { describe, expect, test } from 'vitest'
import { findProgram } from './find-program.ts'
import { findJars, JARS_FOLDER } from './kafka/jars.ts'
import { ping } from './kafka/ping.ts'
import { startKafka } from './start-kafka.ts'

async function asAdmin<T>(brokers: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [brokers] })
  try {
    return await work(admin)
  } finally {
    await admin.close()
  }
}

const isHere = findProgram('java') !== null && findJars(JARS_FOLDER) !== null

/** A JVM, twice, on a machine that does other things too, ms. */
const SLOW_MS = 120_000

describe.skipIf(!isHere)('a Kafka of its own', { timeout: SLOW_MS }, () => {
  test('answers as soon as it is said to run, and after kill -9 has its topics still', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-kafka-kept-'))
    const first = await startKafka({ folder, quick: true })
    await asAdmin(first.brokers, admin =>
      admin.createTopics({ topics: ['kept'], partitions: 2, replicas: 1 }),
    )
    // Groups may come at once: the topic of their offsets is there.
    const topics = await asAdmin(first.brokers, admin => admin.listTopics({ includeInternals: true }))
    expect(topics).toContain('__consumer_offsets')
    process.kill(first.pid, 'SIGKILL')
    await first.stop()
    expect(await ping(first.port)).toBe(false)

    const second = await startKafka({ folder, port: first.port, quick: true })
    expect(second.brokers).toBe(first.brokers)
    const after = await asAdmin(second.brokers, admin => admin.metadata({ topics: ['kept'] }))
    expect(after.topics.get('kept')?.partitionsCount).toBe(2)
    // A misspelt name makes no topic.
    await expect(
      asAdmin(second.brokers, admin => admin.metadata({ topics: ['kebt'], autocreateTopics: true })),
    ).rejects.toThrow()
    await second.stop()
    rmSync(folder, { recursive: true })
  })
})
