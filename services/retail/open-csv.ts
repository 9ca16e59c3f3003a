import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { RetailFileError } from './retail-file-error.ts'

/** How the bytes of a file become text. Latin-1 is exactly ISO 8859-1: every byte is one character. */
export type CsvEncoding = 'utf8' | 'latin1'

/** Whether the file is compressed, told by its first two bytes, not by its name. */
async function isGzip(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
  } finally {
    await file.close()
  }
}

/**
 * Opens a file for reading as plain CSV bytes; a plain file is accepted only if its name ends in `.csv`.
 * @throws RetailFileError `unreadable`, `not_gzip`. What the stream itself throws goes through `asFileError`.
 */
export async function openCsvBytes(path: string): Promise<Readable> {
  const compressed = await isGzip(path).catch((cause: unknown) => {
    throw asFileError(cause)
  })
  if (!compressed) {
    if (!path.toLowerCase().endsWith('.csv')) {
      throw new RetailFileError('not_gzip', `${path} does not begin as a gzip file does`)
    }
    return createReadStream(path)
  }
  const plain = createGunzip()
  // The error reaches the reader through `plain`, which the pipeline destroys with it.
  pipeline(createReadStream(path), plain, () => {})
  return plain
}

/**
 * Reads the whole file once to learn its encoding: UTF-8 if every byte fits, else Latin-1.
 * It is also why a truncated or damaged file is refused before its first line is used:
 * the length and checksum of gzip stand at its end.
 * @throws RetailFileError `unreadable`, `not_gzip`, `truncated_gzip`, `corrupt_gzip`
 */
export async function detectEncoding(path: string): Promise<CsvEncoding> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let encoding: CsvEncoding = 'utf8'
  const fits = (decode: () => void) => {
    try {
      decode()
    } catch {
      encoding = 'latin1'
    }
  }
  try {
    for await (const chunk of (await openCsvBytes(path)) as AsyncIterable<Uint8Array>) {
      if (encoding === 'utf8') fits(() => decoder.decode(chunk, { stream: true }))
    }
  } catch (cause) {
    throw asFileError(cause)
  }
  if (encoding === 'utf8') fits(() => decoder.decode())
  return encoding
}

/** Turns what node says about a file or its compression into an error with advice; other errors pass through. */
export function asFileError(cause: unknown): unknown {
  if (cause instanceof RetailFileError || !(cause instanceof Error) || !('code' in cause)) return cause
  const code = String(cause.code)
  if (code === 'Z_BUF_ERROR') return new RetailFileError('truncated_gzip', cause.message)
  if (code.startsWith('Z_')) return new RetailFileError('corrupt_gzip', cause.message)
  return 'syscall' in cause ? new RetailFileError('unreadable', cause.message) : cause
}
