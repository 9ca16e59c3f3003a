// For tests: a primary, its replicas and the sentinels that watch them, of one's own.

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { waitFor } from '../../platform/engines/wait-for.ts'
import { OwnRedis } from './own-redis.ts'

/** Sentinels tell each other of themselves every two seconds. */
const KNOWN_MS = 20_000
/** What the sentinels call it. */
export const NAME = 'shop'

export interface SentinelOptions {
  readonly replicas: number
  readonly sentinels: number
  /** Of the servers and the sentinels alike. */
  readonly password?: string
}

export class OwnSentinels {
  readonly servers: readonly OwnRedis[]
  readonly sentinels: readonly OwnRedis[]

  private constructor(servers: readonly OwnRedis[], sentinels: readonly OwnRedis[]) {
    this.servers = servers
    this.sentinels = sentinels
  }

  /** Resolves when each sentinel knows all others, and all replicas. */
  static async start(
    program: string,
    { replicas, sentinels, password }: SentinelOptions,
  ): Promise<OwnSentinels> {
    const auth = password === undefined ? [] : ['--requirepass', password, '--masterauth', password]
    const server = (port: number) => ['--port', `${port}`, '--repl-diskless-sync-delay', '0', ...auth]
    const primary = await OwnRedis.start(program, (_folder, port) => server(port))
    const of = ['--replicaof', '127.0.0.1', `${primary.port}`]
    const servers = [
      primary,
      ...(await startAll(replicas, program, (_folder, port) => [...server(port), ...of])),
    ]
    // A sentinel hears of replicas at its first look, or ten seconds later.
    const joined = async () => (await primary.lines('ROLE')).filter(line => line === '*3').length > replicas
    if (password === undefined && !(await waitFor(joined, KNOWN_MS))) throw new Error('no replica joined')
    const own = new OwnSentinels(
      servers,
      await startAll(sentinels, program, (folder, port) => {
        const file = path.join(folder, 'sentinel.conf')
        writeFileSync(file, configuration(port, primary.port, Math.floor(sentinels / 2) + 1, password))
        return [file, '--sentinel']
      }),
    )
    if (password !== undefined) return own
    const known = async (sentinel: OwnRedis): Promise<boolean> => {
      const lines = await sentinel.lines('SENTINEL', 'MASTER', NAME)
      const field = (name: string) => Number(lines[lines.indexOf(name) + 2])
      return field('num-slaves') === replicas && field('num-other-sentinels') === sentinels - 1
    }
    for (const sentinel of own.sentinels)
      if (!(await waitFor(() => known(sentinel), KNOWN_MS))) throw new Error('the sentinels did not meet')
    return own
  }

  get url(): string {
    return this.urlOf('')
  }
  urlOf(credentials: string): string {
    const hosts = this.sentinels.map(({ port }) => `127.0.0.1:${port}`)
    return `redis+sentinel://${credentials}${hosts.join(',')}/${NAME}`
  }

  async drop(): Promise<void> {
    // First those who would write to the others' ends.
    await Promise.all(this.sentinels.map(each => each.drop()))
    await Promise.all(this.servers.map(each => each.drop()))
  }
}

function startAll(
  many: number,
  program: string,
  options: (folder: string, port: number) => readonly string[],
): Promise<OwnRedis[]> {
  return Promise.all(Array.from({ length: many }, () => OwnRedis.start(program, options)))
}

function configuration(port: number, primary: number, quorum: number, password?: string): string {
  const of = [
    `monitor ${NAME} 127.0.0.1 ${primary} ${quorum}`,
    `down-after-milliseconds ${NAME} 700`,
    `failover-timeout ${NAME} 5000`,
    ...(password === undefined ? [] : [`auth-pass ${NAME} ${password}`]),
  ]
  const lines = [`port ${port}`, ...of.map(line => `sentinel ${line}`)]
  if (password !== undefined) lines.push(`requirepass ${password}`)
  return `${lines.join('\n')}\n`
}
