// An engine of the bench that is killed and started again, with its folder on its port.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Started, StartOptions } from '../../platform/engines/start-engine.ts'

type Where = Required<Pick<StartOptions, 'folder' | 'port'>>

export class Breakable<E extends Omit<Started, 'urls'>> {
  /** The one that runs, or ran. Its URL stays the same. */
  running: E
  private readonly folder: string
  private readonly begin: (where: Where) => Promise<E>

  private constructor(folder: string, begin: (where: Where) => Promise<E>, running: E) {
    this.folder = folder
    this.begin = begin
    this.running = running
  }

  static async start<E extends Omit<Started, 'urls'>>(
    begin: (where: Where) => Promise<E>,
  ): Promise<Breakable<E>> {
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-bench-engine-'))
    try {
      return new Breakable(folder, begin, await begin({ folder, port: 0 }))
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** kill -9 */
  async kill(): Promise<void> {
    process.kill(this.running.pid, 'SIGKILL')
    await this.running.stop()
  }

  async restart(): Promise<void> {
    this.running = await this.begin({ folder: this.folder, port: this.running.port })
  }

  async drop(): Promise<void> {
    await this.running.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
