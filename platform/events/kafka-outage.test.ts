// Kafka killed and stopped in mid-stream, and processes with relays and consumers killed and started at will: no event is
// lost, each effect is there once, of each key in order.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kafkaBrokers } from '../../tests/support/engines.ts'
import { event, isHere, isInOrder, log, Testbed } from '../../tests/support/event-bed.ts'
import { fixedRungs } from '../../tests/support/fixed-ladders.ts'
import { scratchEngines } from '../../tests/support/ledgers.ts'
import { findJars, JARS_FOLDER } from '../engines/kafka/jars.ts'
import { type RunningKafka, startKafka } from '../engines/start-kafka.ts'
import { waitFor } from '../engines/wait-for.ts'
import { EngineHealth } from '../health/engine-health.ts'
import { PROBES } from '../kafka/kafka.ts'
import { createLadders } from '../ladders/ladders.ts'
import { createDeadLetters } from './dead-letters.ts'
import { EVENTS_PARTITIONS, EVENTS_TOPIC } from './event-record.ts'
import { Relay } from './relay.ts'

/** ms; a killed broker is back after some 6 s, and members of groups that were killed are out after 6 s. */
const PATIENCE_MS = 60_000
const KEYS = 40

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  expect(await waitFor(condition, PATIENCE_MS)).toBe(true)
}

/** Emits version after version of every key. */
class Stream {
  readonly expected: string[] = []
  private readonly bed: Testbed
  private version = 0

  constructor(bed: Testbed) {
    this.bed = bed
  }

  async emit(versions: number): Promise<void> {
    for (let i = 0; i < versions; i++) {
      this.version++
      const events = Array.from({ length: KEYS }, (_, key) => event(`key-${key}`, this.version))
      await this.bed.emit(...events)
      this.expected.push(...events.map(({ key, version }) => `${key}@${version}`))
    }
  }

  /** Emits some, and waits until not all but some of them took effect. */
  async begin(versions: number): Promise<void> {
    const before = (await this.bed.effects('two')).length
    await this.emit(versions)
    await until(async () => (await this.bed.effects('two')).length > before)
  }
}

async function expectAll(bed: Testbed, stream: Stream): Promise<void> {
  const consumers = [bed.recorder('one'), bed.recorder('two')]
  // On a busy machine a group may be away for so long that it counts as down.
  const { sweep } = createDeadLetters({ ledger: bed.ledger, clock: Date.now, log, consumers })
  await until(async () => {
    await sweep.run(Date.now())
    return (await bed.outbox()).length === 0 && (await bed.letters()).length === 0
  })
  for (const name of ['one', 'two']) {
    const effects = await bed.effects(name)
    expect(isInOrder(effects)).toBe(true)
    expect(effects.sort()).toEqual([...stream.expected].sort())
  }
}

