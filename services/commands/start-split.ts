// `levee start --split`: every service as a process of its own, with one line of health each.

import { InvalidArgumentError } from 'commander'
import type { Child, State } from '../split/child.ts'
import { type ConfigOptions, configOf } from './config-options.ts'
import { CommandFailure, PROBLEM, USAGE } from './exit-codes.ts'
import { ledgerAway } from './failures.ts'
import { refuseSqlite } from './start-service.ts'
import { untilTold } from './until-told.ts'

export interface SplitCommand extends ConfigOptions {
  endWithParent?: true
  port?: string
  catalogue?: string
  adminEmail: string
  instances?: Record<string, number>
  json?: true
}

/** `order=2,payment=1`. */
export function instancesOf(text: string, before: Record<string, number> = {}): Record<string, number> {
  const parts = text.split(',').map(part => /^([a-z-]+)=(\d{1,2})$/.exec(part.trim()))
  if (parts.includes(null)) throw new InvalidArgumentError('it is written service=number.')
  return { ...before, ...Object.fromEntries(parts.map(part => [part![1]!, Number(part![2])])) }
}

export async function startSplitShop(options: SplitCommand): Promise<void> {
  const config = await configOf(options, { 'http.port': options.port })
  refuseSqlite(config['ledger.url'])
  const { isService, serviceNames } = await import('../plan.ts')
  const { ONE_EACH } = await import('../split/fleet.ts')
  const instances = { ...ONE_EACH, ...options.instances }
  const strange = Object.keys(instances).filter(name => !isService(name))
  if (strange.length > 0)
    throw new CommandFailure(USAGE, `there is no service ${strange[0]}; there are ${serviceNames.join(', ')}`)
  if (instances.payment > 1 && config['payment.providerUrl'] === '')
    throw new CommandFailure(
      USAGE,
      'several payment processes need one provider that all of them ask: the sandbox in the process is known to that process alone.\n' +
        'Start one (levee sandbox-provider) and name it in payment.providerUrl',
    )
  const { createLog } = await import('../../platform/log/log.ts')
  const { firstAdministrator, firstCatalogue, PACKAGED_CATALOGUE } = await import('../first-start.ts')
  const { startSplit } = await import('../split/start-split.ts')
  const log = createLog({ level: config['log.level'], name: 'levee', to: 'stderr' })
  const quiet = options.json === true
  let administrator: Awaited<ReturnType<typeof firstAdministrator>> = null
  const shop = await startSplit({
    ...{ config, log, instances },
    granting: (options.engines && (await grantingUrl(config['ledger.url']))) || config['ledger.url'],
    changed: child => console.log(quiet ? JSON.stringify({ service: told(child) }) : line(child)),
    async furnish(doors) {
      administrator = await firstAdministrator(doors, options.adminEmail)
      if (options.catalogue !== 'none')
        await firstCatalogue(doors, options.catalogue ?? PACKAGED_CATALOGUE, quiet)
    },
  }).catch(failed)
  // Before anybody hears that it is ready: a signal that comes at once must not end it undrained.
  const end = untilTold(shop, {
    // Its services have the same time each, and are stopped in two rounds.
    drain: 2 * config['shutdown.drainTimeout'],
    ...(options.endWithParent ? { endWithParent: true } : {}),
    told: () => quiet || console.log('\nStopping: the front door first, the relay last …'),
  })
  const { url, children } = shop
  if (quiet) {
    const services = Object.groupBy(children.map(told), child => child.service)
    console.log(JSON.stringify({ ready: { url, ...(administrator ? { administrator } : {}), services } }))
  } else {
    const { welcome } = await import('./welcome.ts')
    welcome(url, administrator, options.engines ? ' --engines' : '')
  }
  process.exitCode = await end
}

/** The server of `levee engines up` with every right; null: the ledger is another one. */
async function grantingUrl(ledgerUrl: string): Promise<string | null> {
  const { loadEngine, STANDING_FOLDER } = await import('../../platform/engines/engines.ts')
  const { engineStatus } = await import('../../platform/engines/standing.ts')
  const { url, adminUrl } = await engineStatus(await loadEngine('mariadb'), STANDING_FOLDER)
  return url === ledgerUrl ? adminUrl : null
}

function failed(error: unknown): never {
  if (error instanceof Error && error.name === 'MayNotGrant')
    throw new CommandFailure(
      USAGE,
      `every module gets a database user of its own, and the user of ledger.url may not make them (${error.message}).\n` +
        'Name one with CREATE USER and GRANT OPTION on its database in LEVEE_MYSQL_URL',
      { cause: error },
    )
  if (error instanceof CommandFailure || (error as NodeJS.ErrnoException).code !== undefined)
    ledgerAway(error)
  if (
    error instanceof Error &&
    error.cause instanceof Error &&
    /before it was ready|not ready within/.test(error.message)
  )
    throw new CommandFailure(PROBLEM, error.message, { cause: error })
  throw error
}

const told = (child: Child) => ({
  service: child.service,
  name: child.name,
  pid: child.pid,
  internal: child.internal,
  state: child.state,
})

const WELL: ReadonlySet<State> = new Set(['starting', 'up', 'stopping', 'stopped'])

function line({ name, pid, port, state }: Child): string {
  const columns = [name.padEnd(18), `pid ${pid ?? '–'}`.padEnd(12), `port ${port}`, state]
  return `${WELL.has(state) ? ' ' : '!'} ${columns.join('  ')}`
}
