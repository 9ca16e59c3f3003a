// The books of the sandbox provider: every payment once under the shop's own id, whatever is asked how often.

export type Operation = 'authorise' | 'capture' | 'void' | 'refund' | 'lookUp'
export type State = 'authorised' | 'captured' | 'declined' | 'voided'

/** Money in minor units. */
export interface Account {
  readonly paymentId: string
  readonly token: string
  state: State
  cause?: string
  /** Held on the card. */
  charged: number
  captured: number
  voided: number
  /** By refund id. */
  readonly refunds: Record<string, number>
  /** Requests that came in under this id. */
  readonly requests: Record<Operation, number>
}

export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  /** What webhooks tell: only what changed just now. */
  readonly event?: 'payment.authorised' | 'payment.captured' | 'payment.voided' | 'payment.declined'
}

/** Payments kept, the oldest make room: hours of trying, some 50 MB. */
const PAYMENTS_MOST = 100_000
/** Refunds of one payment: more than an order has units to give back in any trial. */
const REFUNDS_MOST = 1_000

export class Books {
  private readonly accounts = new Map<string, Account>()

  of(paymentId: string): Account | undefined {
    return this.accounts.get(paymentId)
  }

  all(): Account[] {
    return [...this.accounts.values()]
  }

  clear(): void {
    this.accounts.clear()
  }

  authorise(paymentId: string, amount: number, token: string): Answer {
    const known = this.accounts.get(paymentId)
    if (known !== undefined) return stateOf(known)
    const account = this.add(paymentId, token)
    if (token.startsWith('tok_declined')) {
      account.state = 'declined'
      account.cause = 'the card was declined'
      return { ...stateOf(account), event: 'payment.declined' }
    }
    account.charged = amount
    return { ...stateOf(account), event: 'payment.authorised' }
  }

  capture(paymentId: string): Answer {
    const account = this.accounts.get(paymentId)
    if (account === undefined) return NONE
    if (account.state !== 'authorised') return stateOf(account)
    account.state = 'captured'
    account.captured = account.charged
    return { ...stateOf(account), event: 'payment.captured' }
  }

  /** Also of a payment never heard of: its authorisation, should it still come, finds this. */
  void(paymentId: string): Answer {
    const account = this.accounts.get(paymentId) ?? this.add(paymentId, '')
    if (account.state === 'declined' || account.state === 'voided') return stateOf(account)
    account.state = 'voided'
    account.voided = account.charged - refundedOf(account)
    return { ...stateOf(account), event: 'payment.voided' }
  }

  refund(paymentId: string, refundId: string, amount: number): Answer {
    const account = this.accounts.get(paymentId)
    if (account === undefined) return NONE
    const known = account.refunds[refundId]
    if (known !== undefined) return { status: known === amount ? 200 : 409, body: { refunded: known } }
    const left = account.state === 'captured' ? account.captured - refundedOf(account) : 0
    if (amount > left || Object.keys(account.refunds).length >= REFUNDS_MOST)
      return { status: 409, body: { left } }
    account.refunds[refundId] = amount
    return { status: 200, body: { refunded: amount } }
  }

  lookUp(paymentId: string): Answer {
    const account = this.accounts.get(paymentId)
    return account === undefined ? NONE : stateOf(account)
  }

  count(paymentId: string, operation: Operation): void {
    const account = this.accounts.get(paymentId)
    if (account !== undefined) account.requests[operation]++
  }

  private add(paymentId: string, token: string): Account {
    if (this.accounts.size >= PAYMENTS_MOST) {
      const oldest = this.accounts.keys().next()
      if (!oldest.done) this.accounts.delete(oldest.value)
    }
    const account: Account = {
      paymentId,
      token,
      state: 'authorised',
      charged: 0,
      captured: 0,
      voided: 0,
      refunds: Object.create(null) as Record<string, number>,
      requests: { authorise: 0, capture: 0, void: 0, refund: 0, lookUp: 0 },
    }
    this.accounts.set(paymentId, account)
    return account
  }
}

const NONE: Answer = { status: 200, body: { state: 'none' } }

function stateOf({ state, cause }: Account): Answer {
  return { status: 200, body: cause === undefined ? { state } : { state, cause } }
}

export function refundedOf(account: Account): number {
  return Object.values(account.refunds).reduce((sum, amount) => sum + amount, 0)
}
