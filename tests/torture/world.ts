// The engines of a torture run, started once for all its seeds, and what can be done to them.

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type RunningKafka, startKafka } from '../../platform/engines/start-kafka.ts'
import { type RunningMariadb, startMariadb } from '../../platform/engines/start-mariadb.ts'
import { type RunningRedis, startRedis } from '../../platform/engines/start-redis.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

/** A broker of small topics that starts quickly. */
const KAFKA = { quick: true, heap: 256 } as const
/** A killed process is collected at once: there is nothing to be put in order. */
const STOP_GRACE_MS = 2_000

interface Running {
  readonly pid: number
  stop(): Promise<void>
}

/** A server that can be killed and started again in its folder, on its port. */
class Server<T extends Running> {
  now: T
  private readonly begin: () => Promise<T>

  private constructor(begin: () => Promise<T>, now: T) {
    this.begin = begin
    this.now = now
  }

  static async start<T extends Running & { port: number }>(begin: (port: number) => Promise<T>) {
    const first = await begin(0)
    return new Server<T>(() => begin(first.port), first)
  }

  async kill(): Promise<void> {
    process.kill(this.now.pid, 'SIGKILL')
    await this.now.stop()
  }
  async restart(): Promise<void> {
    this.now = await this.begin()
  }
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(this.now.pid, name)
  }
}

export class World {
  readonly redis: Server<RunningRedis>
  readonly kafka: Server<RunningKafka>
  readonly mariadb: Server<RunningMariadb>
  readonly redisProxy: TcpProxy
  readonly ledgerProxy: TcpProxy
  private readonly folder: string

  private constructor(
    folder: string,
    servers: [Server<RunningRedis>, Server<RunningKafka>, Server<RunningMariadb>],
    proxies: [TcpProxy, TcpProxy],
  ) {
    this.folder = folder
    ;[this.redis, this.kafka, this.mariadb] = servers
    ;[this.redisProxy, this.ledgerProxy] = proxies
  }

  static async open(): Promise<World> {
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-torture-'))
    const at = (name: string) => ({ folder: path.join(folder, name), stopGrace: STOP_GRACE_MS })
    const servers = await Promise.all([
      Server.start(port => startRedis({ ...at('redis'), port })),
      Server.start(port => startKafka({ ...at('kafka'), port, ...KAFKA })),
      Server.start(port => startMariadb({ ...at('mariadb'), port })),
    ])
    const [redis, , mariadb] = servers
    const proxies = await Promise.all([TcpProxy.open(redis.now.port), TcpProxy.open(mariadb.now.port)])
    return new World(folder, servers, proxies)
  }

  get redisUrl(): string {
    return through(this.redis.now.url, this.redisProxy)
  }
  get brokers(): string {
    return this.kafka.now.brokers
  }
  /** The way of the shop. */
  get ledgerUrl(): string {
    return through(this.mariadb.now.url, this.ledgerProxy)
  }

  /** The same database, past the proxy: for whoever judges. */
  direct(url: string): string {
    const direct = new URL(url)
    direct.port = String(this.mariadb.now.port)
    return direct.href
  }

  /** Commands to Redis, past the proxy. */
  async tellRedis(...commands: readonly string[]): Promise<void> {
    const { port, password } = new URL(this.redis.now.url)
    const socket = connect(Number(port), '127.0.0.1')
    try {
      for (const command of [`AUTH ${password}`, ...commands]) {
        socket.write(`${command}\r\n`)
        const [reply] = (await once(socket, 'data')) as [Buffer]
        if (!reply.toString().startsWith('+OK')) throw new Error(`redis: ${command}: ${reply}`)
      }
    } finally {
      socket.destroy()
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.redisProxy.close(), this.ledgerProxy.close()])
    await Promise.allSettled([this.redis, this.kafka, this.mariadb].map(server => server.now.stop()))
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

function through(url: string, proxy: TcpProxy): string {
  const changed = new URL(url)
  changed.port = String(proxy.port)
  return changed.href
}
