// `levee ladders`: where every process of a running shop stands, and the lever to hold a ladder on a rung.

import { type Command, InvalidArgumentError } from 'commander'
import type { Output } from '../../platform/contract/operation.ts'
import { asAdministrator, must, type StaffOptions, withStaffOptions } from './as-administrator.ts'
import { EXIT_CODE_HELP } from './exit-codes.ts'

interface PinOptions extends StaffOptions {
  for: number
  reason: string
}

type Shown = Output<typeof import('../../modules/ladder/contract.ts').ladderContract['listLadders']>

/** Longest pin that is asked for without a word about it, seconds. */
const PIN_SECONDS = 600

export function register(program: Command): void {
  const ladders = program
    .command('ladders')
    .description(
      'Where every process stands, and why; ladders move by themselves, and can be held for a while.',
    )
  ladders.addHelpText(
    'after',
    `\nExamples:\n  $ levee ladders show\n  $ levee ladders pin coupon.claim sql --for 10m --reason "Redis is being moved"\n  $ levee ladders release coupon.claim\n${EXIT_CODE_HELP}`,
  )
  withStaffOptions(ladders.command('show'))
    .description('Shows all ladders.')
    .addHelpText('after', example('show --json'))
    .action(show)
  withStaffOptions(ladders.command('pin'))
    .description('Holds a ladder on a rung in all processes, for a while.')
    .argument(
      '<ladder>',
      'coupon.claim, event.publish, bestseller.read, payment.lock, session.read, product.cache',
    )
    .argument('<rung>', 'kafka, redis, sql, direct or local')
    .requiredOption('--reason <text>', 'why; others read it')
    .option('--for <time>', 'until it is released by itself: 30s, 10m, 2h', secondsOf, PIN_SECONDS)
    .addHelpText('after', example('pin coupon.claim sql --for 10m --reason "Redis is being moved"'))
    .action(pin)
  withStaffOptions(ladders.command('release'))
    .description('Lets a ladder move by itself again.')
    .argument('<ladder>', 'name of the ladder')
    .addHelpText('after', example('release coupon.claim'))
    .action(release)
}

const example = (line: string): string => `\nExample:\n  $ levee ladders ${line}\n${EXIT_CODE_HELP}`

function secondsOf(text: string): number {
  const [, amount, unit] = /^(\d+)([smh])$/.exec(text) ?? []
  if (amount === undefined) throw new InvalidArgumentError('it is written like 30s, 10m or 2h.')
  return Number(amount) * { s: 1, m: 60, h: 3_600 }[unit as 's' | 'm' | 'h']
}

async function show(options: StaffOptions): Promise<void> {
  const { ladderContract } = await import('../../modules/ladder/contract.ts')
  const shown = await asAdministrator(options, ladderContract, async ladder =>
    must(await ladder.listLadders({})),
  )
  if (options.json) console.log(JSON.stringify(shown))
  else print(shown)
}

async function pin(ladder: string, rung: string, options: PinOptions): Promise<void> {
  const { ladderContract } = await import('../../modules/ladder/contract.ts')
  const { reason, for: seconds } = options
  const asked = { ladder: ladder as never, rung, reason, seconds }
  const done = await asAdministrator(options, ladderContract, async door => must(await door.pinLadder(asked)))
  if (options.json) console.log(JSON.stringify(done))
  else {
    const until = new Date(done.pin.until).toISOString()
    console.log(
      `${ladder} is held on ${rung} until ${until}${done.everywhere ? '' : ', in one process only'}`,
    )
  }
}

async function release(ladder: string, options: StaffOptions): Promise<void> {
  const { ladderContract } = await import('../../modules/ladder/contract.ts')
  const done = await asAdministrator(options, ladderContract, async door =>
    must(await door.releaseLadder({ ladder: ladder as never })),
  )
  if (options.json) console.log(JSON.stringify(done))
  else console.log(done.released ? `${ladder} moves by itself again` : `${ladder} was not held`)
}

function print({ ladders, complete }: Shown): void {
  const width = Math.max(...ladders.map(({ ladder }) => ladder.length))
  for (const [process, all] of Map.groupBy(ladders, each => each.process)) {
    console.log(`${all[0]!.service}  ${process}`)
    for (const each of all) console.log(`  ${each.ladder.padEnd(width)}  ${lineOf(each)}`)
  }
  if (!complete) console.log('The ledger cannot be asked: only the process that answered is shown.')
}

/** `kafka → [redis] → sql   kafka is out: kafka is hanging` */
function lineOf({ standing, rungs, pin: held }: Shown['ladders'][number]): string {
  const way = rungs.map(({ rung }) => (rung === standing ? `[${rung}]` : rung)).join(' → ')
  const notes = rungs
    .filter(({ phase }) => phase !== 'in')
    .map(({ rung, phase, cause }) => `${rung} is ${phase === 'trial' ? 'on trial' : 'out'}: ${cause}`)
  if (held !== null)
    notes.push(`held by ${held.by} until ${new Date(held.until).toISOString()}: ${held.reason}`)
  return [way, ...notes].join('   ')
}
