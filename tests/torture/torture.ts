// One seed from beginning to end: a shop, customers, faults, calm, judgement. All it leaves is in one folder.

import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { NEVER_ARRIVED_MS } from '../../modules/payment/settle-payment.ts'
import { openLedger } from '../../platform/sql/open-ledger.ts'
import { checkHistory } from '../../services/check/check-history.ts'
import { historyOf } from '../../services/check/history.ts'
import type { RuleResult } from '../../services/check/rule.ts'
import { EARN_PERCENT } from '../../services/compose.ts'
import { type CheckResult, verifyBooks } from '../../services/verify/verify-books.ts'
import { comeToRest } from './calm.ts'
import { Ways } from './doors.ts'
import { recordFacts } from './facts.ts'
import { deedOf } from './faults.ts'
import { deliver, type Opened, open } from './opening.ts'
import { Random } from './random.ts'
import { Recorder } from './recorder.ts'
import { reportPage } from './report.ts'
import { RunClock } from './run-clock.ts'
import { type PlannedFault, planFaults } from './schedule.ts'
import { Site } from './site.ts'
import type { World } from './world.ts'

/**
 * After the load, each action is looked after until its end is known; then nobody waits any longer, ms. A payment that never
 * reached its provider is known not to have when it cannot arrive any more, and a sweep comes round.
 */
const SETTLE_MOST_MS = NEVER_ARRIVED_MS + 30_000
/** Between two deliveries of what runs out, ms. */
const DELIVERY_MS = 3_000
/** Units of a delivery. */
const DELIVERED = 7
/** Between two words about how it goes, ms. */
const SAY_MS = 2_000
const LOOKERS = 2
const LOCK_WAIT_MS = 5_000
const SHOPS = 3

export interface TortureOptions {
  readonly seed: number
  /** Null: one process on SQLite. */
  readonly world: World | null
  /** ms */
  readonly load: number
  /** Exactly so many faults; default: 3 to 8. */
  readonly faults?: number
  readonly members?: number
  readonly guests?: number
  /** All that the run leaves. */
  readonly folder: string
  say(line: string): void
  /** Told of the shop as soon as there is one: whoever ends the run in its middle has to close it. */
  onSite?(site: Site): void
}

export interface TortureResult {
  readonly seed: number
  readonly faults: readonly PlannedFault[]
  readonly calls: number
  readonly rules: readonly RuleResult[]
  readonly books: readonly CheckResult[]
  /** What was wrong, each with who found it; empty: nothing. */
  readonly problems: readonly string[]
}

export async function torture(options: TortureOptions): Promise<TortureResult> {
  const { seed, world, load, folder, say, members = 24, guests = 6 } = options
  mkdirSync(folder, { recursive: true })
  const random = new Random(seed)
  const shops = world === null ? 1 : SHOPS
  const schedule = planFaults(random.fork('faults'), {
    ...{ load, shops, embedded: world === null },
    ...(options.faults === undefined ? {} : { count: options.faults }),
  })
  const recorder = new Recorder(path.join(folder, 'history.jsonl'))
  const engines = world === null ? 'embedded' : 'real'
  recorder.add({ type: 'run', t: Date.now(), seed, engines, patience: SETTLE_MOST_MS })
  const clock = new RunClock()
  say(`opening a shop of ${shops === 1 ? 'one process' : `${shops} processes`}`)
  const site = await Site.open({ world, processes: shops, customers: members, recorder })
  options.onSite?.(site)
  const ways = new Ways(site.urls)
  try {
    const opened = await open({ site, ways, members, guests, random, recorder, clock })
    const troubles = await underFaults({ ...options, recorder, clock, site, schedule, opened })
    const url = site.place.env.LEVEE_MYSQL_URL
    const ledger = await openLedger({
      url: url === undefined ? '' : world!.direct(url),
      dataFolder: site.place.env.LEVEE_DATA_FOLDER!,
      ...{ poolSize: LOOKERS, lockWait: LOCK_WAIT_MS },
    })
    try {
      say('calm')
      // One that did not come back is among the troubles; the others have to come to rest all the same.
      const processes = opened.staff.doors
        .map((doors, i) => ({ name: `shop-${i}`, doors }))
        .filter((_, i) => site.shops[i] !== null)
      const restless = [...troubles, ...(await comeToRest(processes, ledger, say))]
      await Promise.all(opened.customers.map(customer => customer.askOnceMore()))
      restless.push(...(await comeToRest(processes, ledger, say)))
      const books = await verifyBooks(ledger, { timeZone: 'Europe/London', earnPercent: EARN_PERCENT })
      await recordFacts(recorder, ledger, site.provider.books.all())
      const rules = checkHistory(historyOf(recorder.entries))
      const problems = [
        ...new Set(restless.map(what => `rest: ${what}`)),
        ...rules.flatMap(({ name, violations }) => violations.map(what => `${name}: ${what}`)),
        ...books.flatMap(({ name, wrong }) => wrong.map(what => `verify, ${name}: ${what}`)),
      ]
      const calls = recorder.entries.filter(({ type }) => type === 'invoke').length
      const result = { seed, faults: schedule, calls, rules, books, problems }
      writeFileSync(path.join(folder, 'result.json'), JSON.stringify(result, null, 2))
      writeFileSync(path.join(folder, 'report.html'), reportPage(recorder.entries, result))
      return result
    } finally {
      await ledger.close()
    }
  } finally {
    clock.end()
    ways.close()
    await site.close()
    site.writeLogs(folder)
    await recorder.close()
  }
}

