// One service as a child process: started, watched, started again when it dies, stopped.

import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { ServiceName } from '../plan.ts'

/** Pause before a child is started again, ms; it doubles while it keeps dying. */
const RESTART_FIRST_MS = 100
const RESTART_MOST_MS = 5_000
/** Deaths in a minute after which it is left alone: something is wrong that starting does not mend. */
const DEATHS_MOST = 10
const DEATHS_WITHIN_MS = 60_000
/** Longest start, ms: some 2 s on a busy laptop. */
const START_MOST_MS = 60_000
/** How often a child is asked how it is, ms, and how long its answer may take. */
const LOOK_EVERY_MS = 1_000
const LOOK_WAIT_MS = 1_500

const LAUNCHER = path.resolve(import.meta.dirname, '../levee.js')

/** `hanging`: it runs and does not say that it is ready. `given up`: it died too often. */
export type State = 'starting' | 'up' | 'hanging' | 'restarting' | 'stopping' | 'stopped' | 'given up'

export interface ChildOptions {
  readonly service: ServiceName
  /** From 1. */
  readonly number: number
  /** Of its internal door. */
  readonly port: number
  readonly host: string
  readonly env: NodeJS.ProcessEnv
  changed(child: Child): void
}

/** What it prints when it is ready. */
export interface ChildReady {
  readonly internal: string
  readonly url: string | null
}

export class Child {
  readonly service: ServiceName
  readonly name: string
  readonly port: number
  state: State = 'stopped'
  private readonly options: ChildOptions
  private process: ChildProcess | null = null
  private deaths: number[] = []
  private pause = RESTART_FIRST_MS
  private timer: NodeJS.Timeout | null = null
  private looking: NodeJS.Timeout | null = null
  private ended: Promise<number | null> = Promise.resolve(null)
  /** How its process ended last; null: it never did. */
  lastEnd: string | null = null

  constructor(options: ChildOptions) {
    this.options = options
    this.service = options.service
    this.name = `${options.service}-${options.number}`
    this.port = options.port
  }

  get pid(): number | null {
    return this.process?.pid ?? null
  }

  get internal(): string {
    return `http://${this.options.host}:${this.port}`
  }

  /** Resolves when it is ready. Rejects where it ends before that. */
  start(): Promise<ChildReady> {
    const args = ['start', this.service, '--json', '--end-with-parent']
    const child = spawn(process.execPath, [...process.execArgv, LAUNCHER, ...args], {
      env: this.options.env,
      // stdin: open for as long as this process lives. A group of its own: Ctrl-C is for the parent, who stops in order.
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    })
    this.process = child
    this.to('starting')
    child.stdin!.on('error', () => undefined)
    this.ended = new Promise(resolve => {
      child.once('exit', (code, signal) => {
        this.lastEnd = signal ?? `code ${code}`
        resolve(code)
      })
      child.once('error', error => {
        this.lastEnd = error.message
        resolve(null)
      })
    })
    const ready = firstReady(child)
    ready.then(
      () => {
        if (this.process !== child || this.state !== 'starting') return
        this.to('up')
        this.looking = setInterval(() => void this.look(child), LOOK_EVERY_MS)
      },
      () => undefined,
    )
    void this.ended.then(() => this.died(child))
    return ready
  }

  /** SIGTERM, and SIGKILL after `patience` ms. Resolves to the exit code. */
  async stop(patience: number): Promise<number | null> {
    if (this.timer !== null) clearTimeout(this.timer)
    this.to('stopping')
    const { process: child } = this
    if (child === null) {
      this.to('stopped')
      return 0
    }
    child.kill('SIGTERM')
    const kill = setTimeout(() => child.kill('SIGKILL'), patience)
    const code = await this.ended
    clearTimeout(kill)
    this.to('stopped')
    return code
  }

  private died(child: ChildProcess): void {
    if (this.process !== child) return
    this.process = null
    if (this.looking !== null) clearInterval(this.looking)
    if (this.state === 'stopping' || this.state === 'stopped') return
    const now = performance.now()
    this.deaths = [...this.deaths.filter(at => now - at < DEATHS_WITHIN_MS), now]
    if (this.deaths.length > DEATHS_MOST) {
      this.to('given up')
      return
    }
    this.pause = this.deaths.length === 1 ? RESTART_FIRST_MS : Math.min(RESTART_MOST_MS, this.pause * 2)
    this.to('restarting')
    this.timer = setTimeout(() => {
      // Its end is noticed by itself.
      void this.start().catch(() => undefined)
    }, this.pause)
  }

  private async look(child: ChildProcess): Promise<void> {
    const well = await fetch(`${this.internal}/health/ready`, { signal: AbortSignal.timeout(LOOK_WAIT_MS) })
      .then(async answer => {
        await answer.arrayBuffer()
        return answer.ok
      })
      .catch(() => false)
    if (this.process !== child || (this.state !== 'up' && this.state !== 'hanging')) return
    this.to(well ? 'up' : 'hanging')
  }

  private to(state: State): void {
    if (this.state === state) return
    this.state = state
    this.options.changed(this)
  }
}

function firstReady(child: ChildProcess): Promise<ChildReady> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`it was not ready within ${START_MOST_MS / 1000} s`))
    }, START_MOST_MS)
    createInterface({ input: child.stdout! }).on('line', line => {
      if (!line.startsWith('{"ready":')) return
      clearTimeout(timer)
      resolve((JSON.parse(line) as { ready: ChildReady }).ready)
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      reject(new Error(`it ended with ${signal ?? `code ${code}`} before it was ready`))
    })
    child.once('exit', () => clearTimeout(timer))
  })
}
