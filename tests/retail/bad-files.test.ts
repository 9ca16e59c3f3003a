import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readAllLines, readLines } from '../../services/retail/read-lines.ts'
import { RetailFileError } from '../../services/retail/retail-file-error.ts'
import { DECEMBER } from './december.ts'

const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'
const GOOD = '536365,85123A,LANTERN,6,01/12/2010 08:26,2.55,17850,United Kingdom'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'levee-retail-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

/** A gz file with the header and these records. */
function records(...lines: string[]): Promise<string> {
  return file('records.csv.gz', gzipSync([HEADER, ...lines, ''].join('\n')))
}

async function refusal(path: string): Promise<Pick<RetailFileError, 'code' | 'lineNumber'>> {
  const error: unknown = await readAllLines(path).then(
    () => null,
    (cause: unknown) => cause,
  )
  if (!(error instanceof RetailFileError)) throw new Error(`expected a RetailFileError, got ${error}`)
  expect(error.detail).not.toBe('')
  expect(error.advice).not.toBe('')
  return { code: error.code, lineNumber: error.lineNumber }
}

describe('the file as a whole', () => {
  test('a missing file and a folder are unreadable', async () => {
    expect(await refusal(join(folder, 'absent.csv.gz'))).toEqual({ code: 'unreadable', lineNumber: null })
    expect(await refusal(folder)).toEqual({ code: 'unreadable', lineNumber: null })
  })

  test('plain text is refused unless its name says .csv', async () => {
    const plain = `${HEADER}\n${GOOD}\n`
    expect(await refusal(await file('plain.csv.gz', plain))).toEqual({ code: 'not_gzip', lineNumber: null })
    expect(await refusal(await file('empty.csv.gz', ''))).toEqual({ code: 'not_gzip', lineNumber: null })
    expect(await readAllLines(await file('plain.csv', plain))).toHaveLength(1)
  })

  test('a truncated file is refused before its first line is used, wherever it was cut', async () => {
    const whole = await readFile(DECEMBER)
    for (const length of [2, 9, 10, 100, whole.length >> 1, whole.length - 9, whole.length - 1]) {
      const cut = await file('cut.csv.gz', whole.subarray(0, length))
      expect(await refusal(cut)).toEqual({ code: 'truncated_gzip', lineNumber: null })
      await expect(readLines(cut).next()).rejects.toThrow(RetailFileError)
    }
  })

  test('a flipped bit is found by the checksum', async () => {
    const damaged = Buffer.from(await readFile(DECEMBER))
    damaged[damaged.length - 8]! ^= 1
    expect(await refusal(await file('damaged.csv.gz', damaged))).toEqual({
      code: 'corrupt_gzip',
      lineNumber: null,
    })
  })

  test.each([
    ['nothing at all', '', null],
    ['a missing column', `${HEADER.replace(',Country', '')}\n`, 1],
    ['a column too many', `${HEADER},Colour\n`, 1],
    ['columns in another order', `${HEADER.split(',').reverse().join(',')}\n`, 1],
    ['another separator', `${HEADER.replaceAll(',', ';')}\n`, 1],
    ['no header', `${GOOD}\n`, 1],
  ])('wrong columns: %s', async (_, content, lineNumber) => {
    const path = await file('columns.csv.gz', gzipSync(content))
    expect(await refusal(path)).toEqual({ code: 'wrong_columns', lineNumber })
  })
})

