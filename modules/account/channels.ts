// POST and GET /v1/channels.

import type { Call } from '../../platform/contract/call.ts'
import { decodeCursor, encodeCursor } from '../../platform/contract/cursor.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import { newId } from '../../platform/ids.ts'
import { once } from '../../platform/sql/once.ts'
import { channelPage, insertChannel } from './channel-store.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext } from './deps.ts'
import type { AccountTables, ChannelKeyRow, ChannelRow } from './tables.ts'

type ChannelView = Output<typeof accountContract.createChannel>

const PAGE = 20

export function createChannel(
  { ledger, clock }: AccountContext,
  call: Call,
  { name }: Input<typeof accountContract.createChannel>,
): Promise<Result<ChannelView>> {
  const now = clock()
  const channel = { channel_id: `c_${newId()}`, name, void_until: 0, created_at: now }
  return once<AccountTables, ChannelView>(ledger, call, 'account.createChannel', now, async tx => {
    await insertChannel(tx, channel)
    return {
      result: { ok: true, value: channelView(channel, []) },
      audit: { subject: channel.channel_id, detail: { name } },
    }
  })
}

export async function listChannels(
  { ledger }: AccountContext,
  input: Input<typeof accountContract.listChannels>,
): Promise<Result<Output<typeof accountContract.listChannels>>> {
  const limit = input.limit ?? PAGE
  const cursor = input.cursor === undefined ? null : decodeCursor(input.cursor, ['string'])
  if (cursor === null && input.cursor !== undefined)
    return refuse('invalid_request', 'This cursor is none of ours.')
  const { channels, keys } = await channelPage(ledger, cursor === null ? null : String(cursor[0]), limit + 1)
  const page = channels.slice(0, limit)
  const last = page.at(-1)
  const nextCursor = channels.length > limit && last !== undefined ? encodeCursor([last.channel_id]) : null
  const views = page.map(channel =>
    channelView(
      channel,
      keys.filter(key => key.channel_id === channel.channel_id),
    ),
  )
  return { ok: true, value: { channels: views, nextCursor } }
}

function channelView(channel: ChannelRow, keys: readonly ChannelKeyRow[]): ChannelView {
  const { channel_id: channelId, name, created_at: createdAt } = channel
  return { channelId, name, createdAt, keys: keys.map(keyView) }
}

export function keyView(key: ChannelKeyRow): ChannelView['keys'][number] {
  return {
    keyId: key.key_id,
    createdAt: key.created_at,
    expiresAt: key.expires_at,
    revokedAt: key.revoked_at,
  }
}
