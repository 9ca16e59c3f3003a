// For tests: a Kafka of two brokers, of which the second may die: the first is the controller too. Their data is thrown away.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../../platform/engines/free-port.ts'
import { type RunningKafka, startKafka } from '../../platform/engines/start-kafka.ts'

/** MiB: small, beside several other engines. */
const SMALL = { quick: true, heap: 256 } as const

export class KafkaTwo {
  private readonly folder: string
  private readonly one: RunningKafka
  private readonly second: RunningKafka

  private constructor(folder: string, first: RunningKafka, second: RunningKafka) {
    this.folder = folder
    this.one = first
    this.second = second
  }

  static async start(): Promise<KafkaTwo> {
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-kafka-two-'))
    const first = await startKafka({ folder: path.join(folder, 'one'), ...SMALL })
    const wordOf = (file: string, line: RegExp): string =>
      line.exec(readFileSync(path.join(folder, 'one', file), 'utf8'))![1]!
    const voters = wordOf('server.properties', /^controller\.quorum\.voters=(.*)$/m)
    const cluster = wordOf('data/meta.properties', /^cluster\.id=(.*)$/m)
    // A data folder that is there is taken as it is: one of the same cluster, with the second number.
    const data = path.join(folder, 'two/data')
    mkdirSync(data, { recursive: true })
    writeFileSync(path.join(data, 'meta.properties'), `version=1\ncluster.id=${cluster}\nnode.id=2\n`)
    const port = await freePort()
    const second = await startKafka({
      ...{ folder: path.join(folder, 'two'), port, ...SMALL },
      extra: [
        ...['process.roles=broker', 'node.id=2', `controller.quorum.voters=${voters}`],
        `listeners=PLAINTEXT://127.0.0.1:${port}`,
      ],
    })
    return new KafkaTwo(folder, first, second)
  }

  get brokers(): readonly string[] {
    return [this.one.brokers, this.second.brokers]
  }

  /** `host:port` */
  get first(): string {
    return this.one.brokers
  }

  /** Keeps its connections and answers nothing. */
  stopFirst(): void {
    process.kill(this.one.pid, 'SIGSTOP')
  }
  goOnFirst(): void {
    process.kill(this.one.pid, 'SIGCONT')
  }
  async killFirst(): Promise<void> {
    process.kill(this.one.pid, 'SIGKILL')
    await this.one.stop()
  }

  /** It stays away. */
  async killSecond(): Promise<void> {
    process.kill(this.second.pid, 'SIGKILL')
    await this.second.stop()
  }

  async drop(): Promise<void> {
    await Promise.all([this.one.stop(), this.second.stop()])
    rmSync(this.folder, { recursive: true, force: true })
  }
}
