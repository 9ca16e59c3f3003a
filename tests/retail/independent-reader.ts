/**
 * A second reading of the December file that shares no code with `services/retail`: what the shop shows after
 * a replay is compared with this. It is written the plain way and for this one file (gzip, Latin-1, LF):
 * everything in memory, days taken from the text of the date, prices as BigInt, and cancellations undone
 * unit by unit from a stack.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** `units` and `pence` are safe integers. Entries are kept when refunds bring them down to zero. */
export type Figures = { units: number; pence: number }

export type Sums = {
  /** Key: stock code. */
  byProduct: Map<string, Figures>
  /** Key: `2010-12-01`, a day of London. */
  byDay: Map<string, Figures>
  /** Key: country as in the file. */
  byCountry: Map<string, Figures>
  /** Key: `2010-12-01|United Kingdom|85123A`. */
  byDayCountryProduct: Map<string, Figures>
  total: Figures
}

/** Units of one sale line that one cancellation line took back. Numbers are lines of the file, header 1. */
export type RefundedUnits = {
  cancellationLine: number
  saleLine: number
  saleInvoice: string
  stockCode: string
  units: number
  pence: number
}

export type IndependentReading = {
  lines: number
  invoices: number
  saleLines: number
  saleInvoices: number
  cancellationLines: number
  /** All customers named anywhere in the file. */
  customers: Set<string>
  /** What was sold, on the day it was sold. */
  gross: Sums
  /** Gross minus matched refunds, each counted on the day and in the country of the ORIGINAL SALE. */
  net: Sums
  refunds: RefundedUnits[]
  matches: { full: number; part: number; none: number; noCustomer: number; notGoods: number }
}

type Row = {
  at: number
  invoice: string
  code: string
  units: number
  day: string
  pence: number
  customer: string
  country: string
}

export function readIndependently(path: string): IndependentReading {
  const rows = table(gunzipSync(readFileSync(path)).toString('latin1'))
    .slice(1)
    .map(toRow)
  const cancelled = rows.filter(row => row.invoice[0] === 'C')
  const sold = rows.filter(row => row.invoice[0] !== 'C' && goods(row) && row.units > 0 && row.pence > 0)
  const { refunds, matches } = undo(rows, new Set(sold))
  const byLine = new Map(sold.map(row => [row.at, row]))
  const gross = emptySums()
  const net = emptySums()
  for (const row of sold) for (const sums of [gross, net]) add(sums, row, row.units)
  for (const refund of refunds) add(net, byLine.get(refund.saleLine)!, -refund.units)
  return {
    lines: rows.length,
    invoices: new Set(rows.map(row => row.invoice)).size,
    saleLines: sold.length,
    saleInvoices: new Set(sold.map(row => row.invoice)).size,
    cancellationLines: cancelled.length,
    customers: new Set(rows.map(row => row.customer).filter(Boolean)),
    gross,
    net,
    refunds,
    matches,
  }
}

/** CSV by one pass over the characters; a doubled quote inside quotes is a quote. */
function table(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let field = ''
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (quoted) {
      if (c !== '"') field += c
      else if (text[i + 1] === '"') {
        field += '"'
        i++
      } else quoted = false
    } else if (c === '"') quoted = true
    else if (c === ',' || c === '\n') {
      row.push(field)
      field = ''
      if (c === '\n') {
        rows.push(row)
        row = []
      }
    } else if (c !== '\r') field += c
  }
  return field === '' && row.length === 0 ? rows : [...rows, [...row, field]]
}

/** No field of this file has a line break, so the place of the record is its line. */
function toRow(fields: string[], index: number): Row {
  const [invoice = '', code = '', , units = '', date = '', price = '', customer = '', country = ''] = fields
  const [pounds = '', fraction = ''] = price.split('.')
  return {
    at: index + 2,
    invoice,
    code,
    units: Number(units),
    day: `${date.slice(6, 10)}-${date.slice(3, 5)}-${date.slice(0, 2)}`,
    pence: Number(BigInt(pounds) * 100n + BigInt(`${fraction}00`.slice(0, 2))),
    customer,
    country,
  }
}

function goods(row: Row): boolean {
  return [...row.code.slice(0, 5)].filter(c => c >= '0' && c <= '9').length === 5
}

/**
 * Walks the file once. Each unit sold to a known customer is laid on that customer's stack for that product;
 * each unit cancelled takes the top one off. The top is always of the newest earlier line with units left.
 */
function undo(rows: Row[], sold: Set<Row>): Pick<IndependentReading, 'refunds' | 'matches'> {
  const stacks = new Map<string, Map<string, Row[]>>()
  const refunds: RefundedUnits[] = []
  const matches = { full: 0, part: 0, none: 0, noCustomer: 0, notGoods: 0 }
  for (const row of rows) {
    const products = stacks.get(row.customer) ?? new Map<string, Row[]>()
    stacks.set(row.customer, products)
    const stack = products.get(row.code) ?? []
    products.set(row.code, stack)
    if (sold.has(row)) for (let unit = 0; unit < row.units; unit++) stack.push(row)
    if (row.invoice[0] !== 'C') continue
    if (row.customer === '') matches.noCustomer++
    else if (!goods(row)) matches.notGoods++
    else {
      const found = stack.splice(Math.max(0, stack.length + row.units)).reverse()
      if (found.length === 0) matches.none++
      else if (found.length < -row.units) matches.part++
      else matches.full++
      for (const sale of new Set(found)) {
        const units = found.filter(unit => unit === sale).length
        refunds.push({
          cancellationLine: row.at,
          saleLine: sale.at,
          saleInvoice: sale.invoice,
          stockCode: sale.code,
          units,
          pence: units * sale.pence,
        })
      }
    }
  }
  return { refunds, matches }
}

function emptySums(): Sums {
  return {
    byProduct: new Map(),
    byDay: new Map(),
    byCountry: new Map(),
    byDayCountryProduct: new Map(),
    total: { units: 0, pence: 0 },
  }
}

function add(sums: Sums, row: Row, units: number): void {
  const entries: [Map<string, Figures>, string][] = [
    [sums.byProduct, row.code],
    [sums.byDay, row.day],
    [sums.byCountry, row.country],
    [sums.byDayCountryProduct, `${row.day}|${row.country}|${row.code}`],
  ]
  const cells = entries.map(([map, key]) => {
    const cell = map.get(key) ?? { units: 0, pence: 0 }
    map.set(key, cell)
    return cell
  })
  for (const cell of [sums.total, ...cells]) {
    cell.units += units
    cell.pence += units * row.pence
  }
}
