// The real December over HTTP while Redis, Kafka and MariaDB are killed and started again, each in turn and then all at once:
// every invoice is accounted for, to the figures of a reader that shares no code with the shop.

import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { findJars, JARS_FOLDER } from '../../platform/engines/kafka/jars.ts'
import { openLedger } from '../../platform/sql/open-ledger.ts'
import { DECEMBER } from '../retail/december.ts'
import { channelKey, DECEMBER_TOTALS, expectDecember } from '../support/december-replay.ts'
import { ledgerUrls, redisUrl } from '../support/engines.ts'
import { ShopPlace } from '../support/shop.ts'
import { World } from '../torture/world.ts'

/** A replay takes ten seconds, and an engine that starts again some more. */
const PATIENCE = { timeout: 240_000 }
/** Until the replay has come so far, ms. */
const SOON = { timeout: 90_000, interval: 20 }

/** Engines that are killed when so many of the 1,449 orders are there; back one after the other in the order given. */
const OUTAGES = [
  { from: 150, back: 250, engines: ['redis'] },
  { from: 400, back: 500, engines: ['kafka'] },
  { from: 650, back: 0, engines: ['mariadb'] },
  { from: 900, back: 0, engines: ['redis', 'kafka', 'mariadb'] },
] as const

const atHand = findJars(JARS_FOLDER) !== null && redisUrl() !== undefined && ledgerUrls().length > 1

it.skipIf(!atHand)('the December of a real shop keeps its totals through outages', PATIENCE, async () => {
  const world = await World.open()
  const engine = { name: 'kafka', url: world.ledgerUrl, redis: world.redisUrl, kafka: world.brokers } as const
  const place = await ShopPlace.open({ engine, catalogue: DECEMBER })
  try {
    const shop = await place.start()
    const { key, staff } = await channelKey(place, shop)
    const ledger = await openLedger({
      url: world.direct(place.env.LEVEE_MYSQL_URL!),
      ...{ dataFolder: place.folder, poolSize: 2, lockWait: 5_000 },
    })
    const orders = async (): Promise<number> => {
      const { rows } = await sql<{ n: number | string }>`SELECT COUNT(*) AS n FROM orders`.execute(
        ledger.reads(),
      )
      return Number(rows[0]!.n)
    }
    const replay = place.run('replay', DECEMBER, '--url', shop.url, '--key', key, '--json')
    for (const { from, back, engines } of OUTAGES) {
      await expect.poll(orders, SOON).toBeGreaterThan(from)
      for (const name of engines) await world[name].kill()
      // Without its ledger the shop comes no further.
      if (back > 0) await expect.poll(orders, SOON).toBeGreaterThan(back)
      for (const name of engines) await world[name].restart()
    }
    const { code, stdout, stderr } = await replay
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject(DECEMBER_TOTALS)
    await ledger.close()
    await expectDecember(place, shop, staff)
    expect(await shop.stop()).toBe(0)
  } finally {
    await place.drop()
    await world.close()
  }
})
