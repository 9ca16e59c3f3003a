// The shop of one seed: some processes in one place, each killed and started again at will, with what they log.

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { waitFor } from '../../platform/engines/wait-for.ts'
import { type SandboxProvider, startSandboxProvider } from '../../services/sandbox-provider/server.ts'
import { type RunningShop, ShopPlace } from '../support/shop.ts'
import type { Recorder } from './recorder.ts'
import type { World } from './world.ts'

/** Customers of the till are numbered from here. */
export const FIRST_CUSTOMER = 10_000
/** A process that is started while the ledger is away ends; it is started again until this long has passed, ms. */
const START_MOST_MS = 60_000
/** A process that is not ready by then hangs, ms: it is up after a second, ten times that on a full machine. */
const READY_MOST_MS = 40_000
/** Between looks at the log, ms. */
const LOG_LOOK_MS = 100

export interface SiteOptions {
  readonly world: World | null
  readonly processes: number
  readonly customers: number
  readonly recorder: Recorder
}

export class Site {
  readonly place: ShopPlace
  readonly provider: SandboxProvider
  /** By number of the process; null: it is not running. */
  readonly shops: (RunningShop | null)[] = []
  /** Everything each has logged, over all its lives. */
  readonly logs: string[][] = []
  /** Where each is reached, over all its lives. */
  readonly urls: string[] = []
  private readonly recorder: Recorder
  private readonly looker: NodeJS.Timeout
  private readonly seen = new Map<RunningShop, number>()

  private constructor(place: ShopPlace, provider: SandboxProvider, recorder: Recorder) {
    this.place = place
    this.provider = provider
    this.recorder = recorder
    this.looker = setInterval(() => this.readLogs(), LOG_LOOK_MS)
  }

  static async open({ world, processes, customers, recorder }: SiteOptions): Promise<Site> {
    const provider = await startSandboxProvider({ port: 0 })
    const place = await ShopPlace.open({
      engine:
        world === null
          ? { name: 'sqlite' }
          : { name: 'kafka', url: world.ledgerUrl, redis: world.redisUrl, kafka: world.brokers },
      catalogue: 'customers.csv.gz',
      env: { LEVEE_PAYMENT_PROVIDER_URL: provider.url },
    })
    const site = new Site(place, provider, recorder)
    try {
      writeFileSync(place.catalogue, retailFile(customers))
      // The first makes the tables, alone.
      await site.start(0)
      site.shops.push(...Array.from({ length: processes - 1 }, () => null))
      await Promise.all(Array.from({ length: processes - 1 }, (_, i) => site.start(i + 1)))
      return site
    } catch (error) {
      await site.close()
      throw error
    }
  }

  async kill(i: number): Promise<void> {
    const shop = this.shops[i]
    this.shops[i] = null
    await shop?.kill()
  }

  /** On the port it had. While the ledger is away none can start: tried again until one does. */
  async restart(i: number): Promise<void> {
    let last = ''
    const started = await waitFor(async () => {
      try {
        await this.start(i)
        return true
      } catch (error) {
        if (error instanceof NeverReady) throw error
        last = (error as Error).message
        return false
      }
    }, START_MOST_MS)
    if (!started) throw new Error(`process ${i} of the shop does not start any more: ${last}`)
  }

  private async start(i: number): Promise<void> {
    const url = this.urls[i]
    const starting = this.place.start(url === undefined ? {} : { LEVEE_HTTP_PORT: new URL(url).port })
    const shop = await inTime(starting, READY_MOST_MS)
    if (shop === null) {
      starting.catch(() => undefined)
      throw new NeverReady(`it was not ready within ${READY_MOST_MS} ms, and did not end`)
    }
    this.shops[i] = shop
    this.urls[i] = shop.url
    this.logs[i] ??= []
  }

  /** What was logged since the last look; moves of ladders go into the history. */
  private readLogs(): void {
    for (const [i, shop] of this.shops.entries()) {
      if (shop === null) continue
      const from = this.seen.get(shop) ?? 0
      this.seen.set(shop, shop.log.length)
      for (const text of shop.log.slice(from)) {
        this.logs[i]!.push(text.trimEnd())
        if (text.includes('a ladder moved')) for (const line of text.split('\n')) this.moved(i, line)
      }
    }
  }

  private moved(i: number, line: string): void {
    if (!line.includes('a ladder moved')) return
    const { time, ladder, from, to, cause } = JSON.parse(line) as Record<string, string> & {
      cause: string | null
    }
    const at = { t: Date.parse(time!), process: `shop-${i}` }
    this.recorder.add({ type: 'ladder', ...at, ladder: ladder!, from: from!, to: to!, cause })
  }

  /** Ends all and throws the data away; the logs stay. */
  async close(): Promise<void> {
    clearInterval(this.looker)
    this.readLogs()
    await this.place.drop()
    await this.provider.close()
  }

  writeLogs(folder: string): void {
    for (const [i, lines] of this.logs.entries())
      writeFileSync(path.join(folder, `shop-${i}.log`), `${lines.join('\n')}\n`)
  }
}

/** It neither gets ready nor ends. What holds its port cannot be started again. */
class NeverReady extends Error {}

/** Null: not in time. */
async function inTime<T>(work: Promise<T>, ms: number): Promise<T | null> {
  const late = Promise.withResolvers<null>()
  const timer = setTimeout(late.resolve, ms, null)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** A retail file in which each customer bought one thing: members without passwords, quick to have. */
function retailFile(customers: number): Uint8Array {
  const header = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'
  const lines = Array.from(
    { length: customers },
    (_, i) => `${500_000 + i},10001,A THING,1,01/12/2010 08:26,1.00,${FIRST_CUSTOMER + i},United Kingdom`,
  )
  return gzipSync([header, ...lines, ''].join('\n'))
}
