// For tests: a Redis of one's own, to be stopped, killed, emptied and locked. Its data is thrown away.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe } from 'vitest'
import { findProgram } from '../../platform/engines/find-program.ts'
import { freePort } from '../../platform/engines/free-port.ts'
import { waitFor } from '../../platform/engines/wait-for.ts'

/** Servers that speak Redis's language and are on this machine. */
export const redisPrograms: readonly string[] = ['redis-server', 'valkey-server'].filter(
  name => findProgram(name) !== null,
)

/** The same suite on each of them. Where there is none its tests count as skipped. */
export function onEveryRedis(title: string, suite: (program: string) => void): void {
  for (const program of redisPrograms) describe(`${title} (${program})`, () => suite(program))
  if (redisPrograms.length === 0) describe.skipIf(true)(`${title} (redis)`, () => suite('redis-server'))
}

const START_MS = 10_000

export class OwnRedis {
  readonly port: number
  readonly folder: string
  private readonly program: string
  private readonly options: readonly string[]
  private child: ChildProcess | null = null

  private constructor(program: string, port: number, folder: string, options: readonly string[]) {
    this.program = program
    this.port = port
    this.folder = folder
    this.options = options
  }

  /** `options`: of the command line, by the folder it lives in and its port; a configuration file first. */
  static async start(
    program: string = redisPrograms[0] ?? 'redis-server',
    options: (folder: string, port: number) => readonly string[] = (_folder, port) => ['--port', `${port}`],
  ): Promise<OwnRedis> {
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-redis-'))
    const port = await freePort()
    const redis = new OwnRedis(program, port, folder, options(folder, port))
    await redis.restart()
    return redis
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Begins again, empty. */
  async restart(): Promise<void> {
    await this.kill()
    const own = ['--bind', '127.0.0.1', '--save', '', '--dir', this.folder, '--logfile', 'redis.log']
    this.child = spawn(findProgram(this.program) ?? this.program, [...this.options, ...own], {
      stdio: 'ignore',
    })
    if (!(await waitFor(() => answers(this.port), START_MS))) throw new Error(`${this.program} did not start`)
  }

  async kill(): Promise<void> {
    const { child } = this
    this.child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  /** One command, past whoever is in between. */
  async direct(...command: readonly string[]): Promise<string> {
    const socket = connect(this.port, '127.0.0.1')
    try {
      socket.write(`${command.join(' ')}\r\n`)
      const [reply] = (await once(socket, 'data')) as [Buffer]
      return reply.toString()
    } finally {
      socket.destroy()
    }
  }

  /** Keeps its connections and answers nothing. */
  stop(): void {
    this.child?.kill('SIGSTOP')
  }
  goOn(): void {
    this.child?.kill('SIGCONT')
  }

  /** One line, or the lines of an array, of its answer to a command. */
  async lines(...command: readonly string[]): Promise<string[]> {
    return (await this.direct(...command)).split('\r\n')
  }

  async drop(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A throw-away authority and a certificate of it for 127.0.0.1: `ca.crt`, `redis.crt`, `redis.key`. */
export function makeCertificates(folder: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test', '-days', '2')
  openssl('req', ...key, '-keyout', 'redis.key', '-out', 'redis.csr', '-subj', '/CN=127.0.0.1')
  writeFileSync(path.join(folder, 'san'), 'subjectAltName=IP:127.0.0.1')
  const authority = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'san']
  openssl('x509', '-req', '-in', 'redis.csr', '-out', 'redis.crt', ...authority)
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const end = (there: boolean) => {
      socket.destroy()
      resolve(there)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })
}
