// The point module: earned on payment, spent on orders, given back and taken back, each once per cause.

import { asStep, type Call } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import { newId } from '../../platform/ids.ts'
import type { Module } from '../../platform/module.ts'
import { Combiner } from '../../platform/sql/combiner.ts'
import { combinerLimits } from '../../platform/sql/combiner-limits.ts'
import type { pointContract } from './contract.ts'
import type { PointContext, PointDeps } from './deps.ts'
import { earnConsumer } from './earn-on-payment.ts'
import { type PointAnswer, type PointRequest, pointFamily } from './point-book.ts'
import { getBalance, statement } from './statement.ts'

export { pointsEarned } from './earn-on-payment.ts'
export { pointSchema } from './tables.ts'

export function createPoint(deps: PointDeps): Module<typeof pointContract> {
  const limits = combinerLimits(deps.settings.lockWait)
  const context: PointContext = {
    ...deps,
    combiner: new Combiner(deps.ledger, pointFamily, limits, deps.observe, deps.clock),
  }

  async function balanceAfter(
    call: Call,
    request: PointRequest,
  ): Promise<Result<{ memberId: string; balance: number }>> {
    const booked = await context.combiner.submit(call, request)
    return booked.ok ? { ok: true, value: balanceOf(booked.value) } : booked
  }

  return {
    door: {
      getBalance: (call, input) => getBalance(context, call, input),
      statement: (call, input) => statement(context, call, input),
      adjustPoints: (call, { memberId, points, reason }) => {
        const cause = `adjust:${call.idempotency?.id ?? newId()}`
        return balanceAfter(call, { kind: 'adjust', memberId, cause, points, reason })
      },
      earn: (call, input) => balanceAfter(asStep(call), { kind: 'earn', ...input }),
      spend: (call, input) => balanceAfter(asStep(call), { kind: 'spend', ...input }),
      returnSpent: (call, input) => balanceAfter(asStep(call), { kind: 'return', ...input }),
      async clawBack(call, input) {
        const booked = await context.combiner.submit(asStep(call), { kind: 'claw', ...input })
        if (!booked.ok) return booked
        return { ok: true, value: { clawed: -booked.value.points, short: booked.value.short } }
      },
    },
    consumers: [earnConsumer(context)],
    sweeps: [],
    drain: () => context.combiner.drained(),
  }
}

function balanceOf({ member_id: memberId, balance }: PointAnswer) {
  return { memberId, balance }
}
