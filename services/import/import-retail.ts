// From a retail file to a catalogue with stock, and the members it names. A second run changes nothing.

import { systemCall } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import type { Doors } from '../compose.ts'
import { planReplay, type ReplayPlan } from '../retail/plan.ts'
import { readAllLines } from '../retail/read-lines.ts'

/** Products or members handed over at once. */
const CHUNK = 500

export interface Imported {
  readonly lines: number
  /** Lines by what they are; together they are all lines. */
  readonly byClass: ReplayPlan['counts']['byClass']
  readonly products: {
    readonly inFile: number
    readonly created: number
    readonly changed: number
    readonly stockOpened: number
  }
  readonly members: { readonly inFile: number; readonly imported: number }
}

export type ImportDoors = Pick<Doors, 'product' | 'order' | 'account'>

/** What there is to import. Throws RetailFileError for a file that is none: read it before a ledger is opened for it. */
export async function readImport(file: string): Promise<ReplayPlan> {
  return planReplay(await readAllLines(file))
}

/** `progress` hears how much of all is done. */
export async function importRetail(
  doors: ImportDoors,
  plan: ReplayPlan,
  progress: (done: number, total: number) => void = () => undefined,
): Promise<Imported> {
  const total = plan.products.length + plan.members.length
  let done = 0
  let created = 0
  let changed = 0
  let stockOpened = 0
  for (const products of chunks(plan.products)) {
    const call = systemCall('import', Date.now())
    // Stock before its product, whose event would make an empty one: the relay of a shop that runs may be faster than
    // the next call. Stock and offer stand at once, and the event finds nothing newer to say.
    const opening = products.map(({ id, stock, listPriceMinor }) => {
      return { productId: id, initial: stock, price: listPriceMinor, version: 1 }
    })
    stockOpened += must(await doors.order.openStock(call, { products: opening })).opened
    const named = products.map(({ id, name, listPriceMinor }) => ({
      productId: id,
      name,
      price: listPriceMinor,
    }))
    const imported = must(await doors.product.importProducts(call, { products: named }))
    created += imported.created
    changed += imported.changed
    done += products.length
    progress(done, total)
  }
  let imported = 0
  for (const members of chunks(plan.members)) {
    const call = systemCall('import', Date.now())
    imported += must(
      await doors.account.importMembers(call, { members: members.map(ref => ({ ref })) }),
    ).created
    done += members.length
    progress(done, total)
  }
  return {
    lines: plan.counts.lines,
    byClass: plan.counts.byClass,
    products: { inFile: plan.products.length, created, changed, stockOpened },
    members: { inFile: plan.members.length, imported },
  }
}

function* chunks<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < all.length; i += CHUNK) yield all.slice(i, i + CHUNK)
}

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`the import was refused: ${result.refusal.code}: ${result.refusal.detail}`)
  return result.value
}
