// `levee start order`: one service alone, until SIGTERM.

import { type ConfigOptions, configOf } from './config-options.ts'
import { CommandFailure, PROBLEM, USAGE } from './exit-codes.ts'
import { ledgerAway } from './failures.ts'
import { keepHeapSmall } from './heap.ts'
import { untilTold } from './until-told.ts'

export interface ServiceOptions extends ConfigOptions {
  port?: string
  json?: true
  endWithParent?: true
}

export async function startOneService(name: string, options: ServiceOptions): Promise<void> {
  const { isService, serviceNames, services } = await import('../plan.ts')
  if (!isService(name))
    throw new CommandFailure(USAGE, `there is no service ${name}; there are ${serviceNames.join(', ')}`)
  keepHeapSmall()
  const port = name === 'gateway' ? 'http.port' : 'internal.port'
  const config = await configOf(options, { [port]: options.port })
  if (services[name].module !== null) refuseSqlite(config['ledger.url'])
  const { createLog } = await import('../../platform/log/log.ts')
  const { startService } = await import('../service.ts')
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } })
  const log = createLog({ level: config['log.level'], name: `levee-${name}`, to: 'stderr' })
  const service = await startService(name, config, log, manifest.version).catch(portTaken).catch(ledgerAway)
  // Before it is said to be ready: it takes a moment, and a process that is killed does not write it on the way out.
  const { flushCompileCache } = await import('node:module')
  flushCompileCache()
  const drain = config['shutdown.drainTimeout']
  const end = untilTold(service, { ...options, drain })
  const { internal, url } = service
  console.log(
    options.json
      ? JSON.stringify({ ready: { internal, url } })
      : `${name} answers siblings on ${internal}${url === null ? '' : ` and customers on ${url}`}`,
  )
  process.exitCode = await end
}

/** One writer in one process is what SQLite is for. */
export function refuseSqlite(ledgerUrl: string): void {
  if (ledgerUrl !== '') return
  throw new CommandFailure(
    USAGE,
    'services of their own need a database server: SQLite is a file of one process.\n' +
      'Name a MariaDB or MySQL in LEVEE_MYSQL_URL (`levee engines up` starts one), or start the whole shop in one process: levee start',
  )
}

function portTaken(error: unknown): never {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
  throw new CommandFailure(PROBLEM, `its port is taken by another program: ${(error as Error).message}`)
}
