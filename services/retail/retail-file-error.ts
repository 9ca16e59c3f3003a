/** What the user can do about each way in which a file can be bad. */
const ADVICE = {
  unreadable: 'Check the path and that this user may read the file.',
  not_gzip: 'Give a .csv.gz file, or name a plain file so that it ends in .csv.',
  truncated_gzip: 'The file ends too early: copy or download it again. Nothing of it was used.',
  corrupt_gzip: 'The compressed data is damaged: copy or download it again. Nothing of it was used.',
  wrong_columns:
    'The first line must be InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country, ' +
    'separated by commas, in UTF-8 or Latin-1.',
  malformed_row:
    'Each record needs eight fields separated by commas; a field with a comma stands in double quotes.',
  missing_value: 'InvoiceNo, StockCode and Country must not be empty.',
  malformed_number:
    'Quantity is a whole number; UnitPrice is pounds with a point and no more than whole pence, such as 2.55.',
  malformed_date: 'InvoiceDate is dd/mm/yyyy hh:mm on a London clock, such as 01/12/2010 08:26.',
  inconsistent_invoice: 'All lines of one invoice must name the same customer and the same country.',
} as const

export type RetailFileErrorCode = keyof typeof ADVICE

/**
 * A file that cannot be used. `code` is for programs, `detail` says what was found,
 * `advice` what to do, `lineNumber` where (1 is the header; `null` if it concerns the whole file).
 */
export class RetailFileError extends Error {
  readonly code: RetailFileErrorCode
  readonly detail: string
  readonly advice: string
  readonly lineNumber: number | null

  constructor(code: RetailFileErrorCode, detail: string, lineNumber: number | null = null) {
    super(lineNumber === null ? `${code}: ${detail}` : `${code} in line ${lineNumber}: ${detail}`)
    this.name = 'RetailFileError'
    this.code = code
    this.detail = detail
    this.advice = ADVICE[code]
    this.lineNumber = lineNumber
  }
}
