// The ranking built anew from the orders, while events go on arriving.
//
// A new generation is filled page by page in the order of order ids. Each page is one transaction that first
// takes the projection's lock, then reads the orders (so it sees all that any event counted before has told),
// adds their figures, and marks each order's version in the new generation's inbox. The consumer takes the same
// lock: an event of an order beyond the point reached is left to its page; one of an order before it is counted
// in the new generation too, unless the page's version has it already. After the last page the generations are
// switched in one statement.

import { asStep, type Call } from '../../platform/contract/call.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import { freshEvents } from '../../platform/events/inbox.ts'
import type { Tx } from '../../platform/sql/ledger.ts'
import { addOrder, Sums } from './contributions.ts'
import { inboxOf } from './count-sales.ts'
import type { BestsellerDeps } from './deps.ts'
import { addFigures, dayPage, lockState, setState } from './store.ts'
import type { BestsellerTables } from './tables.ts'

/** Orders a page: some thousand rows under the lock, a few tens of milliseconds. */
const PAGE = 500

export async function rebuildRanking(
  deps: BestsellerDeps,
  call: Call,
): Promise<Result<{ generation: number; orders: number }>> {
  const { ledger } = deps
  const begun = await ledger.write<BestsellerTables, number>(async tx => {
    const state = await lockState(ledger, tx)
    // One left behind by a process that died is given up; its number is never used again.
    const next = Math.max(state.generation, state.building ?? 0) + 1
    await setState(tx, { building: next, built_up_to: '' })
    return next
  })
  let cursor: string | undefined
  let orders = 0
  for (;;) {
    const page = await ledger.write<BestsellerTables, { count: number; next: string | null } | null>(
      async tx => {
        const state = await lockState(ledger, tx)
        if (state.building !== begun) return null
        const read = await deps.order.paidLines(asStep(call), {
          limit: PAGE,
          ...(cursor === undefined ? {} : { cursor }),
        })
        if (!read.ok) throw new Error(`orders cannot be read: ${read.refusal.code}`)
        const marks = read.value.orders.map(order => {
          return { type: 'order.paid', key: order.orderId, version: order.version, payload: {} }
        })
        await freshEvents(tx as unknown as Tx<unknown>, ledger.dialect, inboxOf(begun), marks, deps.clock())
        const sums = new Sums()
        for (const order of read.value.orders) addOrder(sums, order, deps.settings.timeZone)
        const version = state.version + 1
        await addFigures(ledger, tx, { generation: begun, version }, sums.sorted())
        const last = read.value.orders.at(-1)?.orderId
        if (read.value.nextCursor !== null && last !== undefined)
          await setState(tx, { built_up_to: last, version })
        else await setState(tx, { generation: begun, building: null, built_up_to: '', version })
        return { count: read.value.orders.length, next: read.value.nextCursor }
      },
    )
    if (page === null) return refuse('request_in_flight', 'Another rebuild began after this one.')
    orders += page.count
    if (page.next === null) return { ok: true, value: { generation: begun, orders } }
    cursor = page.next
  }
}

const COMPARE_PAGE = 1000
const EXAMPLES = 10

export async function compareRanking(
  deps: BestsellerDeps,
  call: Call,
): Promise<Result<{ compared: number; differences: number; examples: string[] }>> {
  const expected = new Sums()
  let cursor: string | undefined
  do {
    const read = await deps.order.paidLines(asStep(call), {
      limit: COMPARE_PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    })
    if (!read.ok) return read
    for (const order of read.value.orders) addOrder(expected, order, deps.settings.timeZone)
    cursor = read.value.nextCursor ?? undefined
  } while (cursor !== undefined)
  const found = new Set<string>()
  const differing: string[] = []
  let after: { day: string; country: string; productId: string } | null = null
  for (;;) {
    const rows = await dayPage(deps.ledger, { from: '0000-00-00', to: '9999-99-99' }, after, COMPARE_PAGE)
    for (const { generation: _, version: __, ...row } of rows) {
      const key = `${row.day}|${row.country}|${row.product_id}`
      found.add(key)
      if (JSON.stringify(sortedFields(row)) !== JSON.stringify(sortedFields(expected.get(key) ?? {})))
        differing.push(key)
    }
    const last = rows.at(-1)
    if (rows.length < COMPARE_PAGE || last === undefined) break
    after = { day: last.day, country: last.country, productId: last.product_id }
  }
  for (const row of expected.sorted()) {
    const key = `${row.day}|${row.country}|${row.product_id}`
    if (!found.has(key)) differing.push(key)
  }
  const compared = Math.max(found.size, expected.size)
  return {
    ok: true,
    value: { compared, differences: differing.length, examples: differing.slice(0, EXAMPLES) },
  }
}

function sortedFields(row: object): [string, unknown][] {
  return Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))
}
