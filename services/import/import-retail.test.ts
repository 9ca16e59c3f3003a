import { expect, it } from 'vitest'
import { ok } from '../../platform/contract/result.ts'
import { DECEMBER } from '../../tests/retail/december.ts'
import { type ImportDoors, importRetail, readImport } from './import-retail.ts'

it('gives a product its stock before the shop hears of it: its event would make an empty one first', async () => {
  const opened = new Set<string>()
  const early: string[] = []
  const doors = {
    order: {
      async openStock(_call: unknown, { products }: { products: readonly { productId: string }[] }) {
        for (const { productId } of products) opened.add(productId)
        return ok({ opened: products.length })
      },
    },
    product: {
      async importProducts(_call: unknown, { products }: { products: readonly { productId: string }[] }) {
        early.push(...products.map(each => each.productId).filter(id => !opened.has(id)))
        return ok({ created: products.length, changed: 0 })
      },
    },
    account: { importMembers: async () => ok({ created: 0 }) },
  } as unknown as ImportDoors
  const { products } = await importRetail(doors, await readImport(DECEMBER))
  expect(early).toEqual([])
  expect(products).toMatchObject({ created: opened.size, stockOpened: opened.size })
})
