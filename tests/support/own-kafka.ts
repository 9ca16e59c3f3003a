// For tests: a Kafka of one's own, to be killed, stopped, and started again with its data on its port.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../../platform/engines/free-port.ts'
import { type RunningKafka, startKafka } from '../../platform/engines/start-kafka.ts'
import { TcpProxy } from './tcp-proxy.ts'

/** MiB: small, beside several other engines. */
const HEAP = 256

export class OwnKafka {
  private readonly folder: string
  private readonly extra: readonly string[]
  private running: RunningKafka
  /** A second way in, with something in between; null: not asked for. */
  readonly proxy: TcpProxy | null

  private constructor(
    folder: string,
    extra: readonly string[],
    running: RunningKafka,
    proxy: TcpProxy | null,
  ) {
    this.folder = folder
    this.extra = extra
    this.running = running
    this.proxy = proxy
  }

  /** `proxied`: there is a way through a proxy, too. */
  static async start({ proxied = false } = {}): Promise<OwnKafka> {
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-kafka-'))
    if (!proxied) return new OwnKafka(folder, [], await begin(folder, [], 0), null)
    const [port, behind, controller] = [await freePort(), await freePort(), await freePort()]
    const proxy = await TcpProxy.open(behind)
    const extra = twoWays(port, behind, proxy.port, controller)
    return new OwnKafka(folder, extra, await begin(folder, extra, port), proxy)
  }

  get brokers(): string {
    return this.running.brokers
  }

  async kill(): Promise<void> {
    process.kill(this.running.pid, 'SIGKILL')
    await this.running.stop()
  }

  async restart(): Promise<void> {
    this.running = await begin(this.folder, this.extra, this.running.port)
  }

  /** Keeps its connections and answers nothing. */
  stop(): void {
    process.kill(this.running.pid, 'SIGSTOP')
  }

  goOn(): void {
    process.kill(this.running.pid, 'SIGCONT')
  }

  async drop(): Promise<void> {
    await this.proxy?.close()
    await this.running.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const begin = (folder: string, extra: readonly string[], port: number): Promise<RunningKafka> =>
  startKafka({ folder, port, quick: true, heap: HEAP, extra })

/** Kafka tells its clients where its brokers are: who comes through the proxy has to hear of the proxy. */
const twoWays = (port: number, behind: number, proxy: number, controller: number): string[] => [
  `controller.quorum.voters=1@127.0.0.1:${controller}`,
  `listeners=PLAINTEXT://127.0.0.1:${port},PROXIED://127.0.0.1:${behind},CONTROLLER://127.0.0.1:${controller}`,
  `advertised.listeners=PLAINTEXT://127.0.0.1:${port},PROXIED://127.0.0.1:${proxy}`,
  'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'inter.broker.listener.name=PLAINTEXT',
]
