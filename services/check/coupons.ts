import type { Call, History } from './history.ts'
import { callsOf, count, type Finding, isOk, type Rule, rows, text } from './rule.ts'

export const coupons: Rule = {
  name: 'coupons',
  proves:
    'an acknowledged claim is in the ledger, an accepted one came to an end, never over the quota, never two a member, none stranded',
  check(history): Finding {
    const claims = rows(history, 'coupon_claims')
    const there = new Set(claims.map(row => `${text(row, 'coupon_id')} ${text(row, 'member_id')}`))
    const asked = callsOf(history, 'claimCoupon')
    const violations = [
      ...overQuota(history),
      ...twice(claims.map(row => `${text(row, 'coupon_id')} ${text(row, 'member_id')}`)),
      ...lost(history, there),
      ...withoutEnd(history),
      ...stranded(history, there),
    ]
    const wanted = new Set(asked.map(pairOf))
    for (const pair of there) if (!wanted.has(pair)) violations.push(`${pair}: a claim that nobody made`)
    return { checked: wanted.size, violations }
  },
}

/** `coupon member`. */
const pairOf = ({ input, client }: Call): string => `${input.couponId} ${client}`
const ISSUED = new Set<unknown>(['issued', 'redeemed'])

function overQuota(history: History): string[] {
  const claims = Map.groupBy(rows(history, 'coupon_claims'), row => text(row, 'coupon_id'))
  return rows(history, 'coupons').flatMap(coupon => {
    const [id, quota, issued] = [text(coupon, 'coupon_id'), count(coupon, 'quota'), count(coupon, 'issued')]
    const held = claims.get(id)?.length ?? 0
    return [
      ...(held > quota ? [`${id}: ${held} claims, the quota is ${quota}`] : []),
      ...(held !== issued ? [`${id}: issued ${issued}, claims ${held}`] : []),
    ]
  })
}

function twice(pairs: readonly string[]): string[] {
  const seen = new Set<string>()
  return pairs.filter(pair => seen.size === seen.add(pair).size).map(pair => `${pair}: held twice`)
}

/** Told that it is issued, at once or after a wait in the line, and not there. */
function lost(history: History, there: ReadonlySet<string>): string[] {
  const told = callsOf(history, 'claimCoupon', 'claimProgress').filter(
    call => isOk(call) && ISSUED.has(call.outcome?.value?.state),
  )
  const missing = new Set(told.map(pairOf).filter(pair => !there.has(pair)))
  return [...missing].map(pair => `${pair}: acknowledged, and not in the ledger`)
}

function withoutEnd(history: History): string[] {
  const ended = new Set(
    callsOf(history, 'claimProgress')
      .filter(call => isOk(call) && call.outcome?.value?.state !== 'accepted')
      .map(call => call.input.ticket),
  )
  return callsOf(history, 'claimCoupon')
    .filter(call => isOk(call) && call.outcome?.value?.state === 'accepted')
    .filter(call => !ended.has(call.outcome?.value?.ticket))
    .map(call => `${pairOf(call)}: accepted as ${call.outcome?.value?.ticket}, and never issued or refused`)
}

/** The last word a member heard was "sold out", and a unit is left over. */
function stranded(history: History, there: ReadonlySet<string>): string[] {
  const left = new Map(
    rows(history, 'coupons').map(row => [text(row, 'coupon_id'), count(row, 'quota') - count(row, 'issued')]),
  )
  const last = new Map<string, Call>()
  for (const call of callsOf(history, 'claimCoupon', 'claimProgress'))
    if (call.outcome !== null && call.outcome.result !== 'unknown') last.set(pairOf(call), call)
  return [...last].flatMap(([pair, call]) => {
    const units = left.get(String(call.input.couponId)) ?? 0
    const soldOut = codeOf(call) === 'coupon_sold_out'
    return soldOut && units > 0 && !there.has(pair) ? [`${pair}: told sold out, ${units} are left`] : []
  })
}

/** Refused at once, or at the end of the line. */
function codeOf({ outcome }: Call): unknown {
  if (outcome?.result === 'refused') return outcome.code
  return outcome?.value?.state === 'refused' ? outcome.value.code : undefined
}
