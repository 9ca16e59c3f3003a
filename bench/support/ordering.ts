// Orders of signed-in members on one hot product, whatever shop it is.

import type { Arena } from './arena.ts'
import type { BenchShop } from './bench-shop.ts'
import { type Contender, contenderOf } from './contenders.ts'
import { signedInMembers } from './members.ts'
import { orderOf, readRetailFile } from './retail-file.ts'

/** Enough that their sessions are really looked up, all the time: each is believed for five seconds. */
const MEMBERS = 2_000

/** Stocks the product up. */
export async function ordering(arena: Arena, shop: BenchShop): Promise<Contender> {
  const retail = await readRetailFile()
  await shop.stockUp(await shop.administrator(), [retail.hottest])
  // The members of one shop are called as those of the next.
  const files = [
    arena.file('hot-body', [orderOf(retail, [retail.hottest])]),
    arena.file('hot-members', await signedInMembers(shop.ledger, MEMBERS)),
  ]
  return { ...contenderOf(shop), load: () => ({ kind: 'order', files }), successes: ['201'] }
}
