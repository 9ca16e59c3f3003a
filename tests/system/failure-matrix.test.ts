// Every cell of the failure matrix on real engines: what works, by which rung, what is refused and with what, what waits.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findJars, JARS_FOLDER } from '../../platform/engines/kafka/jars.ts'
import { type FailureName, failureNames, failures } from '../../resilience/failure-matrix.ts'
import type { Engine } from '../../resilience/ladders.ts'
import { ledgerUrls } from '../support/engines.ts'
import { MariadbPair } from '../support/mariadb-pair.ts'
import { type Fault, MatrixBed } from '../support/matrix-bed.ts'
import { OwnKafka } from '../support/own-kafka.ts'
import { OwnRedis, redisPrograms } from '../support/own-redis.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

const isHere = ledgerUrls().length > 1 && redisPrograms.length > 0 && findJars(JARS_FOLDER) !== null
/** Needs three brokers: `kafka-thin.test.ts`. */
type Here = Exclude<FailureName, 'kafkaThin'>
const namesHere = failureNames.filter((name): name is Here => name !== 'kafkaThin')

describe.skipIf(!isHere)('while something fails', () => {
  let redis: OwnRedis
  let redisProxy: TcpProxy
  let kafka: OwnKafka
  let pair: MariadbPair
  let pairProxy: TcpProxy
  let bed: MatrixBed

  beforeAll(async () => {
    ;[redis, kafka, pair] = await Promise.all([
      OwnRedis.start(),
      OwnKafka.start({ proxied: true }),
      MariadbPair.start('small'),
    ])
    ;[redisProxy, pairProxy] = await Promise.all([TcpProxy.open(redis.port), TcpProxy.open(pair.port)])
    const engines = { redis: `redis://127.0.0.1:${redisProxy.port}`, kafka: kafka.brokers }
    bed = await MatrixBed.open(
      { name: 'kafka', url: pair.url, ...engines },
      { LEVEE_LEDGER_REPLICA_URL: pair.replicaUrl },
    )
  }, 120_000)
  afterAll(async () => {
    await bed?.close()
    await Promise.all([redisProxy?.close(), pairProxy?.close()])
    await Promise.all([redis?.drop(), kafka?.drop(), pair?.drop()])
  })

  const killed = (engine: { kill(): Promise<void>; restart(): Promise<void> }): Fault => ({
    begin: () => engine.kill(),
    end: () => engine.restart(),
  })
  const stopped = (engine: { stop(): void; goOn(): void }): Fault => ({
    begin: () => engine.stop(),
    end: () => engine.goOn(),
  })
  const between = (proxy: TcpProxy, fault: Parameters<TcpProxy['set']>[0]): Fault => ({
    begin: () => proxy.set(fault),
    end: () => proxy.set('through'),
  })
  const together = (...faults: readonly Fault[]): Fault => ({
    begin: () => Promise.all(faults.map(fault => fault.begin())),
    end: () => Promise.all(faults.map(fault => fault.end())),
  })
  /** Where the shop has to look for its engines, so that something can be in between. */
  const throughKafkaProxy = () => ({ LEVEE_KAFKA_BROKERS: `127.0.0.1:${kafka.proxy!.port}` })
  const throughPairProxy = () => {
    const url = new URL(bed.stall.place.env.LEVEE_MYSQL_URL!)
    url.port = `${pairProxy.port}`
    return { LEVEE_MYSQL_URL: url.href }
  }
  const ways: Partial<Record<Here, () => Readonly<Record<string, string>>>> = {
    kafkaHalfOpen: throughKafkaProxy,
    kafkaLate: throughKafkaProxy,
    primaryHalfOpen: throughPairProxy,
    primaryLate: throughPairProxy,
  }
  const faultOf = (name: Here): Fault =>
    ({
      none: () => ({ begin: () => undefined, end: () => undefined }),
      redisKilled: () => killed(redis),
      redisHangs: () => stopped(redis),
      redisCut: () => between(redisProxy, 'refuse'),
      redisDeaf: () => between(redisProxy, 'deaf'),
      redisHalfOpen: () => between(redisProxy, 'half-open'),
      redisLate: () => between(redisProxy, 2_000),
      redisFull: () => ({
        begin: () => redis.direct('CONFIG', 'SET', 'maxmemory', '1'),
        end: () => redis.direct('CONFIG', 'SET', 'maxmemory', '0'),
      }),
      redisDemoted: () => ({
        begin: () => redis.direct('REPLICAOF', '127.0.0.1', '1'),
        end: () => redis.direct('REPLICAOF', 'NO', 'ONE'),
      }),
      kafkaKilled: () => killed(kafka),
      kafkaHangs: () => stopped(kafka),
      kafkaHalfOpen: () => between(kafka.proxy!, 'half-open'),
      kafkaLate: () => between(kafka.proxy!, 2_000),
      primaryKilled: () => killed(pair),
      primaryHangs: () => stopped(pair),
      primaryHalfOpen: () => between(pairProxy, 'half-open'),
      primaryLate: () => between(pairProxy, 2_000),
      primaryReadOnly: () => ({
        begin: () => pair.run('SET GLOBAL read_only=1'),
        end: () => pair.run('SET GLOBAL read_only=0'),
      }),
      primaryFull: () => full(),
      primaryStuck: () => ({ begin: () => pair.holdCommits(), end: () => pair.letCommitsGo() }),
      redisAndKafka: () => together(killed(redis), killed(kafka)),
      redisAndPrimary: () => together(killed(redis), killed(pair)),
      kafkaAndPrimary: () => together(killed(kafka), killed(pair)),
      all: () => together(killed(redis), killed(kafka), killed(pair)),
    })[name]()

  /** No row fits in any more. Nobody knows before somebody needs room: customers who go on are part of it. */
  function full(): Fault {
    let going = true
    const heard = new Set<string>()
    const customer = async (): Promise<void> => {
      while (going) heard.add(await bed.ask('order'))
    }
    let customers: Promise<unknown> = Promise.resolve()
    return {
      async begin() {
        await pair.fill()
        customers = Promise.all([customer(), customer()])
      },
      async end() {
        going = false
        await customers
        await pair.makeRoom()
        // What found out was told so, and nobody saw anything break.
        expect([...heard].filter(code => !['ok', 'read_only', 'ledger_unavailable'].includes(code))).toEqual(
          [],
        )
      },
    }
  }

  it.each(namesHere)(
    '%s: every cell is as the matrix says',
    async name => {
      const { down } = failures[name]
      await bed.afresh(down, ways[name]?.())
      await bed.proves(name, new Set<Engine>(down), faultOf(name))
    },
    90_000,
  )

  it('and in the end the books agree', () => bed.stall.booksBalance(), 60_000)
})
