import { expect, test } from 'vitest'
import { ShopPlace } from '../../tests/support/shop.ts'

test('a signal at the moment it is ready drains it, as any other does', async () => {
  const place = await ShopPlace.open({ engine: { name: 'sqlite' } })
  const shop = await place.start()
  expect(await shop.stop()).toBe(0)
  await place.drop()
})
