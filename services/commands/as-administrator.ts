// What a command does in a running shop as an administrator: signed in for it, and out again.

import type { Command } from 'commander'
import type { Contract } from '../../platform/contract/operation.ts'
import type { Result } from '../../platform/contract/result.ts'
import type { Client } from '../../platform/http/client.ts'
import { askSecret } from './ask-secret.ts'
import { CommandFailure, PROBLEM, UNREACHABLE, USAGE } from './exit-codes.ts'
import { withUrlOption } from './url-option.ts'

export interface StaffOptions {
  url: string
  email: string
  json?: true
}

export function withStaffOptions(command: Command): Command {
  return withUrlOption(command)
    .option('--email <email>', 'e-mail of an administrator', 'admin@levee.localhost')
    .option('--json', 'print one JSON object')
}

/**
 * Signs in, works, signs out. The password is asked for, or comes from LEVEE_ADMIN_PASSWORD.
 * @throws CommandFailure with what the shop refused, or where it does not answer
 */
export async function asAdministrator<C extends Contract, T>(
  { url, email }: Pick<StaffOptions, 'url' | 'email'>,
  contract: C,
  work: (client: Client<C>) => Promise<T>,
): Promise<T> {
  const password = process.env.LEVEE_ADMIN_PASSWORD || (await askSecret(`Password of ${email}: `))
  if (!password)
    throw new CommandFailure(USAGE, 'set LEVEE_ADMIN_PASSWORD to the password printed at the first start')
  const { accountContract } = await import('../../modules/account/contract.ts')
  const { createClient } = await import('../../platform/http/client.ts')
  const { HttpError } = await import('../../platform/http/http-error.ts')
  const account = createClient(accountContract, { baseUrl: url })
  try {
    const session = must(await account.signIn({ email, password }))
    const authorization = `Bearer ${session.token}`
    try {
      return await work(createClient(contract, { baseUrl: url, authorization }))
    } finally {
      await account.signOut({}, { authorization })
    }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    throw new CommandFailure(UNREACHABLE, `the shop did not answer: ${error.message}`, { cause: error })
  }
}

/** @throws CommandFailure with what was refused */
export function must<T>(result: Result<T>): T {
  if (!result.ok) throw new CommandFailure(PROBLEM, `${result.refusal.code}: ${result.refusal.detail}`)
  return result.value
}
