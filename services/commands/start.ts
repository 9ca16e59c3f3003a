// `levee start`: the whole shop, until SIGTERM or Ctrl-C.

import { setFlagsFromString } from 'node:v8'
import { type Command, Option } from 'commander'
import { type ConfigOptions, configOf, withConfigOptions } from './config-options.ts'
import { CommandFailure, EXIT_CODE_HELP, OK, PROBLEM } from './exit-codes.ts'
import { ledgerAway } from './failures.ts'
import { startOneService } from './start-service.ts'
import { instancesOf, startSplitShop } from './start-split.ts'

/**
 * How much the heap may grow before it is collected, percent of what is alive in it. V8 alone lets it grow up to fourfold,
 * and the process keeps what it once had: some 100 MiB more after 200,000 orders, and no order faster for it (measured).
 */
const HEAP_GROWTH_PERCENT = 50

/** How often a shop that npm started looks whether npm is still there, ms: a stop is seconds, a look costs nothing. */
const LOOK_FOR_NPM_MS = 500

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
    .addHelpText('after', `\nExample:\n  $ levee start --port 9000\n${EXIT_CODE_HELP}`)
    .action(start)
}

async function start(service: string | undefined, options: Options): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`)
  if (service !== undefined) return startOneService(service, options)
  if (options.split) return startSplitShop(options)
  const config = await configOf(options, { 'http.port': options.port })
  const { createLog } = await import('../../platform/log/log.ts')
  const { createShop } = await import('../all.ts')
  const { firstAdministrator, firstCatalogue, PACKAGED_CATALOGUE } = await import('../first-start.ts')
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } })
  const log = createLog({ level: config['log.level'], name: 'levee', to: 'stderr' })

  const shop = await createShop(config, log, manifest.version).catch(ledgerAway)
  const administrator = await firstAdministrator(shop.doors, options.adminEmail)
  if (options.catalogue !== 'none') {
    await firstCatalogue(shop.doors, options.catalogue ?? PACKAGED_CATALOGUE, options.json === true)
  }
  const url = await shop.open().catch(async error => {
    await shop.stop()
    throw portTaken(error, config['http.port'])
  })
  if (options.json)
    console.log(JSON.stringify({ ready: { url, ...(administrator ? { administrator } : {}) } }))
  else welcome(url, administrator)
  // A process that is killed does not write its compile cache on the way out.
  const { flushCompileCache } = await import('node:module')
  flushCompileCache()
  process.exitCode = await ended(shop, options.json === true)
}

function portTaken(error: unknown, port: number): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error
  const advice = `npm start -- --port ${port + 1}`
  return new CommandFailure(PROBLEM, `port ${port} is taken by another program. Take another one: ${advice}`)
}

export function welcome(url: string, administrator: { email: string; password: string } | null): void {
  const lines = [`Levee is open on ${url}`, '']
  if (administrator !== null) {
    lines.push('The administrator, shown this once:')
    lines.push(`  e-mail    ${administrator.email}`, `  password  ${administrator.password}`, '')
  }
  lines.push('Try:')
  lines.push(`  curl "${url}/v1/products?q=heart"`)
  lines.push(`  curl ${url}/v1/products/85123A`)
  lines.push('  npx --no levee verify')
  lines.push(
    '',
    `The API with every operation: ${url}/docs`,
    'Ctrl-C stops it: what was accepted is finished first.',
  )
  console.log(lines.join('\n'))
}

/** Resolves with the exit code when the shop was told to stop and has drained. A second signal ends it at once. */
function ended(shop: { stop(): Promise<boolean> }, quiet: boolean): Promise<number> {
  return new Promise(resolve => {
    let stopping = false
    const stop = () => {
      if (stopping) process.exit(PROBLEM)
      stopping = true
      if (!quiet) console.log('\nStopping: finishing what was accepted …')
      void shop.stop().then(inTime => resolve(inTime ? OK : PROBLEM))
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
    // npm hands a SIGTERM to the shell between us, which ends and does not pass it on: then somebody else is our parent.
    const parent = process.ppid
    if (process.env.npm_lifecycle_event === 'start') {
      const look = setInterval(() => {
        if (process.ppid === parent) return
        clearInterval(look)
        if (!stopping) stop()
      }, LOOK_FOR_NPM_MS)
      look.unref()
    }
  })
}
