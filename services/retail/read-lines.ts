import { pipeline } from 'node:stream'
import { CsvError, type Info, parse } from 'csv-parse'
import { parsePence, parseUnits } from './decimal.ts'
import { parseLondonTime } from './london-time.ts'
import { asFileError, detectEncoding, openCsvBytes } from './open-csv.ts'
import { RetailFileError } from './retail-file-error.ts'
import type { RetailLine } from './retail-line.ts'

export const COLUMNS = [
  'InvoiceNo',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'UnitPrice',
  'CustomerID',
  'Country',
] as const

/** Characters in one record. The longest real one has 98; a quote left open must not eat the file. */
const MAX_RECORD_SIZE = 16_384

/**
 * Reads a file line by line: memory stays the same however long it is (the file is read twice, see
 * `detectEncoding`). Byte order mark, CRLF, quoted fields and empty lines are understood.
 * @throws RetailFileError with every code but `inconsistent_invoice`; lines before a malformed one were yielded
 */
export async function* readLines(path: string): AsyncGenerator<RetailLine, void, undefined> {
  const encoding = await detectEncoding(path)
  const parser = parse({
    encoding,
    bom: encoding === 'utf8',
    info: true,
    relax_column_count: true, // counted here, where the advice is
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_SIZE,
  })
  pipeline(await openCsvBytes(path), parser, () => {}) // its error arrives through the parser
  const startOf = lineCounter()
  let header = false
  let lastTime = { text: '', ms: 0 }
  const timeOf = (text: string, lineNumber: number) => {
    // Lines of one invoice share their time: asking the time zone once each is most of the cost saved.
    if (text !== lastTime.text) lastTime = { text, ms: readDate(text, lineNumber) }
    return lastTime.ms
  }
  try {
    for await (const { info, record } of parser as AsyncIterable<{ info: Info; record: string[] }>) {
      const lineNumber = startOf(record, info.lines)
      if (header) {
        yield toLine(record, lineNumber, timeOf)
      } else {
        checkHeader(record, lineNumber)
        header = true
      }
    }
  } catch (cause) {
    throw cause instanceof CsvError ? asRowError(cause) : asFileError(cause)
  }
  if (!header) throw new RetailFileError('wrong_columns', 'the file is empty')
}

/** Reads all lines into memory (the December file: 39,529 lines). Throws as `readLines` does. */
export async function readAllLines(path: string): Promise<RetailLine[]> {
  const lines: RetailLine[] = []
  for await (const line of readLines(path)) lines.push(line)
  return lines
}

/**
 * Turns csv-parse's count of lines into the line on which a record starts. It names the line on which the
 * record ends, and it counts a CRLF inside quotes twice (seen in 7.0.3).
 */
function lineCounter(): (record: string[], endsOn: number) => number {
  let countedTwice = 0
  return (record, endsOn) => {
    let breaks = 0
    for (const field of record) {
      if (!/[\r\n]/.test(field)) continue
      breaks += field.split(/\r\n|\n|\r/).length - 1
      countedTwice += field.split('\r\n').length - 1
    }
    return endsOn - countedTwice - breaks
  }
}

/** What csv-parse refuses: quotes left open or in the wrong place, and records beyond all measure. */
function asRowError(cause: CsvError): RetailFileError {
  const line: unknown = cause.lines
  return new RetailFileError('malformed_row', cause.message, typeof line === 'number' ? line : null)
}

function checkHeader(record: string[], lineNumber: number): void {
  if (record.length === COLUMNS.length && COLUMNS.every((name, i) => record[i] === name)) return
  throw new RetailFileError('wrong_columns', `found ${quote(record.join(','))}`, lineNumber)
}

function toLine(
  record: string[],
  lineNumber: number,
  timeOf: (text: string, lineNumber: number) => number,
): RetailLine {
  if (record.length !== COLUMNS.length) {
    throw new RetailFileError('malformed_row', `found ${record.length} fields, not 8`, lineNumber)
  }
  const [invoiceNo, stockCode, description, quantity, date, price, customerId, country] =
    record as unknown as Eight
  if (invoiceNo === '' || stockCode === '' || country === '') {
    throw new RetailFileError('missing_value', 'InvoiceNo, StockCode or Country is empty', lineNumber)
  }
  return {
    lineNumber,
    invoiceNo,
    stockCode,
    description,
    quantity: readNumber('Quantity', quantity, parseUnits, lineNumber),
    businessTimeMs: timeOf(date, lineNumber),
    unitPriceMinor: readNumber('UnitPrice', price, parsePence, lineNumber),
    customerId: customerId === '' ? null : customerId,
    country,
  }
}

type Eight = readonly [string, string, string, string, string, string, string, string]

function readNumber(
  column: string,
  text: string,
  read: (text: string) => number | null,
  lineNumber: number,
): number {
  const value = read(text)
  if (value === null) throw new RetailFileError('malformed_number', `${column} is ${quote(text)}`, lineNumber)
  return value
}

function readDate(text: string, lineNumber: number): number {
  const ms = parseLondonTime(text)
  if (ms === null) throw new RetailFileError('malformed_date', `InvoiceDate is ${quote(text)}`, lineNumber)
  return ms
}

/** Shows a piece of somebody's file in a message: escaped, and cut so that a log line stays a line. */
function quote(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text)
}
