// `levee channel create NAME`: a sales channel and its key, from a running shop.

import type { Command } from 'commander'
import { askSecret } from './ask-secret.ts'
import { CommandFailure, EXIT_CODE_HELP, PROBLEM, UNREACHABLE, USAGE } from './exit-codes.ts'
import { withUrlOption } from './url-option.ts'

interface Options {
  url: string
  email: string
  json?: true
}

export function register(program: Command): void {
  const channel = program
    .command('channel')
    .description('Sales channels: tills and connectors to marketplaces.')
  channel.addHelpText('after', `\nExample:\n  $ levee channel create till-1\n${EXIT_CODE_HELP}`)
  withUrlOption(channel.command('create'))
    .description(
      'Creates a channel and prints its key, once. The administrator’s password is asked for, or comes from LEVEE_ADMIN_PASSWORD.',
    )
    .argument('<name>', 'name of the channel')
    .option('--email <email>', 'e-mail of an administrator', 'admin@levee.localhost')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExample:\n  $ export LEVEE_CHANNEL_KEY=$(LEVEE_ADMIN_PASSWORD=… levee channel create till-1)',
    )
    .action(create)
}

async function create(name: string, { url, email, json }: Options): Promise<void> {
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
    const { channelId } = must(await account.createChannel({ name }, { authorization }))
    const { key } = must(await account.issueChannelKey({ channelId }, { authorization }))
    await account.signOut({}, { authorization })
    console.log(json ? JSON.stringify({ channelId, name, key }) : key)
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    throw new CommandFailure(UNREACHABLE, `the shop did not answer: ${error.message}`, { cause: error })
  }
}

function must<T>(
  result: { ok: true; value: T } | { ok: false; refusal: { code: string; detail: string } },
): T {
  if (!result.ok) throw new CommandFailure(PROBLEM, `${result.refusal.code}: ${result.refusal.detail}`)
  return result.value
}
