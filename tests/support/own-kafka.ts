// For tests: a Kafka of one's own, to be killed, stopped, and started again with its data on its port.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type RunningKafka, startKafka } from '../../platform/engines/start-kafka.ts'

/** MiB: small, beside several other engines. */
const HEAP = 256

export class OwnKafka {
  private readonly folder: string
  private running: RunningKafka

  private constructor(folder: string, running: RunningKafka) {
    this.folder = folder
    this.running = running
  }

  static async start(): Promise<OwnKafka> {
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-kafka-'))
    return new OwnKafka(folder, await startKafka({ folder, quick: true, heap: HEAP }))
  }

  get brokers(): string {
    return this.running.brokers
  }

  async kill(): Promise<void> {
    process.kill(this.running.pid, 'SIGKILL')
    await this.running.stop()
  }

  async restart(): Promise<void> {
    this.running = await startKafka({ folder: this.folder, port: this.running.port, quick: true, heap: HEAP })
  }

  /** Keeps its connections and answers nothing. */
  stop(): void {
    process.kill(this.running.pid, 'SIGSTOP')
  }

  goOn(): void {
    process.kill(this.running.pid, 'SIGCONT')
  }

  async drop(): Promise<void> {
    await this.running.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
