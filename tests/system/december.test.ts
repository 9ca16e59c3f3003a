// The real December over HTTP against a real shop that is killed in the middle, held against a reader that shares no code
// with it.

import { expect, it } from 'vitest'
import { bestsellerContract } from '../../modules/bestseller/contract.ts'
import { createClient } from '../../platform/http/client.ts'
import { DECEMBER } from '../retail/december.ts'
import { channelKey, DECEMBER_TOTALS, expectDecember } from '../support/december-replay.ts'
import { ShopPlace } from '../support/shop.ts'
import { onEveryShop, type ShopKind } from '../support/shop-kinds.ts'

/** One replay, its verification and the comparison: some ten seconds each. */
const PATIENCE_MS = 240_000

function suite(engine: ShopKind): void {
  it('ends with the known totals, killed with -9 in the middle', { timeout: PATIENCE_MS }, async () => {
    const place = await ShopPlace.open({ engine, catalogue: DECEMBER })
    try {
      let shop = await place.start()
      const { key, staff } = await channelKey(place, shop)
      const port = new URL(shop.url).port
      const replay = place.run('replay', DECEMBER, '--url', shop.url, '--key', key, '--json')
      const bestseller = createClient(bestsellerContract, { baseUrl: shop.url, authorization: staff })
      const begun = async () => {
        const some = await bestseller.salesByDay({ limit: 1000 })
        return some.ok ? some.value.rows.length : 0
      }
      await expect.poll(begun, { timeout: 30_000, interval: 50 }).toBeGreaterThan(500)
      await shop.kill()
      shop = await place.start({ LEVEE_HTTP_PORT: port })
      const { code, stdout, stderr } = await replay
      expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
      expect(JSON.parse(stdout)).toMatchObject(DECEMBER_TOTALS)
      await expectDecember(place, shop, staff)
      expect(await shop.stop()).toBe(0)
    } finally {
      await place.drop()
    }
  })
}

onEveryShop('the December of a real shop', suite)
