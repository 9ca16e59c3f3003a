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
import { scratchEngines } from '../../tests/support/ledgers.ts'
import { findJars, JARS_FOLDER } from '../engines/kafka/jars.ts'
import { type RunningKafka, startKafka } from '../engines/start-kafka.ts'
import { waitFor } from '../engines/wait-for.ts'
import { Relay } from './relay.ts'

/** ms; a killed broker is back after some 6 s, and members of groups that were killed are out after 6 s. */
const PATIENCE_MS = 60_000
const KEYS = 40

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  expect(await waitFor(condition, PATIENCE_MS)).toBe(true)
}

/** Emits one version of every key after the other, until told to stop. */
class Stream {
  readonly expected: string[] = []
  private version = 0
  private ended = false
  private readonly running: Promise<void>

  constructor(bed: Testbed) {
    this.running = (async () => {
      while (!this.ended) {
        this.version++
        const events = Array.from({ length: KEYS }, (_, i) => event(`key-${i}`, this.version))
        await bed.emit(...events)
        this.expected.push(...events.map(({ key, version }) => `${key}@${version}`))
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    })()
  }

  async end(): Promise<void> {
    this.ended = true
    await this.running
  }

  /** So many more versions have been emitted. */
  async more(versions: number): Promise<void> {
    const from = this.version
    await until(() => this.version >= from + versions)
  }
}

async function expectAll(bed: Testbed, stream: Stream): Promise<void> {
  await until(async () => (await bed.outbox()).length === 0)
  expect(await bed.letters()).toEqual([])
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
      const stream = new Stream(bed)
      await until(async () => (await bed.effects('one')).length > 0)
      process.kill(broker.pid, 'SIGKILL')
      await broker.stop()
      await stream.more(20)
      broker = await startKafka({ folder, port: broker.port, quick: true, heap: 256 })
      const before = (await bed.effects('two')).length
      await until(async () => (await bed.effects('two')).length > before)
      process.kill(broker.pid, 'SIGSTOP')
      await stream.more(100)
      process.kill(broker.pid, 'SIGCONT')
      await stream.more(20)
      await stream.end()
      await expectAll(bed, stream)
      await Promise.all(relays.map(relay => relay.stop()))
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
      await until(async () => (await bed.effects('one')).length > 0)
      for (const victim of [0, 1]) {
        running[victim]!.kill('SIGKILL')
        running.push(await start())
        running[victim] = running.pop()!
        const before = (await bed.effects('two')).length
        await until(async () => (await bed.effects('two')).length > before + KEYS)
      }
      await stream.end()
      await expectAll(bed, stream)
    }, 120_000)
  })
}
