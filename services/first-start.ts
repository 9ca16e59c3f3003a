// What happens once in the life of a ledger: the first administrator, and the packaged catalogue.

import path from 'node:path'
import { systemCall } from '../platform/contract/call.ts'
import { createProgress } from '../platform/progress/progress.ts'
import type { Doors } from './compose.ts'

/** A real shop's December: 2,739 products with prices and stock (data/README.md). */
export const PACKAGED_CATALOGUE = path.resolve(import.meta.dirname, '../data/online-retail-2010-12.csv.gz')

export interface Administrator {
  readonly email: string
  readonly password: string
}

/** The first administrator; null where there is one. The password is told here and nowhere else. */
export async function firstAdministrator(doors: Doors, email: string): Promise<Administrator | null> {
  const made = await doors.account.bootstrapAdministrator(systemCall('first-start', Date.now()), { email })
  if (!made.ok) throw new Error(`no administrator: ${made.refusal.detail}`)
  return made.value.password === null ? null : { email, password: made.value.password }
}

/** Loads a catalogue into a shop that has no product yet. Returns how many products; 0: there were some. */
export async function firstCatalogue(doors: Doors, file: string, silent: boolean): Promise<number> {
  const some = await doors.product.listProducts(systemCall('first-start', Date.now()), { limit: 1 })
  if (!some.ok || some.value.products.length > 0) return 0
  const { importRetail, readImport } = await import('./import/import-retail.ts')
  const progress = createProgress({ label: 'Loading the catalogue', unit: 'rows', silent })
  const imported = await importRetail(doors, await readImport(file), (done, total) =>
    progress.update(done, total),
  )
  progress.finish()
  return imported.products.created
}
