// `levee channel create NAME`: a sales channel and its key, from a running shop.

import type { Command } from 'commander'
import { asAdministrator, must, type StaffOptions, withStaffOptions } from './as-administrator.ts'
import { EXIT_CODE_HELP } from './exit-codes.ts'

export function register(program: Command): void {
  const channel = program
    .command('channel')
    .description('Sales channels: tills and connectors to marketplaces.')
  channel.addHelpText('after', `\nExample:\n  $ levee channel create till-1\n${EXIT_CODE_HELP}`)
  withStaffOptions(channel.command('create'))
    .description(
      'Creates a channel and prints its key, once. The administrator’s password is asked for, or comes from LEVEE_ADMIN_PASSWORD.',
    )
    .argument('<name>', 'name of the channel')
    .addHelpText(
      'after',
      '\nExample:\n  $ export LEVEE_CHANNEL_KEY=$(LEVEE_ADMIN_PASSWORD=… levee channel create till-1)',
    )
    .action(create)
}

async function create(name: string, options: StaffOptions): Promise<void> {
  const { accountContract } = await import('../../modules/account/contract.ts')
  const made = await asAdministrator(options, accountContract, async account => {
    const { channelId } = must(await account.createChannel({ name }))
    const { key } = must(await account.issueChannelKey({ channelId }))
    return { channelId, key }
  })
  console.log(options.json ? JSON.stringify({ channelId: made.channelId, name, key: made.key }) : made.key)
}
