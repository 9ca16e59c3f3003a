// The processes of a split shop, as its starter tells of them.

import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { createConnection } from 'mysql2/promise'
import { commandLine } from '../../platform/engines/processes.ts'
import { waitFor } from '../../platform/engines/wait-for.ts'
import { moduleNames } from '../../services/contracts.ts'
import { userName } from '../../services/split/module-users.ts'

/** Until a process that was sent SIGKILL is gone, ms. */
const KILL_WAIT_MS = 10_000

export interface ServiceProcess {
  readonly service: string
  readonly name: string
  readonly pid: number | null
  readonly internal: string
  readonly state: string
}

export class SplitServices {
  /** Every state that the starter told of, in order. */
  readonly told: ServiceProcess[] = []
  private readonly pids = new Set<number>()

  constructor(starter: ChildProcess) {
    createInterface({ input: starter.stdout! }).on('line', line => {
      if (!line.startsWith('{"service":')) return
      const { service } = JSON.parse(line) as { service: ServiceProcess }
      this.told.push(service)
      if (service.pid !== null) this.pids.add(service.pid)
    })
  }

  /** How each process is now, or those of one service. */
  now(service?: string): readonly ServiceProcess[] {
    const latest = new Map(this.told.map(each => [each.name, each]))
    return [...latest.values()].filter(each => service === undefined || each.service === service)
  }

  /** kill -9 of every process that there ever was and still is; only ours, because ids are used again. */
  async kill(): Promise<void> {
    const alive = (): number[] =>
      [...this.pids].filter(pid => commandLine(pid)?.includes('--end-with-parent') ?? false)
    for (const pid of alive()) process.kill(pid, 'SIGKILL')
    await waitFor(() => alive().length === 0, KILL_WAIT_MS)
  }
}

/** Users are the server's: they outlive the database. */
export async function dropModuleUsers(adminUrl: string, url: string): Promise<void> {
  const database = new URL(url).pathname.slice(1)
  const server = new URL(adminUrl)
  // The database may be gone already.
  server.pathname = ''
  const connection = await createConnection({ uri: server.href })
  for (const module of moduleNames)
    await connection.query(`DROP USER IF EXISTS '${userName(module, database)}'@'%'`)
  await connection.end()
}
