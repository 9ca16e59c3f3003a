// What the payment module is given.

import type { Call } from '../../platform/contract/call.ts'
import type { Door } from '../../platform/contract/operation.ts'
import type { Result } from '../../platform/contract/result.ts'
import type { Ladders } from '../../platform/ladders/ladders.ts'
import type { Log } from '../../platform/log/log.ts'
import type { Clock } from '../../platform/module.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import type { BatchObserver, Combiner } from '../../platform/sql/combiner.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { orderContract } from '../order/contract.ts'
import type { LockGate, Turn } from './lock.ts'
import type { PaymentAnswer } from './payment-book.ts'
import type { PaymentProvider } from './provider.ts'
import type { PaymentRequest } from './requests.ts'

export interface PaymentSettings {
  /** ms */
  readonly lockWait: number
  /** Shared with the provider, which signs its webhooks with it. */
  readonly webhookKey: string
}

export interface PaymentDeps {
  readonly ledger: Ledger
  /** Null: not configured. */
  readonly redis: Redis | null
  readonly prefixes: { readonly redisPrefix: string }
  readonly ladders: Pick<Ladders, 'of'>
  readonly clock: Clock
  readonly log: Log
  readonly settings: PaymentSettings
  readonly provider: PaymentProvider
  readonly order: Pick<
    Door<typeof orderContract>,
    'claimForPayment' | 'releasePayment' | 'markPaid' | 'getOrder'
  >
  readonly observe?: BatchObserver
}

export interface PaymentContext extends PaymentDeps {
  readonly combiner: Combiner<PaymentRequest, PaymentAnswer>
  /** Where the next turn is waited for. */
  gate(): LockGate
  /** Those under way in this process. */
  readonly turns: Set<Turn>
}

export function submit<Res extends PaymentAnswer>(
  context: PaymentContext,
  call: Call,
  request: PaymentRequest,
): Promise<Result<Res>> {
  return context.combiner.submit(call, request) as Promise<Result<Res>>
}
