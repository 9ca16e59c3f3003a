// What became of an accepted claim, for the member that it was accepted from.

import { ReadCache } from '../../platform/cache/read-cache.ts'
import type { Call } from '../../platform/contract/call.ts'
import type { Input } from '../../platform/contract/operation.ts'
import { type Refused, type Result, refuse } from '../../platform/contract/result.ts'
import type { Clock } from '../../platform/module.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { letters, UNDECIDED } from './block.ts'
import { blockRows } from './block-store.ts'
import type { ClaimProgress, ClaimView, couponContract } from './contract.ts'
import { alreadyClaimed, claimIdOf, claimView } from './coupon.ts'
import type { LinePositions } from './line-positions.ts'
import { claimRows } from './store.ts'
import type { BlockRow } from './tables.ts'
import { isSealed, readTicket } from './ticket.ts'

/** The oldest that is told, ms: many ask again and again, and are one read of fifty a second. */
const STALENESS_MS = 40
/** Blocks kept in memory, some 1,200 bytes each: those of a rush of two million. */
const BLOCKS_MOST = 2_000
/** Claims kept in memory, some 300 bytes each: asked for once more after they are issued. */
const CLAIMS_MOST = 10_000

const times = { freshFor: STALENESS_MS / 2, staleness: STALENESS_MS, negativeFor: STALENESS_MS }

export type ShowProgress = (
  call: Call,
  input: Input<typeof couponContract.claimProgress>,
) => Promise<Result<ClaimProgress>>

export function claimProgress(ledger: Ledger, clock: Clock, positions: LinePositions): ShowProgress {
  const blocks = new ReadCache<BlockRow>({
    load: async ids => new Map((await blockRows(ledger, ids)).map(row => [row.block_id, row])),
    ...times,
    most: BLOCKS_MOST,
  })
  const claims = new ReadCache<ClaimView>({
    load: async ids => new Map((await claimRows(ledger, ids)).map(row => [row.claim_id, claimView(row)])),
    ...times,
    most: CLAIMS_MOST,
  })

  return async ({ principal }, { couponId, ticket: text }) => {
    const ticket = readTicket(text)
    const row = ticket === null ? undefined : await blocks.get(ticket.blockId, clock())
    if (ticket === null || row === undefined || row.coupon_id !== couponId) return unknown()
    // The same for who is not its member as for who made it up.
    if (!isSealed(ticket, row.secret, principal.id)) return unknown()
    const claimId = claimIdOf(couponId, principal.id)
    const about = { claimId, couponId, ticket: text, place: null, claim: null, refusal: null }
    const letter = row.outcomes[ticket.index]
    if (letter === UNDECIDED) {
      const place = await positions.placeOf(ticket.partition, ticket.offset)
      return { ok: true, value: { ...about, state: 'accepted', place } }
    }
    if (letter === letters.issued || letter === letters.repeat) {
      // Committed with its letter, so a memory that does not have it is older than that.
      const claim = (await claims.get(claimId, clock())) ?? (await fresh(ledger, claimId))
      if (claim !== undefined) return { ok: true, value: { ...about, state: 'issued', claim } }
    }
    const { code, detail } = refusalOf(letter, couponId).refusal
    return { ok: true, value: { ...about, state: 'refused', refusal: { code, detail } } }
  }
}

const unknown = (): Refused => refuse('not_found', 'There is no such ticket of yours.')

async function fresh(ledger: Ledger, claimId: string): Promise<ClaimView | undefined> {
  const [row] = await claimRows(ledger, [claimId])
  return row === undefined ? undefined : claimView(row)
}

function refusalOf(letter: string | undefined, couponId: string): Refused {
  if (letter === letters.already) return alreadyClaimed()
  if (letter === letters.soldOut) return refuse('coupon_sold_out', 'All were issued to those before.')
  if (letter === letters.notOpen) return refuse('coupon_not_open', `Coupon ${couponId} was not open then.`)
  if (letter === letters.unknown) return refuse('coupon_unknown', `There is no coupon ${couponId}.`)
  if (letter === letters.reused)
    return refuse('idempotency_key_reused', 'This key was used before with other content.')
  // Void: the group has gone past it and found no record. Only a Kafka that lost one makes that of a ticket.
  return refuse('outcome_unknown', 'It was lost on its way. Claim it again with the same key.')
}
