import { classifyAll, LINE_CLASSES, type LineClass } from './classify.ts'
import {
  CANCELLATION_OUTCOMES,
  type CancellationMatch,
  type CancellationOutcome,
  matchCancellations,
} from './match-cancellations.ts'
import { RetailFileError } from './retail-file-error.ts'
import { byBusinessOrder, type RetailLine } from './retail-line.ts'

export type PlannedProduct = {
  /** The stock code, case and all. */
  readonly id: string
  /** The last non-empty description of a sale line, trimmed; the stock code if there is none. */
  readonly name: string
  /** Pence: the price of the last sale line. */
  readonly listPriceMinor: number
  /** Units to begin with: what the file sells, plus 10 % rounded up. */
  readonly stock: number
}

export type OrderLine = {
  readonly productId: string
  readonly quantity: number
  /** Pence, as the file states it: it often differs from the list price. */
  readonly unitPriceMinor: number
  readonly lineNumber: number
}

/** One invoice. Its lines are the sale lines as they stand in the file: the same product may come twice. */
export type OrderStep = {
  readonly kind: 'order'
  readonly invoiceNo: string
  /** `null`: a guest. */
  readonly customerId: string | null
  readonly country: string
  /** Epoch milliseconds of its first line. */
  readonly businessTimeMs: number
  readonly lines: readonly OrderLine[]
}

export type RefundPart = {
  readonly invoiceNo: string
  /** Place of the line in the order's `lines`, from 0. */
  readonly lineIndex: number
  readonly quantity: number
}

/** One cancellation line that was matched, in full or in part. All its parts belong to this customer. */
export type RefundStep = {
  readonly kind: 'refund'
  /** Number of the cancellation's invoice, beginning with C. */
  readonly cancellationNo: string
  /** Line of the cancellation in the file: unique among refunds. */
  readonly lineNumber: number
  readonly customerId: string
  readonly productId: string
  readonly parts: readonly RefundPart[]
  readonly businessTimeMs: number
}

export type ReplayStep = OrderStep | RefundStep

export type ReplayPlan = {
  /** In order of id, as bytes. */
  readonly products: readonly PlannedProduct[]
  /** Every customer id of the file, in order, also of customers who bought nothing that counts as a sale. */
  readonly members: readonly string[]
  /** In business order, so the steps of each customer are in order as well. */
  readonly steps: readonly ReplayStep[]
  readonly counts: {
    readonly lines: number
    /** Every line is in exactly one class. */
    readonly byClass: Readonly<Record<LineClass, number>>
    /** Every cancellation line has exactly one outcome. */
    readonly cancellations: Readonly<Record<CancellationOutcome, number>>
  }
}

/**
 * Turns the lines of a file into what is to be imported and what is to be done over HTTP.
 * @throws RetailFileError `inconsistent_invoice` where lines of one invoice differ in customer or country
 */
export function planReplay(lines: readonly RetailLine[]): ReplayPlan {
  const byClass = classifyAll(lines.toSorted(byBusinessOrder))
  const orders = groupOrders(byClass.sale)
  const matches = matchCancellations(byClass.sale, byClass.cancellation)
  return {
    products: catalogue(byClass.sale),
    members: [...new Set(lines.flatMap(line => line.customerId ?? []))].sort(),
    steps: [...orders, ...refunds(matches, orders)].sort(byStepOrder),
    counts: {
      lines: lines.length,
      byClass: tally(LINE_CLASSES, name => byClass[name].length),
      cancellations: tally(
        CANCELLATION_OUTCOMES,
        outcome => matches.filter(match => match.outcome === outcome).length,
      ),
    },
  }
}

/** @param sales in business order */
function catalogue(sales: readonly RetailLine[]): PlannedProduct[] {
  const sold = new Map<string, { name: string; listPriceMinor: number; units: number }>()
  for (const line of sales) {
    const before = sold.get(line.stockCode)
    sold.set(line.stockCode, {
      name: line.description.trim() || before?.name || line.stockCode,
      listPriceMinor: line.unitPriceMinor,
      units: (before?.units ?? 0) + line.quantity,
    })
  }
  return [...sold]
    .map(([id, { name, listPriceMinor, units }]) => ({
      id,
      name,
      listPriceMinor,
      stock: units + Math.ceil(units / 10),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** @param sales in business order */
function groupOrders(sales: readonly RetailLine[]): OrderStep[] {
  const invoices = new Map<string, { first: RetailLine; lines: OrderLine[] }>()
  for (const line of sales) {
    const { stockCode: productId, quantity, unitPriceMinor, lineNumber } = line
    const orderLine = { productId, quantity, unitPriceMinor, lineNumber }
    const invoice = invoices.get(line.invoiceNo)
    if (invoice === undefined) {
      invoices.set(line.invoiceNo, { first: line, lines: [orderLine] })
      continue
    }
    if (invoice.first.customerId !== line.customerId || invoice.first.country !== line.country) {
      const detail = `invoice ${line.invoiceNo} differs in customer or country from line ${invoice.first.lineNumber}`
      throw new RetailFileError('inconsistent_invoice', detail, lineNumber)
    }
    invoice.lines.push(orderLine)
  }
  return [...invoices].map(([invoiceNo, { first, lines }]) => ({
    kind: 'order',
    invoiceNo,
    customerId: first.customerId,
    country: first.country,
    businessTimeMs: first.businessTimeMs,
    lines,
  }))
}

function refunds(matches: readonly CancellationMatch[], orders: readonly OrderStep[]): RefundStep[] {
  const places = new Map<number, Omit<RefundPart, 'quantity'>>()
  for (const { invoiceNo, lines } of orders) {
    for (const [lineIndex, line] of lines.entries()) places.set(line.lineNumber, { invoiceNo, lineIndex })
  }
  const steps: RefundStep[] = []
  for (const { line, parts } of matches) {
    if (line.customerId === null || parts.length === 0) continue
    steps.push({
      kind: 'refund',
      cancellationNo: line.invoiceNo,
      lineNumber: line.lineNumber,
      customerId: line.customerId,
      productId: line.stockCode,
      parts: parts.map(({ saleLine, quantity }) => ({ ...places.get(saleLine.lineNumber)!, quantity })),
      businessTimeMs: line.businessTimeMs,
    })
  }
  return steps
}

/** An order stands where its first line stands, so it comes before every refund of any of its lines. */
function byStepOrder(a: ReplayStep, b: ReplayStep): number {
  return a.businessTimeMs - b.businessTimeMs || placeOf(a) - placeOf(b)
}

function placeOf(step: ReplayStep): number {
  return step.kind === 'order' ? step.lines[0]!.lineNumber : step.lineNumber
}

function tally<Name extends string>(
  names: readonly Name[],
  count: (name: Name) => number,
): Record<Name, number> {
  return Object.fromEntries(names.map(name => [name, count(name)])) as Record<Name, number>
}