// One ledger is enough for what is Kafka's own: the best at hand.
for (const engine of scratchEngines().slice(-1)) {
  describe.skipIf(findJars(JARS_FOLDER) === null)(`a broker of its own, on ${engine.name}`, () => {
    let bed: Testbed
    let broker: RunningKafka
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-outage-'))
    beforeAll(async () => {
      broker = await startKafka({ folder, quick: true, heap: 256 })
      bed = await Testbed.open(engine)
      await bed.useKafka(broker.brokers)
      bed.realTime = true
    })
    afterAll(async () => {
      await bed.drop()
      await broker.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    it('killed, started again, stopped and continued, costs no event', async () => {
      const relays = [bed.ledger, bed.other].map((ledger, i) => {
        const transport = bed.through('kafka', [bed.recorder('one'), bed.recorder('two')], ledger)
        return new Relay({ ledger, clock: bed.clock, log, transport, owner: `relay-${i}` })
      })
      for (const relay of relays) relay.start()
      const publisher = bed.kafka!.publisher(EVENTS_TOPIC)
      const takesNothing = () =>
        publisher.publish({ key: 'a', value: '{"type":"stock.counted"}' }).then(
          () => false,
          () => true,
        )
      const stream = new Stream(bed)
      await stream.begin(20)
      process.kill(broker.pid, 'SIGKILL')
      await broker.stop()
      await stream.emit(20)
      await until(takesNothing)
      broker = await startKafka({ folder, port: broker.port, quick: true, heap: 256 })
      await stream.begin(20)
      process.kill(broker.pid, 'SIGSTOP')
      await stream.emit(20)
      await until(takesNothing)
      process.kill(broker.pid, 'SIGCONT')
      await stream.begin(20)
      await expectAll(bed, stream)
      await Promise.all(relays.map(relay => relay.stop()))
    }, 120_000)

    it('holds up no event while it is away: they are handed over, and go through it again when it is back', async () => {
      await bed.clear()
      bed.realTime = true
      const health = new EngineHealth({ name: 'kafka', slow: 500, probe: () => kafka.probe() })
      const kafka = await bed.useKafka(broker.brokers, EVENTS_PARTITIONS, health.note)
      await kafka.ensureTopics([PROBES])
      const ladders = createLadders({
        rungs: { ...fixedRungs(), 'event.publish': ['kafka', 'direct'] },
        health: new Map([['kafka', health]]),
        ...{ clock: bed.clock, log },
      })
      const standing = ladders.of('event.publish')
      standing.whenBack('kafka', () => kafka.ping().then(() => true))
      ladders.start()
      const consumers = [bed.recorder('one'), bed.recorder('two')]
      const transport = bed.kafkaTransport(consumers, bed.ledger, standing)
      for (const group of bed.kafkaGroups(consumers, transport.took)) group.start()
      const relay = new Relay({ ledger: bed.ledger, clock: bed.clock, log, transport, owner: 'relay' })
      relay.start()
      const stream = new Stream(bed)
      const all = async () => (await bed.effects('two')).length === stream.expected.length
      await stream.begin(20)
      for (const [begin, end] of [
        [
          async () => {
            process.kill(broker.pid, 'SIGKILL')
            await broker.stop()
          },
          async () => {
            broker = await startKafka({ folder, port: broker.port, quick: true, heap: 256 })
          },
        ],
        [async () => process.kill(broker.pid, 'SIGSTOP'), async () => process.kill(broker.pid, 'SIGCONT')],
      ] as const) {
        await stream.emit(10)
        await begin()
        await stream.emit(10)
        await until(() => standing.standing === 'direct')
        await stream.emit(10)
        // All of them, with no Kafka.
        await until(all)
        await end()
        await until(() => standing.standing === 'kafka')
        await stream.begin(10)
      }
      await expectAll(bed, stream)
      expect(ladders.moves.get('event.publish')).toBe(4)
      await relay.stop()
      ladders.close()
    }, 120_000)
  })
}

const servers = scratchEngines().filter(({ url }) => url !== undefined)
for (const engine of servers) {
  describe.skipIf(!isHere('kafka'))('processes with relays and consumers', () => {
    let bed: Testbed
    const workers = new Set<ChildProcess>()
    beforeAll(async () => {
      bed = await Testbed.open(engine)
      await bed.useKafka()
      bed.realTime = true
    })
    afterAll(async () => {
      for (const worker of workers) worker.kill('SIGKILL')
      await bed.drop()
    })

    async function start(): Promise<ChildProcess> {
      const script = path.resolve(import.meta.dirname, '../../tests/support/event-worker.ts')
      const env = { ...process.env, ...bed.env }
      const worker = spawn(process.execPath, [script, kafkaBrokers()!, bed.prefix], {
        env,
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      workers.add(worker)
      await once(worker.stdout!, 'data')
      return worker
    }

    it('killed and started at will, lose nothing and do nothing twice', async () => {
      const running = [await start(), await start()]
      const stream = new Stream(bed)
      await stream.begin(10)
      for (const victim of [0, 1]) {
        await stream.emit(20)
        running[victim]!.kill('SIGKILL')
        running.push(await start())
        running[victim] = running.pop()!
        await stream.begin(10)
      }
      await expectAll(bed, stream)
    }, 120_000)
  })
}
