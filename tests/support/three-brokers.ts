// For tests: a Kafka of three small brokers. Every topic has three replicas and wants two of them in sync, so that with one
// broker left it can be read and takes nothing. The controller is the first broker's, which is the one that stays.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../../platform/engines/free-port.ts'
import { type RunningKafka, startKafka } from '../../platform/engines/start-kafka.ts'

/** MiB: three of them on a machine with other engines. */
const HEAP = 192

const REPLICATED = [
  'default.replication.factor=3',
  'min.insync.replicas=2',
  'offsets.topic.replication.factor=3',
  // Who does not follow for so long is not in sync any more; 30 s otherwise.
  'replica.lag.time.max.ms=2000',
]

export class ThreeBrokers {
  private readonly folder: string
  private readonly clusterId = randomBytes(16).toString('base64url')
  private readonly ports: readonly number[]
  private readonly controller: number
  private running: readonly RunningKafka[] = []

  private constructor(folder: string, ports: readonly number[], controller: number) {
    this.folder = folder
    this.ports = ports
    this.controller = controller
  }

  static async start(): Promise<ThreeBrokers> {
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-brokers-'))
    const ports = [await freePort(), await freePort(), await freePort()]
    const three = new ThreeBrokers(folder, ports, await freePort())
    three.running = await Promise.all([three.begin(1), three.begin(2), three.begin(3)])
    return three
  }

  get brokers(): string {
    return this.ports.map(port => `127.0.0.1:${port}`).join(',')
  }

  /** Of each partition one replica is left. */
  async killTwo(): Promise<void> {
    const [, second, third] = this.running
    for (const { pid } of [second!, third!]) process.kill(pid, 'SIGKILL')
    await Promise.all([second!.stop(), third!.stop()])
  }

  async restartTwo(): Promise<void> {
    this.running = [this.running[0]!, ...(await Promise.all([this.begin(2), this.begin(3)]))]
  }

  async drop(): Promise<void> {
    await Promise.all(this.running.map(each => each.stop()))
    rmSync(this.folder, { recursive: true, force: true })
  }

  private begin(id: number): Promise<RunningKafka> {
    const { ports, controller, clusterId } = this
    const port = ports[id - 1]!
    const own = `PLAINTEXT://127.0.0.1:${port}`
    const extra = [
      `node.id=${id}`,
      `controller.quorum.voters=1@127.0.0.1:${controller}`,
      ...(id === 1
        ? [`listeners=${own},CONTROLLER://127.0.0.1:${controller}`]
        : ['process.roles=broker', `listeners=${own}`]),
      ...REPLICATED,
    ]
    return startKafka({
      folder: path.join(this.folder, `${id}`),
      ...{ port, quick: true, heap: HEAP, extra, clusterId },
    })
  }
}
