/**
 * One record of the file, typed. Source: the UCI "Online Retail" columns, see docs/data.md.
 */
export type RetailLine = {
  /** Line of the file on which the record starts; the header is line 1. Unique and ascending. */
  readonly lineNumber: number
  /** As in the file; begins with `C` on a cancellation. */
  readonly invoiceNo: string
  /** As in the file and compared as bytes: 50 pairs of codes differ only in case. */
  readonly stockCode: string
  /** As in the file, with its surrounding spaces; may be empty. */
  readonly description: string
  /** Units, a safe integer; negative on cancellations and on stock corrections. */
  readonly quantity: number
  /** The till's wall clock in Europe/London as epoch milliseconds (UTC). The file has whole minutes. */
  readonly businessTimeMs: number
  /** Pence (GBP), a safe integer; zero and below zero occur. */
  readonly unitPriceMinor: number
  /** `null` where the shop did not know the customer. */
  readonly customerId: string | null
  readonly country: string
}

/**
 * The one order in which lines "happen": business time, then place in the file.
 * The time alone does not decide: up to five invoices of the file share one minute.
 */
export function byBusinessOrder(a: RetailLine, b: RetailLine): number {
  return a.businessTimeMs - b.businessTimeMs || a.lineNumber - b.lineNumber
}
