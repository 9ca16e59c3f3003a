// The line of claims, as measures use it: filled while nobody takes from it, asked at a steady pace.

import { readTicket } from '../../modules/coupon/ticket.ts'
import type { Call } from '../../platform/contract/call.ts'
import type { BenchShop } from './bench-shop.ts'
import { type Doors, manyAtOnce, whileItHangs } from './closed-shop.ts'
import { claimPath } from './coupons.ts'
import { LeanClient } from './lean-client.ts'
import { LineLooker, preciseNow, type Stand } from './line-looker.ts'
import { OpenLoop } from './open-loop.ts'

/** Longest wait until a line is decided, ms. */
export const LINE_PATIENCE_MS = 60_000
/** Deadline of a claim, ms: that of a customer's. */
const DEADLINE_MS = 10_000
/** Claims under way at once of those that come at a steady pace. */
const CONNECTIONS = 256
const UNDER_WAY = 2_048

/** Puts a claim of each of `claims` members for these coupons, in turns, into the line. */
export async function joinLine(doors: Doors, couponIds: readonly string[], claims: number): Promise<Stand[]> {
  const stands: Stand[] = []
  await manyAtOnce(claims, async number => {
    const couponId = couponIds[number % couponIds.length]!
    const claimed = await doors.coupon.claimCoupon(memberCall(couponId, number), { couponId })
    if (!claimed.ok) throw new Error(`a claim was refused: ${claimed.refusal.detail}`)
    if (!('ticket' in claimed.value)) throw new Error('a claim was decided at once')
    stands.push(standOf(claimed.value.ticket))
  })
  return stands
}

/** The same while the shop hangs; the looker looks when it goes on. */
export function fillLine(
  shop: BenchShop,
  couponIds: readonly string[],
  claims: number,
  looker: LineLooker,
): Promise<Stand[]> {
  return whileItHangs(shop, async doors => {
    const stands = await joinLine(doors, couponIds, claims)
    looker.start()
    return stands
  })
}

/** Of each partition the last one. */
export function lastStands(stands: readonly Stand[]): Stand[] {
  const last = new Map<number, number>()
  for (const { partition, offset } of stands) last.set(partition, Math.max(offset, last.get(partition) ?? -1))
  return [...last].map(([partition, offset]) => ({ partition, offset }))
}

/** Waits until all are decided. Null, or what is wrong. */
export async function lineDecided(looker: LineLooker, stands: readonly Stand[]): Promise<string | null> {
  for (const { partition, offset } of lastStands(stands))
    if (!(await looker.until(partition, offset, LINE_PATIENCE_MS)))
      return `the line was not decided within ${LINE_PATIENCE_MS / 1000} s`
  return null
}

export interface Waits {
  /** From the moment that a 202 arrived to the moment that the ledger was seen to have decided it, ms. */
  readonly waits: readonly number[]
  readonly problems: readonly string[]
}

/** Claims at a steady pace, each by another of these members, and how long each waited. */
export async function steadyClaims(
  shop: BenchShop,
  couponId: string,
  members: readonly string[],
  perSecond: number,
): Promise<Waits> {
  const client = new LeanClient(shop.url, CONNECTIONS)
  const accepted: (Stand & { readonly at: number })[] = []
  const loop = new OpenLoop({
    perSecond,
    most: UNDER_WAY,
    async work(number) {
      const authorization = members[number]!
      const key = `Idempotency-Key: ${couponId}-${number}`
      const { status, body } = await client.post(
        claimPath(couponId),
        `Authorization: ${authorization}\r\n${key}`,
      )
      const at = preciseNow()
      if (status !== 202) throw new Error(`a claim was answered with ${status}: ${body}`)
      accepted.push({ ...standOf((JSON.parse(body) as { ticket: string }).ticket), at })
    },
  })
  const looker = new LineLooker(shop.ledger)
  looker.start()
  loop.start(members.length)
  while (loop.begun < members.length) await new Promise(resolve => setTimeout(resolve, 10))
  await loop.stop()
  const late = await lineDecided(looker, accepted)
  await looker.stop()
  client.close()
  const waits = accepted.map(({ partition, offset, at }) => {
    const decided = looker.decidedAt(partition, offset) ?? Number.POSITIVE_INFINITY
    // Decided before its answer arrived: nobody waited for it.
    return Math.max(0, decided - at)
  })
  return { waits, problems: [...loop.problems, ...(late === null ? [] : [late])] }
}

function standOf(ticket: string): Stand {
  const read = readTicket(ticket)
  if (read === null) throw new Error(`${ticket} is no ticket`)
  return read
}

/** A claim by the member of this number. */
export function memberCall(couponId: string, number: number): Call {
  const id = `m_00000000-0000-7000-8000-${String(number).padStart(12, '0')}`
  const key = `${couponId.slice(-12)}-${number}`
  return {
    principal: { kind: 'member', id, roles: ['customer'], channelId: null, email: null },
    requestId: key,
    deadline: Date.now() + DEADLINE_MS,
    idempotency: { id: key, fingerprint: 'bench' },
  }
}
