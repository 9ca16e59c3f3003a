// A real shop as a process of its own: started by its command, on a free port, with a ledger of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { createScratchDatabase, type ScratchDatabase } from '../../platform/engines/scratch-database.ts'
import { mariadbAdminUrl } from './engines.ts'
import type { ShopKind } from './shop-kinds.ts'
import { dropModuleUsers, SplitServices } from './split-services.ts'

const LAUNCHER = path.resolve(import.meta.dirname, '../../services/levee.js')
/** Limits that tests of other things do not meet; tests of limits set their own. */
const ROOMY = {
  LEVEE_RATE_LIMIT_IDENTITY_PER_SECOND: '100000',
  LEVEE_RATE_LIMIT_IDENTITY_BURST: '100000',
  LEVEE_RATE_LIMIT_ADDRESS_PER_SECOND: '100000',
  LEVEE_RATE_LIMIT_ADDRESS_BURST: '100000',
}

export interface Administrator {
  readonly email: string
  readonly password: string
}

/** What `levee start --json` prints when it is ready. */
export interface Ready {
  readonly url: string
  /** Only at the first start of a ledger: printed once. */
  readonly administrator?: Administrator
  /** Only of a split shop. */
  readonly services?: Readonly<Record<string, unknown>>
}

export interface ShopOptions {
  readonly engine: ShopKind
  readonly env?: Readonly<Record<string, string>>
  /** Retail file for the first start, absolute or in the place's folder; default: an empty catalogue. */
  readonly catalogue?: string
  /** Of a split shop: how many of a service, `order=2`. */
  readonly instances?: string
  /** Of a split shop: the server with the right to make users; default: the one of `npm test`. */
  readonly adminUrl?: string
}

export interface CommandEnd {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A place with a ledger, in which a shop can be started, killed and started again. */
export class ShopPlace {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  administrator: Administrator | undefined
  private readonly database: ScratchDatabase | null
  /** Path of the retail file, or `none`. */
  readonly catalogue: string
  private readonly split: readonly string[] | null
  private readonly adminUrl: string | undefined
  private readonly children = new Set<ChildProcess>()
  private readonly fleets = new Set<SplitServices>()

  private constructor(folder: string, database: ScratchDatabase | null, options: ShopOptions) {
    this.folder = folder
    this.database = database
    this.catalogue = options.catalogue === undefined ? 'none' : path.resolve(folder, options.catalogue)
    this.split = options.engine.split ? ['--split', ...instancesOf(options)] : null
    this.adminUrl = options.adminUrl ?? mariadbAdminUrl()
    this.env = {
      ...ROOMY,
      LEVEE_HTTP_PORT: '0',
      LEVEE_DATA_FOLDER: path.join(folder, 'data'),
      LEVEE_LOG_LEVEL: 'warn',
      ...(database === null ? {} : { LEVEE_MYSQL_URL: database.url }),
      ...enginesOf(options.engine),
      ...options.env,
    }
  }

  static async open(options: ShopOptions): Promise<ShopPlace> {
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-shop-'))
    const database = options.engine.url === undefined ? null : await createScratchDatabase(options.engine.url)
    return new ShopPlace(folder, database, options)
  }

  /** Starts the shop's process; resolves when it is ready. More than one may run in one place. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<RunningShop> {
    const args = [
      'start',
      '--json',
      '--end-with-parent',
      '--catalogue',
      this.catalogue,
      ...(this.split ?? []),
    ]
    const child = spawn(process.execPath, [LAUNCHER, ...args], {
      env: { ...ownEnvironment(), ...this.env, ...this.starter(), ...env },
      // Its end of the first pipe closes with this process, however that goes.
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.children.add(child)
    const services = new SplitServices(child)
    this.fleets.add(services)
    const log: string[] = []
    const ready = await firstJson(child, log)
    this.administrator ??= ready.administrator
    return new RunningShop(child, ready.url, log, services)
  }

  /** Runs `levee` with these arguments to its end in this place. */
  run(...args: string[]): Promise<CommandEnd> {
    return this.runWith({}, ...args)
  }

  /** With more in its environment. */
  async runWith(env: Readonly<Record<string, string>>, ...args: string[]): Promise<CommandEnd> {
    const child = spawn(process.execPath, [LAUNCHER, ...args], {
      env: { ...ownEnvironment(), ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.children.add(child)
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', chunk => (stdout += chunk))
    child.stderr.on('data', chunk => (stderr += chunk))
    const code = await new Promise<number | null>(resolve => child.once('close', resolve))
    return { code, stdout, stderr }
  }

  /** A split shop's starter makes a database user for each module: it has the right to. */
  private starter(): { LEVEE_MYSQL_URL?: string } {
    if (this.split === null || this.database === null || this.adminUrl === undefined) return {}
    const url = new URL(this.adminUrl)
    url.pathname = new URL(this.database.url).pathname
    return { LEVEE_MYSQL_URL: url.href }
  }

  /** Ends every process of this place and throws its data away. */
  async drop(): Promise<void> {
    for (const child of this.children) if (child.exitCode === null) child.kill('SIGKILL')
    await Promise.all([...this.children].map(ended))
    await Promise.all([...this.fleets].map(services => services.kill()))
    if (this.split !== null && this.database !== null)
      await dropModuleUsers(this.starter().LEVEE_MYSQL_URL!, this.database.url)
    await this.database?.drop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** `TEST_INSTANCES=order=2` has the whole suite run with so many. */
function instancesOf({ instances = process.env.TEST_INSTANCES }: ShopOptions): readonly string[] {
  return instances === undefined ? [] : ['--instances', instances]
}

/** Shared with other shops, so under a prefix of its own. */
function enginesOf({ redis, kafka }: ShopKind): Record<string, string> {
  const prefix = `t-${randomUUID().slice(0, 13)}`
  return {
    ...(redis === undefined ? {} : { LEVEE_REDIS_URL: redis, LEVEE_REDIS_PREFIX: prefix }),
    ...(kafka === undefined ? {} : { LEVEE_KAFKA_BROKERS: kafka, LEVEE_KAFKA_PREFIX: prefix }),
  }
}

export class RunningShop {
  readonly url: string
  /** Its log so far, for a failed test to show. */
  readonly log: readonly string[]
  /** The processes of a split shop; of another, none. */
  readonly services: SplitServices
  private readonly child: ChildProcess

  constructor(child: ChildProcess, url: string, log: readonly string[], services: SplitServices) {
    this.services = services
    this.child = child
    this.url = url
    this.log = log
  }

  get pid(): number {
    return this.child.pid ?? -1
  }

  /** kill -9 of all there is: nothing is drained, nothing is told. */
  async kill(): Promise<void> {
    // The starter first: it would start the others again.
    this.child.kill('SIGKILL')
    await this.services.kill()
    await ended(this.child)
  }

  /** SIGTERM: drains. Returns the exit code. */
  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM')
    await ended(this.child)
    return this.child.exitCode
  }
}

/** This process's environment without settings of Levee: a test states its own. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LEVEE_')))
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise(resolve => child.once('close', () => resolve()))
}

function firstJson(child: ChildProcess, log: string[]): Promise<Ready> {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stderr! }).on('line', line => log.push(line))
    createInterface({ input: child.stdout! }).on('line', line => {
      log.push(line)
      if (line.startsWith('{"ready":')) resolve((JSON.parse(line) as { ready: Ready }).ready)
    })
    child.once('error', reject)
    child.once('close', code =>
      reject(new Error(`the shop ended with ${code} before it was ready:\n${log.join('\n')}`)),
    )
  })
}
