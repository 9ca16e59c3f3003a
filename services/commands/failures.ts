// What commands have in common in failing: whose fault it is, in words and as an exit code.

import { CommandFailure, UNREACHABLE, USAGE } from './exit-codes.ts'

const AWAY: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT'],
  ...['ER_ACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR', 'ER_BAD_DB_ERROR'],
])

/** For `catch`: a ledger that cannot be reached ends the command with 3; anything else is thrown on. */
export function ledgerAway(error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException
  if (code !== undefined && AWAY.has(code))
    throw new CommandFailure(UNREACHABLE, `the ledger cannot be opened: ${message}`, { cause: error })
  throw error
}

/** For `catch`: a retail file that cannot be used ends the command with 2; anything else is thrown on. */
export function badRetailFile(error: unknown): never {
  if (!(error instanceof Error) || error.name !== 'RetailFileError') throw error
  throw new CommandFailure(USAGE, error.message, { cause: error })
}
