// `levee start`: the whole shop, until SIGTERM or Ctrl-C.

import { type Command, Option } from 'commander'
import { type ConfigOptions, configOf, withConfigOptions } from './config-options.ts'
import { CommandFailure, EXIT_CODE_HELP, PROBLEM } from './exit-codes.ts'
import { ledgerAway } from './failures.ts'
import { keepHeapSmall } from './heap.ts'
import { startOneService } from './start-service.ts'
import { instancesOf, startSplitShop } from './start-split.ts'
import { untilTold } from './until-told.ts'
import { welcome } from './welcome.ts'

interface Options extends ConfigOptions {
  port?: string
  catalogue?: string
  adminEmail: string
  json?: true
  split?: true
  instances?: Record<string, number>
  endWithParent?: true
}

export function register(program: Command): void {
  withConfigOptions(program.command('start'))
    .description('Starts the shop: gateway, modules, relay and sweeps in one process, or one service of it.')
    .argument('[service]', 'a service alone: gateway, order, relay and so on (docs/architecture.md)')
    .option('--port <port>', 'port to listen on (http.port; of a service but the gateway: internal.port)')
    .option(
      '--catalogue <file>',
      'retail file to load into an empty shop, or "none" (default: the packaged one)',
    )
    .option('--admin-email <email>', 'e-mail of the first administrator', 'admin@levee.localhost')
    .option('--json', 'print one JSON line when ready')
    .option('--split', 'every service as a process of its own, on this machine')
    .option('--instances <service=n>', 'with --split: how many of a service, may be repeated', instancesOf)
    .addOption(new Option('--end-with-parent', 'end when standard input ends').hideHelp())
    .addHelpText(
      'after',
      `\nExample:\n  $ levee start --port 9000\n  $ levee engines up && levee start --engines\n  $ levee engines up && levee start --engines --split\n${EXIT_CODE_HELP}`,
    )
    .action(start)
}

async function start(service: string | undefined, options: Options): Promise<void> {
  keepHeapSmall()
  if (service !== undefined) return startOneService(service, options)
  if (options.split) return startSplitShop(options)
  const config = await configOf(options, { 'http.port': options.port })
  const { createLog } = await import('../../platform/log/log.ts')
  const { createShop } = await import('../all.ts')
  const { firstAdministrator, firstCatalogue, PACKAGED_CATALOGUE } = await import('../first-start.ts')
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } })
  const log = createLog({ level: config['log.level'], name: 'levee', to: 'stderr' })

  const shop = await createShop(config, log, manifest.version).catch(ledgerAway)
  const fill = async () => {
    const first = await firstAdministrator(shop.doors, options.adminEmail)
    if (options.catalogue !== 'none')
      await firstCatalogue(shop.doors, options.catalogue ?? PACKAGED_CATALOGUE, options.json === true)
    return first
  }
  // What is open keeps a process alive that has nothing to do any more.
  const orStop = async (error: unknown): Promise<never> => {
    await shop.stop()
    throw error
  }
  const administrator = await fill().catch(orStop)
  const url = await shop.open().catch(error => orStop(portTaken(error, config['http.port'])))
  // Before anybody hears that it is ready: a signal that comes at once must not end it undrained.
  const end = untilTold(shop, {
    drain: config['shutdown.drainTimeout'],
    ...(options.endWithParent ? { endWithParent: true } : {}),
    told: () => options.json || console.log('\nStopping: finishing what was accepted …'),
  })
  if (options.json)
    console.log(JSON.stringify({ ready: { url, ...(administrator ? { administrator } : {}) } }))
  else welcome(url, administrator, options.engines ? ' --engines' : '')
  // A process that is killed does not write its compile cache on the way out.
  const { flushCompileCache } = await import('node:module')
  flushCompileCache()
  process.exitCode = await end
}

function portTaken(error: unknown, port: number): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error
  const advice = `npm start -- --port ${port + 1}`
  return new CommandFailure(PROBLEM, `port ${port} is taken by another program. Take another one: ${advice}`)
}
