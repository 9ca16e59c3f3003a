// POST /v1/orders. A plain order is one commit shared with others; with coupon or points it is a saga.

import type { Call } from '../../platform/contract/call.ts'
import type { Input } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import { shortHash } from '../../platform/events/event.ts'
import { newId } from '../../platform/ids.ts'
import type { orderContract } from './contract.ts'
import type { Placed } from './decide-place.ts'
import { type OrderContext, submit } from './deps.ts'
import type { Place, PlaceLine } from './requests.ts'
import { runPlaceSaga } from './saga-place.ts'

type PlaceInput = Input<typeof orderContract.placeOrder>

export async function placeOrder(
  context: OrderContext,
  call: Call,
  input: PlaceInput,
): Promise<Result<Placed>> {
  const { principal } = call
  if (principal.channelId === null && (input.businessTime !== undefined || input.lines.some(statesPrice))) {
    return refuse('forbidden', 'Only a sales channel may state prices and business times.')
  }
  const memberId = principal.kind === 'member' ? principal.id : null
  const points = input.points ?? 0
  const saga =
    input.couponId !== undefined || points > 0 ? { couponId: input.couponId ?? null, points } : null
  if (saga !== null && memberId === null)
    return refuse('members_only', 'Coupons and points belong to members.')
  const request: Place = {
    kind: 'place',
    // A saga's order id follows from its key, so that a repeat finds what the first attempt began.
    orderId: input.orderId ?? (saga !== null && call.idempotency ? `o-${call.idempotency.id}` : newId()),
    idChosen: input.orderId !== undefined || saga !== null,
    owner: principal.id,
    memberId,
    channelId: principal.channelId,
    email: input.email ?? principal.email,
    country: input.country ?? null,
    lines: input.lines as readonly PlaceLine[],
    expectedTotal: input.expectedTotal,
    saga,
    businessTime: input.businessTime ?? null,
  }
  if (saga === null) return submit<Placed>(context, call, request)
  const reserved = await submit<Placed>(context, reservation(call), request)
  return reserved.ok ? runPlaceSaga(context, call, request) : reserved
}

/** The reservation is once under a key of its own; the request's key gets its answer when all is confirmed. */
function reservation(call: Call): Call {
  if (call.idempotency === null) return call
  const { id, fingerprint } = call.idempotency
  return { ...call, idempotency: { id: shortHash(`${id}:reserve`), fingerprint } }
}

const statesPrice = (line: PlaceLine): boolean => line.unitPrice !== undefined