describe('a single record', () => {
  test.each([
    ['malformed_row', '536365,85123A,LANTERN'],
    ['malformed_row', `${GOOD},again`],
    ['malformed_row', GOOD.replace('LANTERN', '"LANTERN"S')],
    ['malformed_row', GOOD.replace('LANTERN', '"LANTERN')],
    ['malformed_row', GOOD.replace('LANTERN', 'X'.repeat(20_000))],
    ['missing_value', GOOD.replace('536365', '')],
    ['missing_value', GOOD.replace('85123A', '')],
    ['missing_value', GOOD.replace('United Kingdom', '')],
    ['malformed_number', GOOD.replace(',6,', ',six,')],
    ['malformed_number', GOOD.replace(',6,', ',6.5,')],
    ['malformed_number', GOOD.replace(',6,', ',,')],
    ['malformed_number', GOOD.replace(',6,', ',9007199254740993,')],
    ['malformed_number', GOOD.replace('2.55', '2.555')],
    ['malformed_number', GOOD.replace('2.55', '"2,55"')],
    ['malformed_number', GOOD.replace('2.55', '1e3')],
    ['malformed_number', GOOD.replace('2.55', 'NaN')],
    ['malformed_date', GOOD.replace('01/12/2010 08:26', '2010-12-01 08:26')],
    ['malformed_date', GOOD.replace('01/12/2010', '31/11/2010')],
    ['malformed_date', GOOD.replace('08:26', '24:00')],
  ])('%s: %s', async (code, record) => {
    expect(await refusal(await records(GOOD, record))).toEqual({ code, lineNumber: 3 })
  })

  test('its line is that of an editor, also behind line breaks inside quotes and empty lines', async () => {
    for (const newline of ['\n', '\r\n']) {
      const split = GOOD.replace('LANTERN', `"LAN${newline}TERN"`)
      const text = [HEADER, split, '', split, GOOD, 'bad', ''].join(newline)
      const path = await file('breaks.csv.gz', gzipSync(text))
      const seen: number[] = []
      const reading = (async () => {
        for await (const line of readLines(path)) seen.push(line.lineNumber)
      })()
      await expect(reading).rejects.toMatchObject({ code: 'malformed_row', lineNumber: 8 })
      expect(seen).toEqual([2, 5, 7])
    }
  })
})

describe('how the text is written', () => {
  const priced = GOOD.replace('LANTERN', '"GIFT, ""£40"""')

  test.each([
    ['UTF-8', Buffer.from(`${HEADER}\n${priced}\n`, 'utf8')],
    ['UTF-8 with a byte order mark', Buffer.from(`\uFEFF${HEADER}\n${priced}\n`, 'utf8')],
    ['Latin-1', Buffer.from(`${HEADER}\n${priced}\n`, 'latin1')],
    ['CRLF', Buffer.from(`${HEADER}\r\n${priced}\r\n`, 'latin1')],
    ['no line break at the end', Buffer.from(`${HEADER}\n${priced}`, 'latin1')],
    [
      'quotes where none are needed',
      Buffer.from(`"${HEADER.replaceAll(',', '","')}"\n${priced.replace(',6,', ',"6",')}\n`),
    ],
  ])('%s', async (_, bytes) => {
    expect(await readAllLines(await file('text.csv.gz', gzipSync(bytes)))).toEqual([
      {
        lineNumber: 2,
        invoiceNo: '536365',
        stockCode: '85123A',
        description: 'GIFT, "£40"',
        quantity: 6,
        businessTimeMs: Date.UTC(2010, 11, 1, 8, 26),
        unitPriceMinor: 255,
        customerId: '17850',
        country: 'United Kingdom',
      },
    ])
  })

  test('a character cut in two by the end of a chunk does not make UTF-8 look like Latin-1', async () => {
    for (const pad of [0, 1, 2]) {
      const body = Array.from({ length: 9_000 }, () => GOOD.replace('LANTERN', '€€€'))
      const text = `${HEADER}\n${GOOD.replace('LANTERN', 'x'.repeat(pad))}\n${body.join('\n')}\n`
      const lines = await readAllLines(await file('long.csv.gz', gzipSync(text)))
      expect(lines.slice(1).every(line => line.description === '€€€')).toBe(true)
    }
  })

  test('UTF-8 that ends inside a character is Latin-1', async () => {
    const bytes = Buffer.concat([Buffer.from(`${HEADER}\n${GOOD}`), Buffer.from([0xc3])])
    const [line] = await readAllLines(await file('half.csv.gz', gzipSync(bytes)))
    expect(line?.country).toBe('United KingdomÃ')
  })

  test('the real file is Latin-1, and its one pound sign survives', async () => {
    const voucher = (await readAllLines(DECEMBER)).find(line => line.stockCode === 'gift_0001_40')
    expect(voucher?.description).toBe('Dotcomgiftshop Gift Voucher £40.00')
  })
})