interface Load extends TortureOptions {
  readonly recorder: Recorder
  readonly clock: RunClock
  readonly site: Site
  readonly schedule: readonly PlannedFault[]
  readonly opened: Opened
}

/** Returns what could not be mended, and who could not be waited for; empty: nothing. */
async function underFaults(run: Load): Promise<string[]> {
  const { load, clock, opened, say, seed, recorder } = run
  const begun = performance.now()
  const isOpen = (): boolean => performance.now() - begun < load
  const seconds = (): number => Math.round((performance.now() - begun) / 1000)
  let shopping = opened.customers.length
  const telling = setInterval(() => {
    const rest = isOpen() ? '' : `, ${shopping} customers still wait for an end`
    say(`seed ${seed}  ${seconds()} s of ${load / 1000}  ${recorder.done} done${rest}`)
  }, SAY_MS)
  const troubles: string[] = []
  const striking = strike(run, troubles)
  const customers = Promise.all(opened.customers.map(each => each.shop(isOpen).then(() => shopping--)))
  const delivering = deliveries(run, isOpen)
  await striking
  // Bounded by the run's clock: at its end every pause ends, and every call that is not known is given up.
  const limit = setTimeout(() => {
    troubles.push(`${shopping} customers do not know what became of what they asked for`)
    clock.end()
  }, load + SETTLE_MOST_MS)
  await Promise.all([customers, delivering])
  clearTimeout(limit)
  clearInterval(telling)
  return troubles
}

async function deliveries({ clock, opened }: Load, isOpen: () => boolean): Promise<void> {
  for (let number = 1; isOpen(); number++) {
    await clock.wait(DELIVERY_MS)
    await deliver(opened.staff, opened.wares.productIds[number % 2]!, DELIVERED, number)
  }
}

/** Each place has its faults one after the other, at their times or as soon as it is mended. */
async function strike({ schedule, world, site, clock, recorder, say }: Load, troubles: string[]) {
  const begun = performance.now()
  const places = Map.groupBy(schedule, ({ place }) => place)
  await Promise.all(
    [...places.values()].map(async faults => {
      for (const [i, fault] of faults.entries()) {
        // Each has a name of its own, so that its beginning and end are found again.
        const title = `${fault.name.replace('shop', fault.place)} (${i + 1})`.replace(' (1)', '')
        await clock.wait(Math.max(0, fault.at - (performance.now() - begun)))
        const mark = (phase: 'begin' | 'end') =>
          recorder.add({ type: 'fault', t: Date.now(), name: title, phase })
        say(`${title} for ${fault.lasts} ms`)
        const deed = deedOf(fault, world, site, clock)
        mark('begin')
        try {
          await deed.begin()
          await clock.wait(fault.lasts)
        } finally {
          await deed.end().catch((error: Error) => troubles.push(`${title} was not mended: ${error.message}`))
          mark('end')
        }
      }
    }),
  )
}
